#include "storage/pack/pack.h"

#include "storage/unpack/jail.h"

namespace minidock::storage {
namespace {

Json pack(const PackSource& source, const std::vector<int>& fds, pid_t parent) {
  TarWriter tar(fds[1]);
  const Fd descriptors = open_own_descriptors();
  enter_empty_jail(fds.size() > 2 ? fds[2] : -1, parent);
  restrict_system_calls();
  TreePacker(tar, descriptors.get(), source.rules).pack(fds[0], source.base, source.name);
  tar.finish();
  return Json{{"size", tar.written()}};
}

}  // namespace

Packer Packer::start(const PackSource& source, int output) {
  std::vector<int> descriptors = {source.parent, output};
  if (source.user_namespace >= 0) descriptors.push_back(source.user_namespace);
  return Packer(
      JailedProcess::start(descriptors, "the process that reads files",
                           [&source](const std::vector<int>& fds, pid_t parent) { return pack(source, fds, parent); }));
}

std::uint64_t Packer::finish() { return static_cast<std::uint64_t>(json::get_int(process_.finish(), "size")); }

}  // namespace minidock::storage
