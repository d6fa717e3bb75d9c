// Keeps the oldest glibc that the addon loads on at 2.28. A linker takes the newest version of each symbol;
// the few that are newer than that are sent here (--wrap in binding.gyp), and do the same by older ones. It
// is for x86-64 and AArch64 alone, where `struct stat` is the kernel's.
#include <fcntl.h>
#include <pthread.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

#ifdef __x86_64__
#define OLDEST "GLIBC_2.2.5"
#else
#define OLDEST "GLIBC_2.17"
#endif
extern "C" int OldestPthreadOnce(pthread_once_t*, void (*)());
extern "C" int OldestPthreadKeyCreate(pthread_key_t*, void (*)(void*));
extern "C" int OldestPthreadCreate(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
extern "C" int OldestPthreadJoin(pthread_t, void**);
__asm__(".symver OldestPthreadOnce,pthread_once@" OLDEST);
__asm__(".symver OldestPthreadKeyCreate,pthread_key_create@" OLDEST);
__asm__(".symver OldestPthreadCreate,pthread_create@" OLDEST);
__asm__(".symver OldestPthreadJoin,pthread_join@" OLDEST);
#undef OLDEST

namespace {

int StatAt(int folder, const char* path, struct stat64* status, int flags) {
  return static_cast<int>(syscall(SYS_newfstatat, folder, path, status, flags));
}

timespec Now(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now;
}

constexpr long kSecond = 1'000'000'000;

timespec Normal(timespec time) {
  if (time.tv_nsec >= kSecond) return {time.tv_sec + 1, time.tv_nsec - kSecond};
  if (time.tv_nsec < 0) return {time.tv_sec - 1, time.tv_nsec + kSecond};
  return time;
}

timespec Sum(timespec a, timespec b) {
  return Normal({a.tv_sec + b.tv_sec, a.tv_nsec + b.tv_nsec});
}

timespec Difference(timespec a, timespec b) {
  return Normal({a.tv_sec - b.tv_sec, a.tv_nsec - b.tv_nsec});
}

}  // namespace

extern "C" {

// libstdc++'s headers ask it whether plain counters will do. Nowhere is node a single thread.
[[gnu::visibility("hidden")]] char __libc_single_threaded = 0;

// 2.33
int __wrap_fstat64(int descriptor, struct stat64* status) {
  return static_cast<int>(syscall(SYS_fstat, descriptor, status));
}

int __wrap_stat64(const char* path, struct stat64* status) {
  return StatAt(AT_FDCWD, path, status, 0);
}

int __wrap_lstat64(const char* path, struct stat64* status) {
  return StatAt(AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW);
}

int __wrap_fstatat64(int folder, const char* path, struct stat64* status, int flags) {
  return StatAt(folder, path, status, flags);
}

// 2.30, and 2.34 where it moved. Waits of the addon's are short and in loops: a clock that is set meanwhile
// makes one longer or shorter, and no more.
int __wrap_pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                                  const timespec* until) {
  timespec deadline = Sum(Now(CLOCK_REALTIME), Difference(*until, Now(clock)));
  return pthread_cond_timedwait(condition, mutex, &deadline);
}

// 2.34, where these moved from a library of their own
int __wrap_pthread_once(pthread_once_t* once, void (*body)()) {
  return OldestPthreadOnce(once, body);
}

int __wrap___pthread_key_create(pthread_key_t* key, void (*destroy)(void*)) {
  return OldestPthreadKeyCreate(key, destroy);
}

int __wrap_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*),
                          void* argument) {
  return OldestPthreadCreate(thread, attributes, body, argument);
}

int __wrap_pthread_join(pthread_t thread, void** result) {
  return OldestPthreadJoin(thread, result);
}

// 2.36; of std::random_device
uint32_t __wrap_arc4random(void) {
  uint32_t number;
  ssize_t length;
  do {
    length = getrandom(&number, sizeof number, 0);
  } while (length < 0 && errno == EINTR);
  if (length != sizeof number) abort();  // a kernel before 3.17
  return number;
}

}  // extern "C"
