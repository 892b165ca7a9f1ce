#include "base/syscall.h"

#include <fmt/format.h>
#include <grp.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace minidock::sys {
namespace {

template <typename Call>
auto restarting(Call call) -> decltype(call()) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

std::string at(int dirfd, const std::string& path) {
  return dirfd == AT_FDCWD ? fmt::format("\"{}\"", path) : fmt::format("{}, \"{}\"", dirfd, path);
}

}  // namespace

// ---- descriptors and files

Fd open(const std::string& path, int flags, mode_t mode) { return openat(AT_FDCWD, path, flags, mode); }

Fd openat(int dirfd, const std::string& path, int flags, mode_t mode) {
  return Fd(
      checked([&] { return fmt::format("openat({}, {:#o}, {:#o})", at(dirfd, path), flags, mode); },
              [&] { return restarting([&] { return ::openat(dirfd, path.c_str(), flags | O_CLOEXEC, mode); }); }));
}

namespace {

open_how how_to_open(int flags, mode_t mode, std::uint64_t resolve) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = mode;
  how.resolve = resolve;
  return how;
}

// EAGAIN: a rename raced with a RESOLVE_IN_ROOT walk; openat2(2) asks the caller to try again.
int retried_openat2(int dirfd, const std::string& path, const open_how& how) {
  long result = -1;
  for (int tries = 0; tries < 128; ++tries) {
    result = syscall(SYS_openat2, dirfd, path.c_str(), &how, sizeof how);
    if (result >= 0 || (errno != EINTR && errno != EAGAIN)) break;
  }
  return static_cast<int>(result);
}

std::string describe_openat2(int dirfd, const std::string& path, const open_how& how) {
  return fmt::format("openat2({}, {:#o}, {:#o}, {:#x})", at(dirfd, path), how.flags, how.mode, how.resolve);
}

}  // namespace

Fd openat2(int dirfd, const std::string& path, int flags, mode_t mode, std::uint64_t resolve) {
  const open_how how = how_to_open(flags, mode, resolve);
  return Fd(
      checked([&] { return describe_openat2(dirfd, path, how); }, [&] { return retried_openat2(dirfd, path, how); }));
}

Fd openat2_if_exists(int dirfd, const std::string& path, int flags, std::uint64_t resolve) {
  const open_how how = how_to_open(flags, 0, resolve);
  Fd fd(retried_openat2(dirfd, path, how));
  if (!fd && errno != ENOENT && errno != ENOTDIR) throw SysError(describe_openat2(dirfd, path, how));
  return fd;
}

Fd openat_unless(int dirfd, const std::string& path, int flags, mode_t mode, int tolerated_errno) {
  const int fd = restarting([&] { return ::openat(dirfd, path.c_str(), flags | O_CLOEXEC, mode); });
  if (fd < 0 && errno != tolerated_errno) {
    throw SysError(fmt::format("openat({}, {:#o}, {:#o})", at(dirfd, path), flags, mode));
  }
  return Fd(fd);
}

Fd dup_cloexec(int fd) {
  return Fd(checked([&] { return fmt::format("fcntl({}, F_DUPFD_CLOEXEC)", fd); },
                    [&] { return fcntl(fd, F_DUPFD_CLOEXEC, 3); }));
}

Pipe pipe() {
  std::array<int, 2> fds{};
  checked([] { return std::string("pipe2()"); }, [&] { return pipe2(fds.data(), O_CLOEXEC); });
  return Pipe{Fd(fds[0]), Fd(fds[1])};
}

SocketPair socketpair(int type) {
  std::array<int, 2> fds{};
  checked([&] { return fmt::format("socketpair(AF_UNIX, {})", type); },
          [&] { return ::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds.data()); });
  return SocketPair{Fd(fds[0]), Fd(fds[1])};
}

std::size_t read(int fd, void* buffer, std::size_t size) {
  const ssize_t got = restarting([&] { return ::read(fd, buffer, size); });
  if (got < 0) throw SysError(fmt::format("read({}, {} bytes)", fd, size));
  return static_cast<std::size_t>(got);
}

std::size_t pread(int fd, void* buffer, std::size_t size, off_t offset) {
  const ssize_t got = restarting([&] { return ::pread(fd, buffer, size, offset); });
  if (got < 0) throw SysError(fmt::format("pread({}, {} bytes at {})", fd, size, offset));
  return static_cast<std::size_t>(got);
}

void write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t written = restarting([&] { return ::write(fd, data.data(), data.size()); });
    if (written < 0) throw SysError(fmt::format("write({}, {} bytes)", fd, data.size()));
    data.remove_prefix(static_cast<std::size_t>(written));
  }
}

