#include "seccomp.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

// The program of a filter is BPF: it looks at the number and the arguments of a call and returns a verdict.
// The tables below say which; how they become instructions, Program says. What a pointer points to, a filter
// cannot see: so calls that take a path are refused whatever their flags say, and what is left works on
// descriptors.

namespace composefs {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
constexpr uint32_t kForeignNumbers = 0x40000000;  // calls of the x32 ABI have this bit
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
constexpr uint32_t kForeignNumbers = 0;
#else
constexpr uint32_t kArchitecture = 0;
constexpr uint32_t kForeignNumbers = 0;
#endif

/// Passes if the low 32 bits of an argument, masked, are the value. The kernel takes all arguments that are
/// looked at here as 32 bits, or ignores the others.
struct Test {
  unsigned argument;
  uint32_t mask;
  uint32_t value;
};

constexpr uint32_t kAllBits = ~uint32_t{0};

constexpr Test Is(unsigned argument, uint32_t value) {
  return {argument, kAllBits, value};
}

constexpr Test HasNone(unsigned argument, uint32_t bits) {
  return {argument, bits, 0};
}

/// What node and the addon call between the lock and their end, on any thread.
constexpr int kAllowed[] = {
    // descriptors that are open
    __NR_read, __NR_write, __NR_readv, __NR_writev, __NR_pread64, __NR_pwrite64, __NR_lseek, __NR_close,
    __NR_fstat,
    // the event loop
    __NR_epoll_ctl, __NR_epoll_pwait, __NR_epoll_pwait2, __NR_ppoll,
#ifdef __NR_epoll_wait
    __NR_epoll_wait, __NR_poll,
#endif
    // memory; see also mmap, mprotect and madvise below
    __NR_munmap, __NR_mremap, __NR_brk, __NR_membarrier,
    // threads and signals; no call that sends one
    __NR_futex, __NR_set_robust_list, __NR_rseq, __NR_sched_yield, __NR_sched_getaffinity, __NR_rt_sigaction,
    __NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_sigaltstack, __NR_restart_syscall,
    // what time it is, who this is, how much there is
    __NR_clock_gettime, __NR_clock_getres, __NR_clock_nanosleep, __NR_nanosleep, __NR_gettimeofday,
    __NR_getpid, __NR_gettid, __NR_getrusage, __NR_sysinfo, __NR_getrandom,
    // the end
    __NR_exit, __NR_exit_group};

/// Nothing that runs here by itself makes these calls: who makes one has been taken over. All that is in no
/// table fails with EPERM, since libuv and V8 do try things that they can do without.
constexpr int kDeadly[] = {__NR_execve,
                           __NR_execveat,
                           __NR_ptrace,
                           __NR_process_vm_readv,
                           __NR_process_vm_writev,
#ifdef __NR_fork
                           __NR_fork,
                           __NR_vfork,
#endif
                           __NR_mount,
                           __NR_umount2,
                           __NR_pivot_root,
                           __NR_chroot,
                           __NR_unshare,
                           __NR_setns,
                           __NR_open_tree,
                           __NR_move_mount,
                           __NR_fsopen,
                           __NR_fsconfig,
                           __NR_fsmount,
                           __NR_fspick,
                           __NR_bpf,
                           __NR_perf_event_open,
                           __NR_io_uring_setup,
                           __NR_userfaultfd,
                           __NR_keyctl,
                           __NR_add_key,
                           __NR_request_key,
                           __NR_init_module,
                           __NR_finit_module,
                           __NR_delete_module,
                           __NR_kexec_load,
                           __NR_memfd_create,
                           __NR_pidfd_open,
                           __NR_pidfd_getfd,
                           __NR_pidfd_send_signal,
                           __NR_reboot,
                           __NR_swapon,
                           __NR_swapoff};

/// Above are MADV_HWPOISON and MADV_SOFT_OFFLINE, by which root takes pages of memory from the whole machine.
constexpr uint32_t kMostAdvice = 63;

/// Memory of the process's own that RLIMIT_DATA counts: what is shared, or grows as stacks do, it leaves out.
constexpr uint32_t kKindOfMemory = MAP_TYPE | MAP_GROWSDOWN;

class Program {
 public:
  explicit Program(bool may_make_code) {
    CheckArchitecture();
    for (const int call : kAllowed) Return(call, SECCOMP_RET_ALLOW);
    for (const int call : kDeadly) Return(call, SECCOMP_RET_KILL_PROCESS);
    AllowIfAny(__NR_fcntl,
               {Is(1, F_GETFD), Is(1, F_SETFD), Is(1, F_GETFL), Is(1, F_SETFL), Is(1, F_DUPFD_CLOEXEC)});
    AllowIfAny(__NR_ioctl, {Is(1, FIONBIO), Is(1, TCGETS)});
    Return(__NR_statx, Error(ENOSYS));  // takes a path; libuv then uses fstat
    AllowIfAny(__NR_madvise, {HasNone(2, ~kMostAdvice)});
    RefuseUnless(__NR_mmap, {3, kKindOfMemory, MAP_PRIVATE});
    const Test not_executable = HasNone(2, PROT_EXEC);
    const Test no_file = Is(4, kAllBits);
    if (may_make_code) {
      AllowIfAny(__NR_mmap, {not_executable, no_file});
      Return(__NR_mprotect, SECCOMP_RET_ALLOW);
      Return(__NR_pkey_mprotect, SECCOMP_RET_ALLOW);
    } else {
      for (const int call : {__NR_mmap, __NR_mprotect, __NR_pkey_mprotect})
        AllowIfAny(call, {not_executable});
    }
    Append(BPF_RET | BPF_K, Error(EPERM));
  }

