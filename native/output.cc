#include "output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "errors.h"
#include "random_name.h"
#include "sync_folder.h"

namespace composefs {
namespace {

constexpr mode_t kFileMode = 0666;  // less the umask, as for any new file
constexpr int kNameAttempts = 100;
constexpr int kMaxSymlinks = 40;       // as the kernel has it (path_resolution(7))
constexpr int kPollMilliseconds = 50;  // how soon a job that waits sees that it is to stop

void WriteAll(int file, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) ThrowErrno("write");
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

/// To a pipe or the like, in pieces that cannot block once it is ready for some: PIPE_BUF bytes fit then
/// (pipe(7)). Whether it is non-blocking (node makes its stdout so) does not matter.
void WriteWhenReady(int file, std::span<const uint8_t> bytes, const CancelFlag& cancel) {
  while (!bytes.empty()) {
    cancel.Checkpoint();
    pollfd ready{file, POLLOUT, 0};
    const int count = poll(&ready, 1, kPollMilliseconds);
    if (count < 0 && errno != EINTR) ThrowErrno("poll");
    if (count <= 0) continue;
    const ssize_t written = write(file, bytes.data(), std::min<size_t>(bytes.size(), PIPE_BUF));
    if (written < 0 && errno != EINTR && errno != EAGAIN) ThrowErrno("write");
    if (written > 0) bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

/// A fifo can be opened once somebody reads from it; a socket, or a device that has no driver, never can.
Descriptor OpenForWriting(const std::string& path, bool is_fifo, const CancelFlag& cancel) {
  for (;;) {
    cancel.Checkpoint();
    Descriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.IsOpen()) return file;
    if (errno != EINTR && !(is_fifo && errno == ENXIO)) ThrowErrno("open");
    poll(nullptr, 0, kPollMilliseconds);
  }
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Follows symbolic links, also to what is not there yet, so that the file they name is replaced and not
/// they.
std::string Resolve(std::string path) {
  for (int hops = 0; hops < kMaxSymlinks; ++hops) {
    std::array<char, PATH_MAX> target;
    const ssize_t size = readlink(path.c_str(), target.data(), target.size());
    if (size < 0) {
      // No symlink, or nothing there. What else is in the way will also be in open()'s.
      constexpr int kPassing[] = {EINVAL, ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG};
      if (std::ranges::find(kPassing, errno) != std::end(kPassing)) return path;
      ThrowErrno("readlink");  // it may be a symlink, which is not to be replaced
    }
    const std::string next(target.data(), static_cast<size_t>(size));
    path = next.starts_with('/') ? next : FolderOf(path) + "/" + next;
  }
  throw SystemFailure{ELOOP, "readlink"};
}

/// A file that has no name, or a hidden one, until it is complete.
class AtomicFileOutput final : public Output {
 public:
  AtomicFileOutput(const std::string& path, Flush flush)
      : path_(path), folder_(FolderOf(path)), flush_(flush) {
    if (!OpenUnnamed()) OpenHidden();
  }

  ~AtomicFileOutput() override {
    if (!hidden_name_.empty()) unlink(hidden_name_.c_str());
  }

  void Write(std::span<const uint8_t> bytes) override {
    WriteAll(file_.Get(), bytes);
    if (flush_ == Flush::kNo) return;
    // On its way to the disk before Commit waits for it. A file system that cannot do this does it then.
    sync_file_range(file_.Get(), size_, static_cast<off_t>(bytes.size()), SYNC_FILE_RANGE_WRITE);
    size_ += static_cast<off_t>(bytes.size());
  }

  void Commit() override {
    if (flush_ == Flush::kYes && fsync(file_.Get()) != 0) ThrowErrno("fsync");
    if (hidden_name_.empty()) LinkHidden();
    if (rename(hidden_name_.c_str(), path_.c_str()) != 0) ThrowErrno("rename");
    hidden_name_.clear();
    if (flush_ == Flush::kYes) SyncPlace();
  }

 private:
  /// Not every file system can do without a name, and giving one later needs /proc.
  bool OpenUnnamed() {
    if (access("/proc/self/fd", X_OK) != 0) return false;
    file_ = Descriptor(open(folder_.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kFileMode));
    if (file_.IsOpen()) return true;
    if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL) return false;
    ThrowErrno("open");
  }

  void OpenHidden() {
    for (int attempt = 0; attempt < kNameAttempts; ++attempt) {
      std::string name = RandomName(folder_ + "/.composefs-");
      file_ = Descriptor(open(name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, kFileMode));
      if (file_.IsOpen()) {
        hidden_name_ = std::move(name);  // without a copy: there may be no memory for one
        return;
      }
      if (errno != EEXIST) break;
    }
    ThrowErrno("open");
  }

  void LinkHidden() {
    const std::string open_file = "/proc/self/fd/" + std::to_string(file_.Get());
    for (int attempt = 0; attempt < kNameAttempts; ++attempt) {
      std::string name = RandomName(folder_ + "/.composefs-");
      if (linkat(AT_FDCWD, open_file.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
        hidden_name_ = std::move(name);  // without a copy: there may be no memory for one
        return;
      }
      if (errno != EEXIST) break;
    }
    ThrowErrno("linkat");
  }

  /// The image is complete and in place; that a folder cannot be read does not change that. Other failures
  /// are told: a crash might take the name away.
  void SyncPlace() {
    const Descriptor folder(open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.IsOpen() && errno == EACCES) return;
    if (!folder.IsOpen()) ThrowErrno("open");
    if (!SyncFolder(folder.Get())) ThrowErrno("fsync");
  }

  std::string path_;
  std::string folder_;
  Flush flush_;
  std::string hidden_name_;
  Descriptor file_;
  off_t size_ = 0;  // written so far
};

}  // namespace

Descriptor::~Descriptor() {
  if (value_ >= 0) close(value_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(value_, other.value_);
  return *this;
}

void MemoryOutput::Free::operator()(uint8_t* data) const {
  std::free(data);
}

void MemoryOutput::Write(std::span<const uint8_t> bytes) {
  if (bytes.size() > capacity_ - size_) {
    const size_t capacity = std::max(capacity_ + capacity_ / 2, size_ + bytes.size());
    auto* grown = static_cast<uint8_t*>(std::realloc(data_.get(), capacity));
    if (grown == nullptr) throw SystemFailure{ENOMEM, "realloc"};
    static_cast<void>(data_.release());
    data_.reset(grown);
    capacity_ = capacity;
  }
  std::memcpy(data_.get() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

DescriptorOutput::DescriptorOutput(Descriptor file, const CancelFlag& cancel, bool syncs)
    : file_(std::move(file)), cancel_(cancel), syncs_(syncs) {
  struct stat status {};
  may_block_ = fstat(file_.Get(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode);
}

void DescriptorOutput::Write(std::span<const uint8_t> bytes) {
  if (may_block_)
    WriteWhenReady(file_.Get(), bytes, cancel_);
  else
    WriteAll(file_.Get(), bytes);
}

void DescriptorOutput::Commit() {
  if (syncs_ && fsync(file_.Get()) != 0) ThrowErrno("fsync");
}

namespace {

/// Of a link in /proc to a file that was deleted, or to a memfd: what it leads to has no name that could be
/// replaced.
bool IsNameless(const std::string& path, const std::string& resolved) {
  struct stat status {};
  return resolved != path && lstat(resolved.c_str(), &status) != 0 && errno == ENOENT;
}

}  // namespace

std::unique_ptr<Output> OpenPath(const std::string& path, Flush flush, const CancelFlag& cancel) {
  struct stat status {};
  const bool exists = stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) throw SystemFailure{EISDIR, "open"};
  const bool is_file = exists && S_ISREG(status.st_mode);
  if (!exists || is_file) {
    std::string resolved = Resolve(path);
    if (!exists || !IsNameless(path, resolved))
      return std::make_unique<AtomicFileOutput>(std::move(resolved), flush);
  }
  // A device, a pipe or a file without a name cannot be replaced by a file: it is written to.
  Descriptor file = OpenForWriting(path, S_ISFIFO(status.st_mode), cancel);
  if (is_file && ftruncate(file.Get(), 0) != 0) ThrowErrno("ftruncate");
  const bool syncs = flush == Flush::kYes && (is_file || S_ISBLK(status.st_mode));
  return std::make_unique<DescriptorOutput>(std::move(file), cancel, syncs);
}

}  // namespace composefs
