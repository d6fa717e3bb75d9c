#include "fsverity.h"

#include <linux/fs.h>
#include <linux/fsverity.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "errors.h"

namespace composefs {
namespace {

constexpr uint32_t kBlockSize = 4096;
/// A child that this process has forked has all of its descriptors until it runs its program: also those,
/// open for writing, that were closed here meanwhile. Together about a second.
constexpr int kBusyAttempts = 200;
constexpr int kPauseMilliseconds = 5;

bool MeansUnsupported(int error) {
  return error == ENOTTY || error == EOPNOTSUPP || error == ENOSYS;
}

}  // namespace

std::optional<MeasuredDigest> MeasureVerity(int file) {
  constexpr size_t kMostBytes = 64;
  alignas(fsverity_digest) uint8_t answer[sizeof(fsverity_digest) + kMostBytes] = {};
  auto* header = reinterpret_cast<fsverity_digest*>(answer);
  header->digest_size = kMostBytes;
  if (ioctl(file, FS_IOC_MEASURE_VERITY, answer) != 0) {
    if (errno == ENODATA || MeansUnsupported(errno)) return std::nullopt;
    ThrowErrno("FS_IOC_MEASURE_VERITY");
  }
  const uint8_t* bytes = answer + sizeof(fsverity_digest);
  return MeasuredDigest{static_cast<HashAlgorithm>(header->digest_algorithm),
                        {bytes, bytes + header->digest_size}};
}

Enabled EnableVerity(int file) {
  fsverity_enable_arg argument{};
  argument.version = 1;
  argument.hash_algorithm = FS_VERITY_HASH_ALG_SHA256;
  argument.block_size = kBlockSize;
  for (int attempt = 0; ioctl(file, FS_IOC_ENABLE_VERITY, &argument) != 0;) {
    if (errno == EEXIST) break;
    if (errno == EINTR) continue;
    if (errno == ETXTBSY && ++attempt < kBusyAttempts) {
      poll(nullptr, 0, kPauseMilliseconds);
      continue;
    }
    if (MeansUnsupported(errno)) return Enabled::kUnsupported;
    ThrowErrno("FS_IOC_ENABLE_VERITY");
  }
  return Enabled::kYes;
}

}  // namespace composefs
