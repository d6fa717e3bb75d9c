// A file of an object store that is being written, in the folder of its writer.
#pragma once

#include <string>

#include "source_file.h"

namespace composefs {

/// The folder within a store where one writer has its unfinished files: nobody else knows their names.
struct StagingFolder {
  Descriptor file;
  std::string path;
};

/// Hashes and writes what it is given. Unless it is released, the destructor removes the file.
class StagedFile final : public ContentSink {
 public:
  /// `folder` must outlive this. Throws SystemFailure, as everything below.
  StagedFile(const StagingFolder& folder, std::string name);
  ~StagedFile() override;
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;

  void Write(std::span<const uint8_t> bytes) override;
  void WriteHole(uint64_t size) override;

  /// Writes what was hashed already, as the whole content.
  void WriteUnhashed(std::span<const uint8_t> bytes);

  /// Shares the blocks of a file, if the file system can (FICLONE). What is taken is this file's, whatever
  /// becomes of the other: hash it with HashOwn.
  enum class Cloned { kYes, kNotThis, kNever };
  Cloned Clone(int file);
  void HashOwn(const CancelFlag& cancel);

  struct Attributes {
    mode_t mode;
    uid_t uid;  // -1: as it is
    gid_t gid;
  };
  /// Gives the file its length and attributes, and closes it: nobody writes to it any more.
  void Finish(const Attributes& attributes);

  /// The digest of what was taken; once.
  Digest FinishDigest() { return hasher_.Finish(); }

  uint64_t Size() const { return size_; }
  const std::string& Name() const { return name_; }
  Descriptor OpenForReading() const;
  /// The file belongs to somebody else now, or has another name.
  void Release() { released_ = true; }

 private:
  std::string Path() const { return folder_.path + "/" + name_; }
  void WriteAt(std::span<const uint8_t> bytes);

  const StagingFolder& folder_;
  std::string name_;
  Descriptor file_;
  VerityHasher hasher_;
  uint64_t size_ = 0;
  bool ends_in_hole_ = false;
  bool released_ = false;
};

}  // namespace composefs
