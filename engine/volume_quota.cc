#include "engine/volume_quota.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/fd.h"
#include "base/random.h"
#include "base/syscall.h"

namespace minidock {
namespace {

// Clear of what administrators number by hand in /etc/projects.
constexpr std::uint32_t kFirstProject = 1U << 24U;
constexpr std::uint32_t kProjects = 1U << 30U;
constexpr std::uint64_t kBlock = 1024;  // QIF_DQBLKSIZE

unsigned command(unsigned operation) { return static_cast<unsigned>(QCMD(operation, PRJQUOTA)); }

// quotactl_fd(2), Linux 5.14; glibc has no wrapper.
long quotactl_fd(int fd, unsigned operation, std::uint32_t project, void* argument) {
  return ::syscall(SYS_quotactl_fd, fd, command(operation), project, argument);
}

bool is_free(int fd, std::uint32_t project) {
  struct if_dqblk usage {};
  if (quotactl_fd(fd, Q_GETQUOTA, project, &usage) != 0) {
    if (errno == ESRCH || errno == ENOENT) return true;
    throw SysError(fmt::format("quotactl(Q_GETQUOTA, project {})", project));
  }
  return usage.dqb_bhardlimit == 0 && usage.dqb_curspace == 0;
}

void set_limit(int fd, std::uint32_t project, std::uint64_t blocks) {
  struct if_dqblk limit {};
  limit.dqb_bhardlimit = blocks;
  limit.dqb_valid = QIF_BLIMITS;
  sys::checked([&] { return fmt::format("quotactl(Q_SETQUOTA, project {}, {} KiB)", project, blocks); },
               [&] { return quotactl_fd(fd, Q_SETQUOTA, project, &limit); });
}

void set_project(int fd, std::uint32_t project) {
  struct fsxattr attributes {};
  sys::checked([] { return std::string("ioctl(FS_IOC_FSGETXATTR)"); },
               [&] { return ::ioctl(fd, FS_IOC_FSGETXATTR, &attributes); });
  attributes.fsx_projid = project;
  attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
  sys::checked([&] { return fmt::format("ioctl(FS_IOC_FSSETXATTR, project {})", project); },
               [&] { return ::ioctl(fd, FS_IOC_FSSETXATTR, &attributes); });
}

}  // namespace

void limit_directory(const std::string& path, std::uint64_t bytes) {
  const Fd directory = sys::open(path, O_RDONLY | O_DIRECTORY);
  struct if_dqinfo info {};
  if (quotactl_fd(directory.get(), Q_GETINFO, 0, &info) != 0) {
    throw Error(ErrorKind::unsupported,
                fmt::format("quota size requested but no quota support: mount the file system of {} with project quota "
                            "(prjquota)",
                            path),
                errno);
  }
  std::uint32_t project = kFirstProject + random::below(kProjects);
  while (!is_free(directory.get(), project)) project = kFirstProject + random::below(kProjects);
  set_project(directory.get(), project);
  set_limit(directory.get(), project, (bytes + kBlock - 1) / kBlock);
}

void release_directory_limit(const std::string& path) noexcept {
  const Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct fsxattr attributes {};
  if (!directory || ::ioctl(directory.get(), FS_IOC_FSGETXATTR, &attributes) != 0) return;
  if (attributes.fsx_projid < kFirstProject || (attributes.fsx_xflags & FS_XFLAG_PROJINHERIT) == 0) return;
  struct if_dqblk none {};
  none.dqb_valid = QIF_BLIMITS;
  // A limit that stays behind is no harm: its project is not given again while it is there.
  (void)quotactl_fd(directory.get(), Q_SETQUOTA, attributes.fsx_projid, &none);
}

}  // namespace minidock
