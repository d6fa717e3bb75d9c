#include "image.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <memory>

namespace composefs {
namespace {

// libcomposefs writes 18 bytes a call on average; the output and the hash get a megabyte at a time.
constexpr size_t kBufferSize = 1 << 20;
constexpr size_t kHeaderVersionOffset = 12;  // of composefs_version in the header's 32 bytes

/// Collects what libcomposefs's callback is given.
class ImageWriter {
 public:
  ImageWriter(Output& output, const CancelFlag& cancel)
      : output_(output), cancel_(cancel), buffer_(std::make_unique_for_overwrite<uint8_t[]>(kBufferSize)) {}

  /// libcomposefs's write callback. No exception may cross the C code that calls it: it waits in failure_.
  static ssize_t Callback(void* self, void* bytes, size_t size) {
    auto* writer = static_cast<ImageWriter*>(self);
    if (size > kBufferSize - writer->filled_)
      return writer->WriteAcross({static_cast<uint8_t*>(bytes), size});
    std::memcpy(writer->buffer_.get() + writer->filled_, bytes, size);
    writer->filled_ += size;
    return static_cast<ssize_t>(size);
  }

  void RethrowFailure() const {
    if (failure_) std::rethrow_exception(failure_);
  }

  WrittenImage Finish() {
    Flush();
    return {hasher_.Finish(), size_, version_};
  }

 private:
  /// What the buffer has no room for.
  ssize_t WriteAcross(std::span<const uint8_t> bytes) {
    try {
      for (auto rest = bytes; !rest.empty();) {
        if (filled_ == kBufferSize) Flush();
        const size_t taken = std::min(rest.size(), kBufferSize - filled_);
        std::memcpy(buffer_.get() + filled_, rest.data(), taken);
        filled_ += taken;
        rest = rest.subspan(taken);
      }
      return static_cast<ssize_t>(bytes.size());
    } catch (...) {
      failure_ = std::current_exception();
      errno = EIO;
      return -1;
    }
  }

  void Flush() {
    cancel_.Checkpoint();
    const std::span<const uint8_t> bytes(buffer_.get(), filled_);
    if (size_ == 0 && bytes.size() >= kHeaderVersionOffset + sizeof(version_))
      std::memcpy(&version_, bytes.data() + kHeaderVersionOffset, sizeof(version_));
    hasher_.Update(bytes);
    output_.Write(bytes);
    size_ += bytes.size();
    filled_ = 0;
  }

  Output& output_;
  const CancelFlag& cancel_;
  std::unique_ptr<uint8_t[]> buffer_;
  size_t filled_ = 0;
  VerityHasher hasher_;
  uint64_t size_ = 0;
  uint32_t version_ = 0;
  std::exception_ptr failure_;
};

}  // namespace

WrittenImage WriteImage(lcfs_node_s* root, FormatVersions versions, Output& output,
                        const CancelFlag& cancel) {
  cancel.Checkpoint();
  ImageWriter writer(output, cancel);
  lcfs_write_options_s options{};
  options.format = LCFS_FORMAT_EROFS;
  options.version = versions.minimum;
  options.max_version = versions.maximum;
  options.file = &writer;
  options.file_write_cb = ImageWriter::Callback;
  if (lcfs_write_to(root, &options) != 0) {
    const int error = errno;
    writer.RethrowFailure();
    throw SystemFailure{error, "lcfs_write_to"};
  }
  return writer.Finish();
}

}  // namespace composefs
