#include "engine/runtime/seccomp_filter.h"

#include <fmt/format.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "base/file.h"
#include "base/syscall.h"

namespace minidock::runtime {

std::vector<sock_filter> parent_read_filter(const std::string& file) {
  if (file.empty()) return {};
  const std::string bytes = file::read(file, BPF_MAXINSNS * sizeof(sock_filter));
  if (bytes.empty() || bytes.size() % sizeof(sock_filter) != 0) {
    throw Error(ErrorKind::corrupt_data,
                fmt::format("{} is not a seccomp filter: remove it to have it made again", file));
  }
  std::vector<sock_filter> filter(bytes.size() / sizeof(sock_filter));
  std::memcpy(filter.data(), bytes.data(), bytes.size());
  return filter;
}

void child_load_filter(const std::vector<sock_filter>& filter) {
  const sock_fprog program{static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
  sys::checked([&] { return fmt::format("seccomp(SECCOMP_SET_MODE_FILTER, {} instructions)", filter.size()); },
               [&] { return static_cast<int>(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)); });
}

}  // namespace minidock::runtime
