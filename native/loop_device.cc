#include "loop_device.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <string>

#include "fs_context.h"

namespace composefs {
namespace {

constexpr int kAttempts = 100;
constexpr int kPauseMilliseconds = 5;
constexpr uint32_t kBlockSize = 4096;  // EROFS's

[[noreturn]] void Fail(const char* what) {
  const int error = errno;
  throw MountFailure{"loop", error, what};
}

}  // namespace

Descriptor AttachLoopDevice(int file) {
  const Descriptor control(open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  if (!control.IsOpen()) Fail("opening /dev/loop-control");
  for (int attempt = 0;; ++attempt) {
    const int number = ioctl(control.Get(), LOOP_CTL_GET_FREE);
    if (number < 0) Fail("finding a free loop device");
    const std::string name = "/dev/loop" + std::to_string(number);
    Descriptor device(open(name.c_str(), O_RDWR | O_CLOEXEC));
    if (!device.IsOpen()) Fail(name.c_str());
    loop_config config{};
    config.fd = static_cast<uint32_t>(file);
    config.block_size = kBlockSize;
    config.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR;
    if (ioctl(device.Get(), LOOP_CONFIGURE, &config) == 0) return device;
    // Somebody else was faster: a device that is free is not ours yet.
    if (errno != EBUSY || attempt == kAttempts) Fail(name.c_str());
    poll(nullptr, 0, kPauseMilliseconds);
  }
}

}  // namespace composefs
