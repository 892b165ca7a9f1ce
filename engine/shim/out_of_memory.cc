#include "engine/shim/out_of_memory.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace minidock::shim {

bool was_oom_killed(const std::string& cgroups_path) {
  constexpr std::string_view kKey = "oom_kill ";
  for (const std::string& path : {"/sys/fs/cgroup" + cgroups_path + "/memory.events",
                                  "/sys/fs/cgroup/memory" + cgroups_path + "/memory.oom_control"}) {
    std::optional<std::string> text;
    try {
      text = file::read_if_exists(path, 4096);
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
