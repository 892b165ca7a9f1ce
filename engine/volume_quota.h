// A limit on the bytes of a directory: project quota of ext4 and xfs (quotactl(2), ioctl_xfs FS_IOC_FSSETXATTR).
#pragma once

#include <cstdint>
#include <string>

namespace minidock {

// Gives the empty directory a project of its own, which what is made in it inherits. ErrorKind::unsupported in docker's
// words when its file system has no project quota switched on.
void limit_directory(const std::string& path, std::uint64_t bytes);

// Forgets the limit of a directory's project; nothing happens where there is none.
void release_directory_limit(const std::string& path) noexcept;

}  // namespace minidock
