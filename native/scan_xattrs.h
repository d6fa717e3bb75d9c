// The attributes of one inode, for the scan of a directory.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "scan.h"

namespace composefs {

class ScanXattrs {
 public:
  /// The directory stays its owner's, and open.
  ScanXattrs(int directory, const ScanOptions& options);

  void Clear();

  /// Of a name in the directory; "." is the directory itself. Throws ScanFault, ScanChanged; SystemFailure
  /// without /proc.
  void Read(const std::string& file);

  uint32_t Count() const { return count_; }
  /// For each: the lengths of its name and of its value, 32 bits each, then both.
  std::string_view Packed() const { return packed_; }

 private:
  ssize_t List(const std::string& file, size_t room);
  std::span<const char> Value(const std::string& path, const std::string& name);
  std::string PathOf(const std::string& file);
  void Add(const std::string& name, std::span<const char> value);

  int directory_;
  const ScanOptions& options_;
  std::string prefix_;               // names the open directory
  bool has_proc_ = false;            // as far as it was needed
  std::unique_ptr<char[]> scratch_;  // what a call answers
  std::string packed_;
  uint32_t count_ = 0;
};

}  // namespace composefs
