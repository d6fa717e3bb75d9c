// Names for what is to be renamed or removed soon.
#pragma once

#include <cstdio>
#include <random>
#include <string>
#include <string_view>

namespace composefs {

/// `prefix` and 16 hexadecimal digits that nobody foresees. Not of the process's number: in a container each
/// has the same.
inline std::string RandomName(std::string_view prefix) {
  static thread_local std::random_device device;
  char digits[17];
  std::snprintf(digits, sizeof(digits), "%08x%08x", device(), device());
  return std::string(prefix) + digits;
}

}  // namespace composefs