void pwrite_all(int fd, std::string_view data, std::uint64_t offset) {
  while (!data.empty()) {
    const ssize_t written =
        restarting([&] { return ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset)); });
    if (written < 0) throw SysError(fmt::format("pwrite({}, {} bytes, {})", fd, data.size(), offset));
    data.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
}

void mkdirat(int dirfd, const std::string& path, mode_t mode) {
  checked([&] { return fmt::format("mkdirat({}, {:#o})", at(dirfd, path), mode); },
          [&] { return ::mkdirat(dirfd, path.c_str(), mode); });
}

bool mkdirat_if_absent(int dirfd, const std::string& path, mode_t mode) {
  if (::mkdirat(dirfd, path.c_str(), mode) == 0) return true;
  if (errno == EEXIST) return false;
  throw SysError(fmt::format("mkdirat({}, {:#o})", at(dirfd, path), mode));
}

void mknodat(int dirfd, const std::string& path, mode_t mode, dev_t device) {
  checked([&] { return fmt::format("mknodat({}, {:#o}, {:#x})", at(dirfd, path), mode, device); },
          [&] { return ::mknodat(dirfd, path.c_str(), mode, device); });
}

void symlinkat(const std::string& target, int dirfd, const std::string& path) {
  checked([&] { return fmt::format("symlinkat(\"{}\", {})", target, at(dirfd, path)); },
          [&] { return ::symlinkat(target.c_str(), dirfd, path.c_str()); });
}

std::string readlinkat(int dirfd, const std::string& path) {
  std::array<char, PATH_MAX> buffer{};
  const auto length = checked([&] { return fmt::format("readlinkat({})", at(dirfd, path)); },
                              [&] { return ::readlinkat(dirfd, path.c_str(), buffer.data(), buffer.size()); });
  return std::string(buffer.data(), static_cast<std::size_t>(length));
}

void linkat(int old_dirfd, const std::string& old_path, int new_dirfd, const std::string& new_path, int flags) {
  checked([&] { return fmt::format("linkat({}, {})", at(old_dirfd, old_path), at(new_dirfd, new_path)); },
          [&] { return ::linkat(old_dirfd, old_path.c_str(), new_dirfd, new_path.c_str(), flags); });
}

void unlinkat(int dirfd, const std::string& path, int flags) {
  checked([&] { return fmt::format("unlinkat({}, {:#x})", at(dirfd, path), flags); },
          [&] { return ::unlinkat(dirfd, path.c_str(), flags); });
}

bool unlinkat_if_present(int dirfd, const std::string& path, int flags) {
  if (::unlinkat(dirfd, path.c_str(), flags) == 0) return true;
  if (errno == ENOENT) return false;
  throw SysError(fmt::format("unlinkat({}, {:#x})", at(dirfd, path), flags));
}

void renameat(int old_dirfd, const std::string& old_path, int new_dirfd, const std::string& new_path, unsigned flags) {
  checked(
      [&] { return fmt::format("renameat2({}, {}, {:#x})", at(old_dirfd, old_path), at(new_dirfd, new_path), flags); },
      [&] { return ::renameat2(old_dirfd, old_path.c_str(), new_dirfd, new_path.c_str(), flags); });
}

struct stat fstat(int fd) {
  struct stat result {};
  checked([&] { return fmt::format("fstat({})", fd); }, [&] { return ::fstat(fd, &result); });
  return result;
}

struct stat fstatat(int dirfd, const std::string& path, int flags) {
  struct stat result {};
  checked([&] { return fmt::format("fstatat({}, {:#x})", at(dirfd, path), flags); },
          [&] { return ::fstatat(dirfd, path.c_str(), &result, flags); });
  return result;
}

void fchmod(int fd, mode_t mode) {
  checked([&] { return fmt::format("fchmod({}, {:#o})", fd, mode); }, [&] { return ::fchmod(fd, mode); });
}

void fchown(int fd, uid_t uid, gid_t gid) {
  checked([&] { return fmt::format("fchown({}, {}, {})", fd, uid, gid); }, [&] { return ::fchown(fd, uid, gid); });
}

void fchownat(int dirfd, const std::string& path, uid_t uid, gid_t gid, int flags) {
  checked([&] { return fmt::format("fchownat({}, {}, {}, {:#x})", at(dirfd, path), uid, gid, flags); },
          [&] { return ::fchownat(dirfd, path.c_str(), uid, gid, flags); });
}

