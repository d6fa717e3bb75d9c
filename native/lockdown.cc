#include "lockdown.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <set>
#include <string_view>
#include <tuple>
#include <vector>

#include "errors.h"
#include "seccomp.h"

namespace composefs {
namespace {

constexpr rlim_t kMaxDescriptors = 64;
constexpr rlim_t kMaxStack = rlim_t{1} << 23;  // of the main thread; others have what they were started with
constexpr long kMostDescriptors = 65536;       // a process that may open a billion has not

void Limit(decltype(RLIMIT_CORE) resource, rlim_t value) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0) ThrowErrno("getrlimit");
  if (limit.rlim_max < value) return;  // it is stricter already
  limit.rlim_cur = limit.rlim_max = value;
  if (setrlimit(resource, &limit) != 0) ThrowErrno("setrlimit");
}

/// Bytes for V8's code. From Node 24 on they are 512 MiB that are writable from the beginning: RLIMIT_DATA
/// counts them whether they are in use or not.
uint64_t ReservedForCode() {
  // Not by a stream of C++: the code for those would be a quarter of the addon.
  FILE* mappings = std::fopen("/proc/self/maps", "re");
  if (mappings == nullptr) return 0;
  uint64_t bytes = 0;
  char* line = nullptr;
  for (size_t size = 0; getline(&line, &size, mappings) > 0;) {
    char* rest = nullptr;
    const uint64_t begin = std::strtoull(line, &rest, 16);
    if (*rest != '-') continue;
    const uint64_t end = std::strtoull(rest + 1, &rest, 16);
    if (std::string_view(rest).starts_with(" rwxp")) bytes += end - begin;
  }
  std::free(line);
  std::fclose(mappings);
  return bytes;
}

struct OpenDescriptor {
  int number;
  struct stat status;
};

/// Those that are open, or any that may be, where the system does not say.
std::vector<int> Numbers() {
  std::vector<int> numbers;
  if (DIR* folder = opendir("/proc/self/fd")) {
    errno = 0;
    while (const dirent* entry = readdir(folder))
      if (entry->d_name[0] != '.')
        numbers.push_back(static_cast<int>(std::strtol(entry->d_name, nullptr, 10)));
    const bool is_whole = errno == 0;
    closedir(folder);
    if (is_whole) return numbers;
  }
  numbers.resize(static_cast<size_t>(std::clamp(sysconf(_SC_OPEN_MAX), 0L, kMostDescriptors)));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

std::vector<OpenDescriptor> OpenDescriptors(int from) {
  std::vector<OpenDescriptor> found;
  for (const int number : Numbers()) {
    OpenDescriptor open{number, {}};
    if (number < from) continue;
    if (fstat(number, &open.status) == 0)
      found.push_back(open);
    else if (errno != EBADF)
      ThrowErrno("fstat");  // whatever it is, it would stay open
  }
  return found;
}

bool IsNull(const struct stat& status) {
  return S_ISCHR(status.st_mode) && major(status.st_rdev) == 1 && minor(status.st_rdev) == 3;
}

/// Closes what the starting process had open and did not mean to hand on. What the event loop has opened for
/// itself stays: anonymous inodes (epoll, eventfd), which have no type, and pipes of which both ends are
/// here. It opens them all so that no program inherits them.
void CloseInherited(int kept) {
  const std::vector<OpenDescriptor> descriptors = OpenDescriptors(kept);
  std::set<std::tuple<dev_t, ino_t>> once, twice;
  for (const auto& [number, status] : descriptors)
    if (!once.emplace(status.st_dev, status.st_ino).second) twice.emplace(status.st_dev, status.st_ino);
  for (const auto& [number, status] : descriptors) {
    const bool anonymous = (status.st_mode & S_IFMT) == 0;
    const bool own_pipe = S_ISFIFO(status.st_mode) && twice.contains({status.st_dev, status.st_ino});
    const bool is_inherited = (fcntl(number, F_GETFD) & FD_CLOEXEC) == 0;
    if (is_inherited || (!anonymous && !own_pipe && !IsNull(status))) close(number);
  }
}

// Landlock's numbers, by the version of its interface; the system's header may be older than its kernel.
struct LandlockRules {
  uint64_t files;
  uint64_t network;
  uint64_t scopes;
};
constexpr unsigned kLandlockVersion = 1;

constexpr uint64_t FileRights(int version) {
  if (version >= 5) return 0xffff;  // ioctl of devices
  if (version >= 3) return 0x7fff;  // truncate
  if (version == 2) return 0x3fff;  // refer
  return 0x1fff;
}

/// Handles all rights that the kernel knows and grants none. Returns the version, or 0.
int RestrictByLandlock() {
  const long version = syscall(__NR_landlock_create_ruleset, nullptr, 0, kLandlockVersion);
  if (version < 1) return 0;
  LandlockRules rules{FileRights(static_cast<int>(version)), 0, 0};
  size_t size = sizeof(rules.files);
  if (version >= 4) {
    rules.network = 0x3;  // bind and connect, TCP
    size = offsetof(LandlockRules, scopes);
  }
  if (version >= 6) {
    rules.scopes = 0x3;  // abstract sockets, signals
    size = sizeof(rules);
  }
  const int rules_file = static_cast<int>(syscall(__NR_landlock_create_ruleset, &rules, size, 0));
  if (rules_file < 0) return 0;
  const bool restricted = syscall(__NR_landlock_restrict_self, rules_file, 0) == 0;
  close(rules_file);
  return restricted ? static_cast<int>(version) : 0;
}

}  // namespace

Lockdown LockDown(const LockdownOptions& options, const std::function<void()>& start_threads) {
  Lockdown lockdown;
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // nobody would stop it then
  CloseInherited(options.kept_descriptors);
  Limit(RLIMIT_CORE, 0);
  Limit(RLIMIT_NOFILE, kMaxDescriptors);
  Limit(RLIMIT_FSIZE, options.file_size);
  Limit(RLIMIT_DATA, options.memory + (options.may_make_code ? ReservedForCode() : 0));
  Limit(RLIMIT_STACK, kMaxStack);  // which RLIMIT_DATA leaves out
  lockdown.no_new_privs = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
  if (options.use_landlock) lockdown.landlock = RestrictByLandlock();
  start_threads();
  lockdown.seccomp_error = options.use_seccomp ? FilterSystemCalls(options.may_make_code) : ECANCELED;
  lockdown.seccomp = lockdown.seccomp_error == 0;
  return lockdown;
}

int OpenMemoryFile() {
  const int file = memfd_create("composefs", MFD_CLOEXEC);
  if (file < 0) ThrowErrno("memfd_create");
  return file;
}

}  // namespace composefs
