#include "storage/instance.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"

namespace minidock::storage {
namespace {

std::string make_absolute(const std::string& path, std::string_view option) {
  if (path.empty()) throw Error(ErrorKind::invalid_argument, fmt::format("{} must name a directory", option));
  if (path.find('\0') != std::string::npos || path.find('\n') != std::string::npos) {
    throw Error(ErrorKind::invalid_argument, fmt::format("{}: a directory name with control characters", option));
  }
  if (path.front() == '/') return path::clean_absolute(path);
  std::array<char, PATH_MAX> cwd{};
  if (getcwd(cwd.data(), cwd.size()) == nullptr) throw SysError("getcwd");
  return path::clean_absolute(std::string(cwd.data()) + "/" + path);
}

// Two spellings of one directory (/var/run and /run) are one instance, so names come from where the links lead.
std::string canonical(const std::string& path) {
  std::error_code error;
  const std::filesystem::path result = std::filesystem::weakly_canonical(path, error);
  return error ? path : result.string();
}

// FNV-1a: the names need to differ between instances, not to withstand anybody.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325U;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return value;
}

// Empty for the default directories.
std::string suffix_of(const std::string& root, const std::string& state) {
  if (root == kDefaultRoot && state == kDefaultState) return "";
  const std::string real_root = canonical(root);
  const std::string real_state = canonical(state);
  if (real_root == canonical(kDefaultRoot) && real_state == canonical(kDefaultState)) return "";
  const std::uint64_t value = hash(real_root + '\n' + real_state);
  return fmt::format("{:08x}", static_cast<std::uint32_t>(value ^ (value >> 32U)));
}

}  // namespace

Instance make_instance(const std::string& root, const std::string& state) {
  Instance instance;
  instance.root = make_absolute(root, "--root");
  instance.state = make_absolute(state, "--state");
  const std::string suffix = suffix_of(instance.root, instance.state);
  instance.bridge = suffix.empty() ? "minidock0" : "md" + suffix;
  instance.nft_table = suffix.empty() ? "minidock" : "minidock-" + suffix;
  instance.cgroup_parent = instance.nft_table;
  return instance;
}

void create_directories(const Instance& instance) {
  // What lies above root and state is the host's and readable as usual; ours is closed (R11).
  file::make_directories(path::parent_of(instance.root), 0755);
  file::make_directories(path::parent_of(instance.state), 0755);
  for (const std::string& directory :
       {instance.root, instance.state, instance.blobs(), instance.volumes(), instance.cache(),
        instance.root + "/containers", instance.state + "/containers", instance.state + "/names"}) {
    file::make_directories(directory, 0700);
  }
  if (sys::mkdirat_if_absent(AT_FDCWD, instance.layers(), 0700)) {
    const Fd layers = sys::open(instance.layers(), O_RDONLY | O_DIRECTORY);
    sys::set_topdir_flag(layers.get());
  }
}

}  // namespace minidock::storage
