#include "image.h"

#include <cstring>
#include <exception>
#include <vector>

namespace composefs {
namespace {

// libcomposefs writes 18 bytes a call on average; the output and the hash get a megabyte at a time.
constexpr size_t kBufferSize = 1 << 20;
constexpr size_t kHeaderVersionOffset = 12;  // of composefs_version in the header's 32 bytes

/// Collects what libcomposefs's callback is given.
class ImageWriter {
 public:
  ImageWriter(Output& output, const CancelFlag& cancel) : output_(output), cancel_(cancel) {
    buffer_.reserve(kBufferSize);
  }

  /// libcomposefs's write callback. No exception may cross the C code that calls it: it waits in failure_.
  static ssize_t Callback(void* self, void* bytes, size_t size) {
    auto* writer = static_cast<ImageWriter*>(self);
    try {
      writer->Write({static_cast<const uint8_t*>(bytes), size});
      return static_cast<ssize_t>(size);
    } catch (...) {
      writer->failure_ = std::current_exception();
      errno = EIO;
      return -1;
    }
  }

  void RethrowFailure() const {
    if (failure_) std::rethrow_exception(failure_);
  }

  WrittenImage Finish() {
    Flush();
    return {hasher_.Finish(), size_, version_};
  }

 private:
  void Write(std::span<const uint8_t> bytes) {
    if (buffer_.size() + bytes.size() > kBufferSize) Flush();
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  }

  void Flush() {
    cancel_.Checkpoint();
    if (size_ == 0 && buffer_.size() >= kHeaderVersionOffset + sizeof(version_))
      std::memcpy(&version_, buffer_.data() + kHeaderVersionOffset, sizeof(version_));
    hasher_.Update(buffer_);
    output_.Write(buffer_);
    size_ += buffer_.size();
    buffer_.clear();
  }

  Output& output_;
  const CancelFlag& cancel_;
  std::vector<uint8_t> buffer_;
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
