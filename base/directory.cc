#include "base/directory.h"

#include <dirent.h>
#include <fcntl.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "base/fd.h"
#include "base/syscall.h"

namespace minidock::file {

std::vector<std::string> names_in(int directory) {
  const Fd listing = sys::openat(directory, ".", O_RDONLY | O_DIRECTORY);
  std::vector<std::string> names;
  alignas(dirent64) std::array<char, 32768> buffer{};
  for (;;) {
    const ssize_t got = getdents64(listing.get(), buffer.data(), buffer.size());
    if (got < 0) throw SysError("getdents64 of a directory");
    if (got == 0) return names;
    for (ssize_t at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const struct dirent64*>(buffer.data() + at);
      at += entry->d_reclen;
      std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(std::move(name));
    }
  }
}

std::vector<std::string> names_in(const std::string& path) {
  const Fd directory = sys::openat_unless(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0, ENOENT);
  if (!directory) return {};
  return names_in(directory.get());
}

}  // namespace minidock::file
