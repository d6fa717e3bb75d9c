// Many files as they were found, in two arguments of a call.
#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "source_file.h"

namespace composefs {

/// The paths have a NUL behind each; a file for which there is no identity is not there.
inline std::vector<FileName> FilesFrom(const Napi::Uint8Array& paths, const Napi::BigInt64Array& identities) {
  constexpr size_t kIdentityFields = 5;
  const std::string text(reinterpret_cast<const char*>(paths.Data()), paths.ByteLength());
  const size_t count = identities.ElementLength() / kIdentityFields;
  std::vector<FileName> files;
  files.reserve(count);
  for (size_t i = 0, at = 0; i < count && at < text.size(); i++) {
    FileName& file = files.emplace_back();
    file.path = text.c_str() + at;
    at += file.path->size() + 1;
    const int64_t* fields = identities.Data() + i * kIdentityFields;
    file.identity = {fields[0], fields[1], fields[2], fields[3], fields[4]};
  }
  return files;
}

}  // namespace composefs
