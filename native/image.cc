#include "image.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <memory>
#include <utility>

#include "flusher.h"

namespace composefs {
namespace {

constexpr size_t kHeaderVersionOffset = 12;  // of composefs_version in the header's 32 bytes

/// Collects what libcomposefs's callback is given, 18 bytes a call on average: the output and the hash get a
/// megabyte at a time.
class ImageWriter {
 public:
  ImageWriter(Output& output, const CancelFlag& cancel)
      : output_(output),
        cancel_(cancel),
        buffer_(std::make_unique_for_overwrite<uint8_t[]>(Flusher::kBufferSize)),
        flusher_([this](std::span<const uint8_t> bytes) { Write(bytes); }) {}

  /// libcomposefs's write callback. No exception may cross the C code that calls it: it waits in failure_.
  static ssize_t Callback(void* self, void* bytes, size_t size) {
    auto* writer = static_cast<ImageWriter*>(self);
    if (size > Flusher::kBufferSize - writer->filled_)
      return writer->WriteAcross({static_cast<uint8_t*>(bytes), size});
    std::memcpy(writer->buffer_.get() + writer->filled_, bytes, size);
    writer->filled_ += size;
    return static_cast<ssize_t>(size);
  }

  void RethrowFailure() const {
    if (failure_) std::rethrow_exception(failure_);
  }

  WrittenImage Finish() {
    flusher_.Finish({buffer_.get(), filled_});
    return {hasher_.Finish(), hasher_.Size(), version_};
  }

 private:
  /// What the buffer has no room for.
  ssize_t WriteAcross(std::span<const uint8_t> bytes) {
    try {
      RethrowFailure();  // there is no buffer any more
      for (auto rest = bytes; !rest.empty();) {
        if (filled_ == Flusher::kBufferSize) {
          buffer_ = flusher_.Flush(std::move(buffer_));
          filled_ = 0;
        }
        const size_t taken = std::min(rest.size(), Flusher::kBufferSize - filled_);
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

  /// On the flusher's thread, or on libcomposefs's while that one waits.
  void Write(std::span<const uint8_t> bytes) {
    cancel_.Checkpoint();
    if (hasher_.Size() == 0 && bytes.size() >= kHeaderVersionOffset + sizeof(version_))
      std::memcpy(&version_, bytes.data() + kHeaderVersionOffset, sizeof(version_));
    hasher_.Update(bytes);
    output_.Write(bytes);
  }

  Output& output_;
  const CancelFlag& cancel_;
  Flusher::Buffer buffer_;
  size_t filled_ = 0;
  VerityHasher hasher_;
  uint32_t version_ = 0;
  std::exception_ptr failure_;
  Flusher flusher_;  // the last: its thread uses the others
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