  int Install() {
    const sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
    const long result = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    if (result < 0) return errno;
    return result == 0 ? 0 : EBUSY;  // a thread that has another filter
  }

 private:
  static constexpr uint32_t Error(int number) { return SECCOMP_RET_ERRNO | static_cast<uint32_t>(number); }

  void CheckArchitecture() {
    Append(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
    Jump(BPF_JEQ, kArchitecture, 1, 0);
    Append(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    LoadNumber();
    if (kForeignNumbers == 0) return;
    Jump(BPF_JGE, kForeignNumbers, 0, 1);
    Append(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  }

  void LoadNumber() { Append(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)); }

  /// The accumulator holds the number of the call, before and after each rule.
  void Return(int call, uint32_t verdict) {
    Jump(BPF_JEQ, static_cast<uint32_t>(call), 0, 1);
    Append(BPF_RET | BPF_K, verdict);
  }

  void AllowIfAny(int call, std::initializer_list<Test> tests) {
    constexpr size_t kTestLength = 4;
    const size_t length = tests.size() * kTestLength + 1;
    Jump(BPF_JEQ, static_cast<uint32_t>(call), 0, static_cast<uint8_t>(length));
    for (const Test& test : tests) {
      LoadMasked(test);
      Jump(BPF_JEQ, test.value, 0, 1);
      Append(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    Append(BPF_RET | BPF_K, Error(EPERM));
  }

  /// A call that passes goes on to the rules behind this one.
  void RefuseUnless(int call, const Test& test) {
    Jump(BPF_JEQ, static_cast<uint32_t>(call), 0, 5);
    LoadMasked(test);
    Jump(BPF_JEQ, test.value, 1, 0);
    Append(BPF_RET | BPF_K, Error(EPERM));
    LoadNumber();
  }

  /// Two instructions.
  void LoadMasked(const Test& test) {
    static_assert(std::endian::native == std::endian::little, "the low half of an argument comes first");
    Append(BPF_LD | BPF_W | BPF_ABS,
           static_cast<uint32_t>(offsetof(seccomp_data, args) + test.argument * sizeof(uint64_t)));
    Append(BPF_ALU | BPF_AND | BPF_K, test.mask);
  }

  /// Skips so many instructions if the comparison holds, and so many if not.
  void Jump(uint16_t comparison, uint32_t value, uint8_t if_true, uint8_t if_false) {
    code_.push_back({static_cast<uint16_t>(BPF_JMP | comparison | BPF_K), if_true, if_false, value});
  }

  void Append(uint16_t operation, uint32_t value) { code_.push_back({operation, 0, 0, value}); }

  std::vector<sock_filter> code_;
};

}  // namespace

int FilterSystemCalls(bool may_make_code) {
  if (kArchitecture == 0) return ENOSYS;
  return Program(may_make_code).Install();
}

}  // namespace composefs
