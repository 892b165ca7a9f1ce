#include "engine/shim/out_of_memory.h"

#include <fcntl.h>

#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"
#include "engine/runtime/cgroup_layout.h"
#include "engine/runtime/cgroup_v2.h"

namespace minidock::shim {
namespace {

std::optional<std::string> read_v2(const std::string& cgroups_path) {
  const Fd group = runtime::open_v2_cgroup(cgroups_path);
  const Fd events = group ? sys::openat_unless(group.get(), "memory.events", O_RDONLY, 0, ENOENT) : Fd();
  return events ? std::optional(file::read(events.get())) : std::nullopt;
}

std::optional<std::string> read_v1(const std::string& cgroups_path) {
  const runtime::CgroupLayout layout = runtime::read_v1_layout();
  const auto mount = layout.v1.find("memory");
  if (mount == layout.v1.end()) return std::nullopt;
  return file::read_if_exists(mount->second + cgroups_path + "/memory.oom_control", 4096);
}

}  // namespace

bool was_oom_killed(const std::string& cgroups_path) {
  constexpr std::string_view kKey = "oom_kill ";
  for (const auto read : {read_v2, read_v1}) {
    std::optional<std::string> text;
    try {
      text = read(cgroups_path);
    } catch (const Error&) {
      continue;  // only a detail of the exit record
    }
    const std::size_t line = text ? ("\n" + *text).find("\n" + std::string(kKey)) : std::string::npos;
    if (line == std::string::npos) continue;
    int kills = 0;
    std::from_chars(text->data() + line + kKey.size(), text->data() + text->size(), kills);
    return kills > 0;
  }
  return false;
}

}  // namespace minidock::shim