void fsync(int fd) {
  checked([&] { return fmt::format("fsync({})", fd); }, [&] { return ::fsync(fd); });
}

void syncfs(int fd) {
  checked([&] { return fmt::format("syncfs({})", fd); }, [&] { return ::syncfs(fd); });
}

void ftruncate(int fd, off_t size) {
  checked([&] { return fmt::format("ftruncate({}, {})", fd, size); }, [&] { return ::ftruncate(fd, size); });
}

void flock(int fd, int operation) {
  checked([&] { return fmt::format("flock({}, {})", fd, operation); },
          [&] { return restarting([&] { return ::flock(fd, operation); }); });
}

bool try_flock(int fd, int operation) {
  if (restarting([&] { return ::flock(fd, operation | LOCK_NB); }) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  throw SysError(fmt::format("flock({}, {})", fd, operation));
}

void set_topdir_flag(int dirfd) noexcept {
  int flags = 0;
  if (ioctl(dirfd, FS_IOC_GETFLAGS, &flags) != 0) return;
  flags |= FS_TOPDIR_FL;
  ioctl(dirfd, FS_IOC_SETFLAGS, &flags);
}

// ---- mounts

Fd open_tree(int dirfd, const std::string& path, unsigned flags) {
  return Fd(checked(
      [&] { return fmt::format("open_tree({}, {:#x})", at(dirfd, path), flags); },
      [&] { return static_cast<int>(syscall(SYS_open_tree, dirfd, path.c_str(), flags | OPEN_TREE_CLOEXEC)); }));
}

void move_mount(int from_dirfd, const std::string& from, int to_dirfd, const std::string& to, unsigned flags) {
  checked(
      [&] { return fmt::format("move_mount({}, {}, {:#x})", at(from_dirfd, from), at(to_dirfd, to), flags); },
      [&] { return static_cast<int>(syscall(SYS_move_mount, from_dirfd, from.c_str(), to_dirfd, to.c_str(), flags)); });
}

Fd fsopen(const std::string& type) {
  return Fd(checked([&] { return fmt::format("fsopen(\"{}\")", type); },
                    [&] { return static_cast<int>(syscall(SYS_fsopen, type.c_str(), FSOPEN_CLOEXEC)); }));
}

namespace {

// The kernel explains a refused option in the context's own log: the last line is put into the error.
std::string fs_log(int fsfd) {
  std::array<char, 512> buffer{};
  std::string last;
  for (;;) {
    const ssize_t got = ::read(fsfd, buffer.data(), buffer.size());
    if (got <= 0) return last;
    last.assign(buffer.data(), static_cast<std::size_t>(got));
    while (!last.empty() && last.back() == '\n') last.pop_back();
  }
}

void fsconfig(int fsfd, unsigned command, const char* key, const void* value, int aux, const std::string& text) {
  const std::uint64_t started = trace::start();
  const long result = syscall(SYS_fsconfig, fsfd, command, key, value, aux);
  const int err = result < 0 ? errno : 0;
  if (trace::enabled()) trace::line(started, text, result, err);
  if (result == 0) return;
  const std::string log = fs_log(fsfd);
  throw SysError(err, log.empty() ? text : text + " [" + log + "]");
}

}  // namespace

void fsconfig_string(int fsfd, const std::string& key, const std::string& value) {
  fsconfig(fsfd, FSCONFIG_SET_STRING, key.c_str(), value.c_str(), 0,
           fmt::format("fsconfig({}, \"{}\", \"{}\")", fsfd, key, value));
}

void fsconfig_flag(int fsfd, const std::string& key) {
  fsconfig(fsfd, FSCONFIG_SET_FLAG, key.c_str(), nullptr, 0, fmt::format("fsconfig({}, \"{}\")", fsfd, key));
}

void fsconfig_fd(int fsfd, const std::string& key, int fd) {
  fsconfig(fsfd, FSCONFIG_SET_FD, key.c_str(), nullptr, fd, fmt::format("fsconfig({}, \"{}\", fd {})", fsfd, key, fd));
}

void fsconfig_create(int fsfd) {
  fsconfig(fsfd, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0, fmt::format("fsconfig({}, CMD_CREATE)", fsfd));
}

Fd fsmount(int fsfd, unsigned attributes) {
  return Fd(checked([&] { return fmt::format("fsmount({}, {:#x})", fsfd, attributes); },
                    [&] { return static_cast<int>(syscall(SYS_fsmount, fsfd, FSMOUNT_CLOEXEC, attributes)); }));
}

void mount_setattr(int dirfd, const std::string& path, unsigned flags, const struct mount_attr& attributes) {
  checked(
      [&] {
        return fmt::format("mount_setattr({}, {:#x}, set {:#x} clear {:#x} propagation {:#x})", at(dirfd, path), flags,
                           std::uint64_t{attributes.attr_set}, std::uint64_t{attributes.attr_clr},
                           std::uint64_t{attributes.propagation});
      },
      [&] {
        return static_cast<int>(syscall(SYS_mount_setattr, dirfd, path.c_str(), flags, &attributes, sizeof attributes));
      });
}

void mount(const std::string& source, const std::string& target, const std::string& type, unsigned long flags,
           const std::string& data) {
  checked(
      [&] { return fmt::format("mount(\"{}\", \"{}\", \"{}\", {:#x}, \"{}\")", source, target, type, flags, data); },
      [&] {
        return ::mount(source.c_str(), target.c_str(), type.empty() ? nullptr : type.c_str(), flags,
                       data.empty() ? nullptr : data.c_str());
      });
}

void umount2(const std::string& target, int flags) {
  checked([&] { return fmt::format("umount2(\"{}\", {:#x})", target, flags); },
          [&] { return ::umount2(target.c_str(), flags); });
}

void pivot_root(const std::string& new_root, const std::string& put_old) {
  checked([&] { return fmt::format("pivot_root(\"{}\", \"{}\")", new_root, put_old); },
          [&] { return static_cast<int>(syscall(SYS_pivot_root, new_root.c_str(), put_old.c_str())); });
}

void chdir(const std::string& path) {
  checked([&] { return fmt::format("chdir(\"{}\")", path); }, [&] { return ::chdir(path.c_str()); });
}

void fchdir(int fd) {
  checked([&] { return fmt::format("fchdir({})", fd); }, [&] { return ::fchdir(fd); });
}

void chroot(const std::string& path) {
  checked([&] { return fmt::format("chroot(\"{}\")", path); }, [&] { return ::chroot(path.c_str()); });
}

// ---- processes and namespaces

pid_t clone3(struct clone_args& arguments) {
  return checked([&] { return fmt::format("clone3(flags {:#x})", std::uint64_t{arguments.flags}); },
                 [&] { return static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof arguments)); });
}

