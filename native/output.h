// Where an image's bytes go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "cancel.h"

namespace composefs {

/// An owned file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : value_(other.value_) { other.value_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;

  int Get() const { return value_; }
  bool IsOpen() const { return value_ >= 0; }

 private:
  int value_;
};

class Output {
 public:
  virtual ~Output() = default;
  /// Takes all of the bytes, in order. Throws SystemFailure.
  virtual void Write(std::span<const uint8_t> bytes) = 0;
  /// Makes what was written visible, and lasting if that was asked for; without it a file at a path stays as
  /// it was.
  virtual void Commit() {}
};

/// Takes the bytes and forgets them: for a digest alone.
class NoOutput final : public Output {
 public:
  void Write(std::span<const uint8_t>) override {}
};

/// A block of memory that grows.
class MemoryOutput final : public Output {
 public:
  struct Free {
    void operator()(uint8_t* data) const;
  };
  using Data = std::unique_ptr<uint8_t, Free>;

  void Write(std::span<const uint8_t> bytes) override;
  Data Release() { return std::move(data_); }
  size_t Size() const { return size_; }

 private:
  Data data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

/// An open file, pipe or socket, written from where it stands. A reader that does not read holds it up until
/// the flag is set.
class DescriptorOutput final : public Output {
 public:
  DescriptorOutput(Descriptor file, const CancelFlag& cancel, bool syncs = false);
  void Write(std::span<const uint8_t> bytes) override;
  void Commit() override;

 private:
  Descriptor file_;
  const CancelFlag& cancel_;
  bool syncs_;  // what is no pipe: nobody would hear of its errors later
  bool may_block_;
};

/// Whether the new file is on the disk before it has its name.
enum class Flush { kYes, kNo };

/// A file at a path: all of the new one, or the old one untouched. Without a flush that holds as long as the
/// system runs.
std::unique_ptr<Output> OpenPath(const std::string& path, Flush flush, const CancelFlag& cancel);

}  // namespace composefs
