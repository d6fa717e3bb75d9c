// Many files as they were found, in two arguments of a call.
#pragma once

#include <napi.h>

#include <algorithm>
#include <string>
#include <vector>

#include "source_file.h"

namespace composefs {

/// The paths have a NUL behind each. Where there are identities, a file that has none of them is not there.
inline std::vector<FileName> FilesFrom(const Napi::Uint8Array& paths, const Napi::Value& identities) {
  constexpr size_t kIdentityFields = 5;
  const std::string text(reinterpret_cast<const char*>(paths.Data()), paths.ByteLength());
  std::vector<FileName> files;
  for (size_t at = 0; at < text.size(); at += files.back().path->size() + 1)
    files.emplace_back().path = text.c_str() + at;
  if (!identities.IsTypedArray()) return files;
  const auto numbers = identities.As<Napi::BigInt64Array>();
  files.resize(std::min(files.size(), numbers.ElementLength() / kIdentityFields));
  for (size_t i = 0; i < files.size(); i++) {
    const int64_t* fields = numbers.Data() + i * kIdentityFields;
    files[i].identity = {fields[0], fields[1], fields[2], fields[3], fields[4]};
  }
  return files;
}

}  // namespace composefs