namespace {

// The C library has no wrapper for clone3, and a child on another stack cannot return from a function of ours.
long clone3_onto_stack(struct clone_args& arguments, int (*entry)(void*), void* argument) {
#if defined(__x86_64__)
  long result = SYS_clone3;
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "mov %[argument], %%rdi\n\t"
      "call *%[entry]\n\t"
      "mov %%eax, %%edi\n\t"
      "mov %[exit], %%eax\n\t"
      "syscall\n\t"
      "hlt\n"
      "1:"
      : "+a"(result)
      : "D"(&arguments), "S"(sizeof arguments), [entry] "r"(entry), [argument] "r"(argument), [exit] "i"(SYS_exit)
      : "rcx", "r11", "memory", "cc");
  return result;
#elif defined(__aarch64__)
  register long result asm("x0") = reinterpret_cast<long>(&arguments);
  register long size asm("x1") = sizeof arguments;
  register long number asm("x8") = SYS_clone3;
  asm volatile(
      "svc #0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x29, #0\n\t"
      "mov x0, %[argument]\n\t"
      "blr %[entry]\n\t"
      "mov x8, %[exit]\n\t"
      "svc #0\n"
      "1:"
      : "+r"(result)
      : "r"(size), "r"(number), [entry] "r"(entry), [argument] "r"(argument), [exit] "i"(SYS_exit)
      : "memory", "cc");
  return result;
#else
#error "clone3_onto_stack needs a few instructions for this processor"
#endif
}

}  // namespace

pid_t clone3_vfork(struct clone_args& arguments, std::span<char> stack, int (*entry)(void*), void* argument) {
  arguments.flags |= CLONE_VM | CLONE_VFORK;
  arguments.stack = reinterpret_cast<std::uint64_t>(stack.data());
  arguments.stack_size = stack.size();
  return checked([&] { return fmt::format("clone3(flags {:#x})", std::uint64_t{arguments.flags}); },
                 [&] {
                   const long result = clone3_onto_stack(arguments, entry, argument);
                   if (result < 0) errno = static_cast<int>(-result);
                   return static_cast<pid_t>(result < 0 ? -1 : result);
                 });
}

Fd pidfd_open(pid_t pid) {
  return Fd(checked([&] { return fmt::format("pidfd_open({})", pid); },
                    [&] { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }));
}

