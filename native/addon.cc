// The export table. What each function takes and gives is told in src/native.ts.
#include <napi.h>
#include <zstd.h>

#include "digest.h"
#include "digest_files.h"
#include "directory.h"
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
  exports.Set("lockDown", Napi::Function::New(env, LockDownProcess, "lockDown"));
  exports.Set("openMemoryFile", Napi::Function::New(env, OpenMemoryFileFor, "openMemoryFile"));
  return exports;
}

}  // namespace
}  // namespace composefs

static Napi::Object InitAddon(Napi::Env env, Napi::Object exports) {
  return composefs::Init(env, exports);
}

NODE_API_MODULE(composefs, InitAddon)
