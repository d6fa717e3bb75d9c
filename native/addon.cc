// The export table. What each function takes and gives is told in src/addon.ts.
#include <napi.h>
#include <zstd.h>

#include "digest.h"
#include "digest_files.h"
#include "directory.h"
#include "function.h"
#include "layer_encoder_jobs.h"
#include "mount.h"
#include "records.h"
#include "sandbox.h"
#include "store.h"
#include "verity_jobs.h"
#include "write.h"
#include "zstd_decoder.h"

// As scripts/libcomposefs.mjs found it. A version is one token to the preprocessor.
#define TEXT_OF(token) #token
#define TEXT(token) TEXT_OF(token)

namespace composefs {
namespace {

Napi::Object Versions(Napi::Env env) {
  Napi::Object versions = Napi::Object::New(env);
  versions.Set("libcomposefs", TEXT(LIBCOMPOSEFS_VERSION));
  versions.Set("link", TEXT(LIBCOMPOSEFS_LINK));
  versions.Set("libzstd", ZSTD_versionString());
  return versions;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("recordsVersion", kRecordsVersion);
  exports.Set("versions", Versions(env));
  exports.Set("openWriter", MakeFunction(env, OpenWriter, "openWriter"));
  exports.Set("computeDigest", MakeFunction(env, ComputeDigest, "computeDigest"));
  exports.Set("mount", MakeFunction(env, Mount, "mount"));
  exports.Set("unmount", MakeFunction(env, Unmount, "unmount"));
  exports.Set("digestFiles", MakeFunction(env, DigestFiles, "digestFiles"));
  exports.Set("scanDirectories", MakeFunction(env, ScanDirectories, "scanDirectories"));
  exports.Set("openZstdDecoder", MakeFunction(env, OpenZstdDecoder, "openZstdDecoder"));
  exports.Set("openZstdEncoder", MakeFunction(env, OpenZstdEncoder, "openZstdEncoder"));
  exports.Set("openLayerEncoder", MakeFunction(env, OpenLayerEncoder, "openLayerEncoder"));
  exports.Set("measureVerity", MakeFunction(env, MeasureVerityJob, "measureVerity"));
  exports.Set("enableVerity", MakeFunction(env, EnableVerityJob, "enableVerity"));
  exports.Set("openStore", MakeFunction(env, OpenStore, "openStore"));
  exports.Set("lockDown", MakeFunction(env, LockDownProcess, "lockDown"));
  ExportMemoryFiles(env, exports);
  return exports;
}

}  // namespace
}  // namespace composefs

static Napi::Object InitAddon(Napi::Env env, Napi::Object exports) {
  return composefs::Init(env, exports);
}

NODE_API_MODULE(composefs, InitAddon)
