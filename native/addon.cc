// The export table. What each function takes and gives is told in src/native.ts.
#include <napi.h>

#include "digest.h"
#include "digest_files.h"
#include "directory.h"
#include "layer_encoder_jobs.h"
#include "mount.h"
#include "records.h"
#include "store.h"
#include "verity_jobs.h"
#include "write.h"
#include "zstd_decoder.h"

namespace composefs {
namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("recordsVersion", kRecordsVersion);
  exports.Set("openWriter", Napi::Function::New(env, OpenWriter, "openWriter"));
  exports.Set("computeDigest", Napi::Function::New(env, ComputeDigest, "computeDigest"));
  exports.Set("mount", Napi::Function::New(env, Mount, "mount"));
  exports.Set("unmount", Napi::Function::New(env, Unmount, "unmount"));
  exports.Set("digestFiles", Napi::Function::New(env, DigestFiles, "digestFiles"));
  exports.Set("scanDirectories", Napi::Function::New(env, ScanDirectories, "scanDirectories"));
  exports.Set("openZstdDecoder", Napi::Function::New(env, OpenZstdDecoder, "openZstdDecoder"));
  exports.Set("openZstdEncoder", Napi::Function::New(env, OpenZstdEncoder, "openZstdEncoder"));
  exports.Set("openLayerEncoder", Napi::Function::New(env, OpenLayerEncoder, "openLayerEncoder"));
  exports.Set("measureVerity", Napi::Function::New(env, MeasureVerityJob, "measureVerity"));
  exports.Set("enableVerity", Napi::Function::New(env, EnableVerityJob, "enableVerity"));
  exports.Set("openStore", Napi::Function::New(env, OpenStore, "openStore"));
  return exports;
}

}  // namespace
}  // namespace composefs

static Napi::Object InitAddon(Napi::Env env, Napi::Object exports) {
  return composefs::Init(env, exports);
}

NODE_API_MODULE(composefs, InitAddon)