void pidfd_send_signal(int pidfd, int signal) {
  checked([&] { return fmt::format("pidfd_send_signal({}, {})", pidfd, signal); },
          [&] { return static_cast<int>(syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0)); });
}

bool pidfd_signal_if_alive(int pidfd, int signal) {
  if (syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0) return true;
  if (errno == ESRCH) return false;
  throw SysError(fmt::format("pidfd_send_signal({}, {})", pidfd, signal));
}

void setns(int fd, int nstype) {
  checked([&] { return fmt::format("setns({}, {:#x})", fd, nstype); }, [&] { return ::setns(fd, nstype); });
}

void unshare(int flags) {
  checked([&] { return fmt::format("unshare({:#x})", flags); }, [&] { return ::unshare(flags); });
}

void kill(pid_t pid, int signal) {
  checked([&] { return fmt::format("kill({}, {})", pid, signal); }, [&] { return ::kill(pid, signal); });
}

int waitpid(pid_t pid, int options) {
  int status = 0;
  checked([&] { return fmt::format("waitpid({})", pid); },
          [&] { return restarting([&] { return ::waitpid(pid, &status, options); }); });
  return status;
}

void prctl(std::string_view what, int option, unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5) {
  checked([&] { return fmt::format("prctl({}, {}, {})", what, a2, a3); },
          [&] { return ::prctl(option, a2, a3, a4, a5); });
}

void setresuid(uid_t uid) {
  checked([&] { return fmt::format("setresuid({})", uid); }, [&] { return ::setresuid(uid, uid, uid); });
}

void setresgid(gid_t gid) {
  checked([&] { return fmt::format("setresgid({})", gid); }, [&] { return ::setresgid(gid, gid, gid); });
}

void setgroups(std::span<const gid_t> groups) {
  checked([&] { return fmt::format("setgroups({} groups)", groups.size()); },
          [&] { return ::setgroups(groups.size(), groups.data()); });
}

pid_t setsid() {
  return checked([] { return std::string("setsid()"); }, [] { return ::setsid(); });
}

void sethostname(std::string_view name) {
  checked([&] { return fmt::format("sethostname(\"{}\")", name); },
          [&] { return ::sethostname(name.data(), name.size()); });
}

void setdomainname(std::string_view name) {
  checked([&] { return fmt::format("setdomainname(\"{}\")", name); },
          [&] { return ::setdomainname(name.data(), name.size()); });
}

// ---- sockets

namespace {
constexpr std::size_t kMaxFds = 32;
}

void send_message(int socket, std::string_view data, std::span<const int> fds) {
  if (fds.size() > kMaxFds) throw Error(ErrorKind::internal, "send_message: too many descriptors");
  iovec iov{const_cast<char*>(data.data()), data.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxFds)> control{};
  msghdr header{};
  header.msg_iov = &iov;
  header.msg_iovlen = 1;
  if (!fds.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* cmsg = CMSG_FIRSTHDR(&header);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(cmsg), fds.data(), fds.size_bytes());
  }
  checked([&] { return fmt::format("sendmsg({}, {} bytes, {} fds)", socket, data.size(), fds.size()); },
          [&] { return restarting([&] { return ::sendmsg(socket, &header, MSG_NOSIGNAL); }); });
}

Message receive_message(int socket, std::size_t max) {
  Message message;
  // Its size first: the longest possible message would be 64 KiB to clear for each of a few bytes.
  const auto size =
      checked([&] { return fmt::format("recv({}, MSG_PEEK)", socket); },
              [&] { return restarting([&] { return ::recv(socket, nullptr, 0, MSG_PEEK | MSG_TRUNC); }); });
  message.data.resize(std::min(static_cast<std::size_t>(size), max));
  iovec iov{message.data.data(), message.data.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxFds)> control{};
  msghdr header{};
  header.msg_iov = &iov;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const auto got = checked([&] { return fmt::format("recvmsg({})", socket); },
                           [&] { return restarting([&] { return ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC); }); });
  for (cmsghdr* cmsg = CMSG_FIRSTHDR(&header); cmsg != nullptr; cmsg = CMSG_NXTHDR(&header, cmsg)) {
    if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof fd);
      message.fds.emplace_back(fd);
    }
  }
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    throw Error(ErrorKind::corrupt_data,
                fmt::format("a message on descriptor {} is longer than {} bytes", socket, max));
  }
  message.data.resize(static_cast<std::size_t>(got));
  return message;
}

}  // namespace minidock::sys
