// One throwing wrapper per system call: the SysError names the call, its arguments and strerror, and with tracing on
// each call is written with its time. Wrappers retry EINTR where the call may be restarted. Descriptors opened here are
// O_CLOEXEC always. Paths are taken relative to `dirfd` (AT_FDCWD for the current directory).
#pragma once

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "base/trace.h"

namespace minidock::sys {

// Runs `call` (returns -1 and sets errno on failure); traces it; throws SysError(describe()). `describe` builds the text
// only when it is needed.
template <typename Describe, typename Call>
auto checked(Describe describe, Call call) -> decltype(call()) {
  const std::uint64_t started = trace::start();
  const auto result = call();
  const int err = result < 0 ? errno : 0;
  if (trace::enabled()) trace::line(started, describe(), static_cast<long>(result), err);
  if (result < 0) throw SysError(err, describe());
  return result;
}

// ---- descriptors and files
Fd open(const std::string& path, int flags, mode_t mode = 0);
Fd openat(int dirfd, const std::string& path, int flags, mode_t mode = 0);
// resolve: RESOLVE_* of openat2(2).
Fd openat2(int dirfd, const std::string& path, int flags, mode_t mode, std::uint64_t resolve);
// Invalid Fd for ENOENT and ENOTDIR; creates nothing.
Fd openat2_if_exists(int dirfd, const std::string& path, int flags, std::uint64_t resolve);
// Invalid Fd instead of an error for the named errno (usually ENOENT).
Fd openat_unless(int dirfd, const std::string& path, int flags, mode_t mode, int tolerated_errno);
Fd dup_cloexec(int fd);
Pipe pipe();
// AF_UNIX; type SOCK_STREAM, SOCK_SEQPACKET …
SocketPair socketpair(int type);
std::size_t read(int fd, void* buffer, std::size_t size);
std::size_t pread(int fd, void* buffer, std::size_t size, off_t offset);
void write_all(int fd, std::string_view data);
void pwrite_all(int fd, std::string_view data, std::uint64_t offset);
void mkdirat(int dirfd, const std::string& path, mode_t mode);
// True when it was created, false when something already has the name.
bool mkdirat_if_absent(int dirfd, const std::string& path, mode_t mode);
void mknodat(int dirfd, const std::string& path, mode_t mode, dev_t device);
void symlinkat(const std::string& target, int dirfd, const std::string& path);
std::string readlinkat(int dirfd, const std::string& path);
void linkat(int old_dirfd, const std::string& old_path, int new_dirfd, const std::string& new_path, int flags);
// flags: 0 or AT_REMOVEDIR.
void unlinkat(int dirfd, const std::string& path, int flags);
// True when something was removed, false for ENOENT.
bool unlinkat_if_present(int dirfd, const std::string& path, int flags);
// flags: RENAME_* of renameat2(2).
void renameat(int old_dirfd, const std::string& old_path, int new_dirfd, const std::string& new_path,
              unsigned flags = 0);
struct stat fstat(int fd);
struct stat fstatat(int dirfd, const std::string& path, int flags);
void fchmod(int fd, mode_t mode);
void fchown(int fd, uid_t uid, gid_t gid);
void fchownat(int dirfd, const std::string& path, uid_t uid, gid_t gid, int flags);
void fsync(int fd);
void syncfs(int fd);
void ftruncate(int fd, off_t size);
// operation: LOCK_* of flock(2).
void flock(int fd, int operation);
// False when LOCK_NB was given and another holds the lock.
bool try_flock(int fd, int operation);
// Adds FS_TOPDIR_FL so that ext4 spreads sub-directories; a file system without the flag is left as it is.
void set_topdir_flag(int dirfd) noexcept;

// ---- mounts (the descriptor based API of Linux 5.2 and later)
Fd open_tree(int dirfd, const std::string& path, unsigned flags);
void move_mount(int from_dirfd, const std::string& from, int to_dirfd, const std::string& to, unsigned flags);
Fd fsopen(const std::string& type);
void fsconfig_string(int fsfd, const std::string& key, const std::string& value);
void fsconfig_flag(int fsfd, const std::string& key);
void fsconfig_fd(int fsfd, const std::string& key, int fd);
void fsconfig_create(int fsfd);
// attributes: MOUNT_ATTR_*.
Fd fsmount(int fsfd, unsigned attributes);
// flags: AT_EMPTY_PATH, AT_RECURSIVE.
void mount_setattr(int dirfd, const std::string& path, unsigned flags, const struct mount_attr& attributes);
void mount(const std::string& source, const std::string& target, const std::string& type, unsigned long flags,
           const std::string& data);
void umount2(const std::string& target, int flags);
void pivot_root(const std::string& new_root, const std::string& put_old);
void chdir(const std::string& path);
void fchdir(int fd);
void chroot(const std::string& path);

// ---- processes and namespaces
// 0 in the child. The caller must be single-threaded (the child runs general C++).
pid_t clone3(struct clone_args& arguments);
// As vfork(2): the child shares the caller's memory, runs `entry` on `stack` (its size a multiple of 16) and ends with
// its result; the caller stands still until the child has exited or executed a program. Sparing the copy of the page
// tables, and of each page that is written afterwards, is what it is for.
pid_t clone3_vfork(struct clone_args& arguments, std::span<char> stack, int (*entry)(void*), void* argument);
Fd pidfd_open(pid_t pid);
void pidfd_send_signal(int pidfd, int signal);
// False when the process is gone already (ESRCH).
bool pidfd_signal_if_alive(int pidfd, int signal);
void setns(int fd, int nstype);
void unshare(int flags);
void kill(pid_t pid, int signal);
// Waits for `pid`; the raw status of waitpid(2).
int waitpid(pid_t pid, int options = 0);
// `what` names the option in the error, e.g. "PR_SET_DUMPABLE".
void prctl(std::string_view what, int option, unsigned long a2 = 0, unsigned long a3 = 0, unsigned long a4 = 0,
           unsigned long a5 = 0);
void setresuid(uid_t uid);
void setresgid(gid_t gid);
void setgroups(std::span<const gid_t> groups);
pid_t setsid();
void sethostname(std::string_view name);
void setdomainname(std::string_view name);

// ---- sockets
// Sends one message with up to 32 descriptors (borrowed).
void send_message(int socket, std::string_view data, std::span<const int> fds = {});
struct Message {
  std::string data;  // empty at end of file
  std::vector<Fd> fds;
};
// Receives one SOCK_SEQPACKET message of at most `max` bytes; longer ones are ErrorKind::corrupt_data.
Message receive_message(int socket, std::size_t max = 64 * 1024);

}  // namespace minidock::sys
