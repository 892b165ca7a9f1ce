// The jail's system calls, as an allow-list in classic BPF (seccomp(2)): short enough to be written by hand, so the
// worker needs no library for it.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <array>
#include <cstddef>
#include <vector>

#include "base/error.h"
#include "base/syscall.h"
#include "storage/unpack/jail.h"

namespace minidock::storage {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the unpacker's system call filter does not know this architecture"
#endif

constexpr std::array kAllowed = {
    // the blob, the answer, content of files
    SYS_read,
    SYS_pread64,
    SYS_write,
    SYS_pwrite64,
    SYS_close,
    SYS_lseek,
    SYS_ftruncate,
    SYS_futex,
    // names
    SYS_openat,
    SYS_openat2,
    SYS_newfstatat,
    SYS_fstat,
    SYS_statx,
    SYS_readlinkat,
    SYS_getdents64,
    SYS_fcntl,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_symlinkat,
    SYS_linkat,
    SYS_unlinkat,
    // metadata
    SYS_fchown,
    SYS_fchownat,
    SYS_fchmod,
    SYS_fsetxattr,
    SYS_fgetxattr,
    SYS_flistxattr,
    SYS_utimensat,
    // memory and the C library
    SYS_brk,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_getrandom,
    SYS_clock_gettime,
    SYS_sched_yield,
    SYS_getpid,
    SYS_gettid,
    SYS_rt_sigprocmask,
    SYS_rt_sigaction,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_restart_syscall,
    SYS_exit,
    SYS_exit_group,
#if defined(__x86_64__)
    // older names of the same calls, which the C library still uses in places
    SYS_mknod,
    SYS_unlink,
    SYS_mkdir,
#endif
};

// With PROT_EXEC they could bring in code: no library is loaded in the jail, whatever file has its name.
constexpr std::array kAllowedWithoutExec = {SYS_mmap, SYS_mprotect};

sock_filter statement(std::uint16_t code, std::uint32_t value) { return sock_filter{code, 0, 0, value}; }

sock_filter jump(std::uint16_t condition, std::uint32_t value, std::uint8_t if_true, std::uint8_t if_false) {
  return sock_filter{static_cast<std::uint16_t>(BPF_JMP | condition | BPF_K), if_true, if_false, value};
}

sock_filter load(std::size_t offset) { return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }

sock_filter answer(std::uint32_t action) { return statement(BPF_RET | BPF_K, action); }

std::vector<sock_filter> make_program() {
  constexpr std::size_t kProtection = offsetof(seccomp_data, args) + 2 * sizeof(std::uint64_t);
  std::vector<sock_filter> program = {
      load(offsetof(seccomp_data, arch)),
      jump(BPF_JEQ, kArchitecture, 1, 0),
      answer(SECCOMP_RET_KILL_PROCESS),
      load(offsetof(seccomp_data, nr)),
  };
  // The calls of the x32 architecture have numbers of their own: they are in no list.
  for (const long call : kAllowed) {
    program.push_back(jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 1));
    program.push_back(answer(SECCOMP_RET_ALLOW));
  }
  for (const long call : kAllowedWithoutExec) {
    program.push_back(jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 4));
    program.push_back(load(kProtection));
    program.push_back(jump(BPF_JSET, PROT_EXEC, 0, 1));
    program.push_back(answer(SECCOMP_RET_KILL_PROCESS));
    program.push_back(answer(SECCOMP_RET_ALLOW));
  }
  program.push_back(answer(SECCOMP_RET_KILL_PROCESS));
  return program;
}

}  // namespace

void restrict_system_calls() {
  std::vector<sock_filter> program = make_program();
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  sys::prctl("PR_SET_SECCOMP", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, reinterpret_cast<unsigned long>(&filter));
}

}  // namespace minidock::storage
