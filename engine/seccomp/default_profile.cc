// docker's default profile. Source of the facts: the profile that moby 28 and 29 ship (profiles/seccomp/default.json);
// grouped here by what the calls are for. Everything that is not named is refused with EPERM.
//
// Known limit, docker's as well: i386's socketcall(2) passes the address family behind a pointer, which no seccomp
// filter can follow, and refusing the call breaks 32-bit programs. Only an LSM (docker's AppArmor profile) closes that
// way.
#include <cerrno>
#include <iterator>
#include <sstream>

#include "engine/seccomp/profile.h"

namespace minidock::seccomp {
namespace {

constexpr std::string_view kAlways[] = {
    // files and directories by path
    "access chdir chmod chown chown32 creat faccessat faccessat2 fchmodat fchmodat2 fchownat fstatat64 futimesat "
    "getcwd "
    "lchown lchown32 link linkat lstat lstat64 mkdir mkdirat mknod mknodat name_to_handle_at newfstatat open openat "
    "openat2 readlink readlinkat rename renameat renameat2 rmdir stat stat64 statfs statfs64 statx symlink symlinkat "
    "truncate truncate64 umask unlink unlinkat utime utimensat utimensat_time64 utimes listmount statmount",
    // descriptors
    "_llseek cachestat close close_range copy_file_range dup dup2 dup3 fadvise64 fadvise64_64 fallocate fchdir fchmod "
    "fchown fchown32 fcntl fcntl64 fdatasync flock fstat fstat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 "
    "getdents "
    "getdents64 ioctl lseek pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readv sendfile "
    "sendfile64 splice sync sync_file_range syncfs tee vmsplice write writev",
    // extended attributes
    "fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr listxattrat llistxattr "
    "lremovexattr lsetxattr removexattr removexattrat setxattr setxattrat",
    // waiting for events
    "_newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old "
    "eventfd eventfd2 fanotify_mark inotify_add_watch inotify_init inotify_init1 inotify_rm_watch poll ppoll "
    "ppoll_time64 pselect6 pselect6_time64 select signalfd signalfd4",
    // asynchronous input and output of the old kind; io_uring is refused
    "io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit ioprio_get ioprio_set",
    // memory
    "brk madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mmap2 "
    "mprotect "
    "mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect process_mrelease remap_file_pages",
    // processes and threads
    "execve execveat exit exit_group fork futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake "
    "get_robust_list get_thread_area getcpu getpgid getpgrp getpid getppid getpriority getrlimit getrusage getsid "
    "gettid "
    "kill pidfd_open pidfd_send_signal prctl prlimit64 restart_syscall rseq set_robust_list set_thread_area "
    "set_tid_address setpgid setpriority setrlimit setsid tgkill tkill ugetrlimit uretprobe vfork wait4 waitid waitpid",
    // scheduling
    "sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler "
    "sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam "
    "sched_setscheduler sched_yield",
    // signals
    "pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait "
    "rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack sigprocmask sigreturn",
    // who the process is, and what it may do
    "capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid getresgid32 "
    "getresuid getresuid32 getuid getuid32 landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp "
    "setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid "
    "setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32",
    // sockets; socket itself is below
    "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64 "
    "recvmsg "
    "send sendmmsg sendmsg sendto setsockopt shutdown socketcall socketpair",
    // System V and POSIX messages, semaphores and shared memory
    "ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 "
    "mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget",
    // clocks and timers; setting a clock needs CAP_SYS_TIME, which the kernel checks
    "adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 "
    "clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep setitimer time timer_create timer_delete "
    "timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime "
    "timerfd_gettime64 timerfd_settime timerfd_settime64 times",
    // the rest
    "getrandom riscv_hwprobe sysinfo uname",
};

// Open to a process that has the capability.
constexpr std::pair<std::string_view, std::string_view> kByCapability[] = {
    {"CAP_DAC_READ_SEARCH", "open_by_handle_at"},
    {"CAP_SYS_ADMIN",
     "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules "
     "lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname "
     "sethostname setns syslog umount umount2 unshare"},
    {"CAP_SYS_BOOT", "reboot"},
    {"CAP_SYS_CHROOT", "chroot"},
    {"CAP_SYS_MODULE", "delete_module finit_module init_module"},
    {"CAP_SYS_PACCT", "acct"},
    {"CAP_SYS_PTRACE", "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace"},
    {"CAP_SYS_RAWIO", "ioperm iopl"},
    {"CAP_SYS_TIME", "clock_settime clock_settime64 settimeofday stime"},
    {"CAP_SYS_TTY_CONFIG", "vhangup"},
    {"CAP_SYS_NICE", "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"},
    {"CAP_SYSLOG", "syslog"},
    {"CAP_BPF", "bpf"},
    {"CAP_PERFMON", "perf_event_open"},
};

// Open on one architecture.
constexpr std::pair<std::string_view, std::string_view> kByArchitecture[] = {
    {"amd64", "arch_prctl modify_ldt"},
    {"arm64", "arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2"},
};

// PER_LINUX, PER_LINUX32, with and without UNAME26 and the query.
constexpr std::uint64_t kPersonalities[] = {0x0, 0x8, 0x20000, 0x20008, 0xffffffff};

// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
constexpr std::uint64_t kNamespaceFlags = 0x7e020000;

// Socket families 0 … 63 without 38 (AF_ALG) and 40 (AF_VSOCK), as {mask, value}. Not as "less" and "greater", as
// docker has it: those compare 64 bits of which the kernel takes 32, so that 0x1'0000'0026 would pass and still mean
// AF_ALG.
constexpr std::pair<std::uint32_t, std::uint32_t> kSocketFamilies[] = {
    {0xffffffe0, 0},  {0xfffffffc, 32}, {0xfffffffe, 36}, {0xffffffff, 39},
    {0xffffffff, 41}, {0xfffffffe, 42}, {0xfffffffc, 44}, {0xfffffff0, 48},
};

std::vector<std::string> words(std::string_view text) {
  std::istringstream stream{std::string(text)};
  return {std::istream_iterator<std::string>(stream), std::istream_iterator<std::string>()};
}

Rule allow(std::string_view names) {
  Rule rule;
  rule.names = words(names);
  return rule;
}

Rule allow_if(std::string_view names, scmp_compare comparison, std::uint64_t first, std::uint64_t second = 0) {
  Rule rule = allow(names);
  rule.arguments.push_back(scmp_arg_cmp{0, comparison, first, second});
  return rule;
}

}  // namespace

std::vector<std::uint32_t> default_architectures(const Machine& machine) {
  if (machine.architecture == "amd64") return {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32};
  return {SCMP_ARCH_AARCH64, SCMP_ARCH_ARM};
}

Profile default_profile(const Machine& machine) {
  Profile profile;
  profile.default_action = SCMP_ACT_ERRNO(EPERM);
  profile.architectures = default_architectures(machine);
  for (const std::string_view names : kAlways) profile.rules.push_back(allow(names));
  for (const auto& [capability, names] : kByCapability) {
    profile.rules.push_back(allow(names));
    profile.rules.back().includes.capabilities = {std::string(capability)};
  }
  for (const auto& [architecture, names] : kByArchitecture) {
    profile.rules.push_back(allow(names));
    profile.rules.back().includes.architectures = {std::string(architecture)};
  }
  // Before 4.8 a traced process could change its system call behind the filter's back.
  profile.rules.push_back(allow("process_vm_readv process_vm_writev ptrace"));
  profile.rules.back().includes.min_kernel = KernelVersion{4, 8};

  for (const auto& [mask, value] : kSocketFamilies) {
    profile.rules.push_back(allow_if("socket", SCMP_CMP_MASKED_EQ, mask, value));
  }
  for (const std::uint64_t value : kPersonalities) {
    profile.rules.push_back(allow_if("personality", SCMP_CMP_EQ, value));
  }
  // Threads and processes, but no namespaces. clone3 has its flags behind a pointer: ENOSYS makes the C library take
  // clone instead.
  profile.rules.push_back(allow_if("clone", SCMP_CMP_MASKED_EQ, kNamespaceFlags, 0));
  profile.rules.back().excludes.capabilities = {"CAP_SYS_ADMIN"};
  profile.rules.push_back(allow("clone3"));
  profile.rules.back().action = SCMP_ACT_ERRNO(ENOSYS);
  profile.rules.back().excludes.capabilities = {"CAP_SYS_ADMIN"};
  return profile;
}

}  // namespace minidock::seccomp
