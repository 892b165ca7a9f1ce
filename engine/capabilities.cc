#include "engine/capabilities.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/runtime/capabilities.h"

namespace minidock {
namespace {

constexpr std::array<std::string_view, 14> kDefault{
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
    "CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
    "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
    "CAP_KILL",    "CAP_AUDIT_WRITE"};

// What this kernel has, and what this process may pass on: one that its own bounding set lacks cannot be
// given to a container.
std::vector<std::string_view> available() {
  const std::string status = file::read("/proc/self/status");
  std::uint64_t bounding = 0;
  const std::size_t line = status.find("\nCapBnd:\t");
  if (line != std::string::npos) {
    const char* digits = status.data() + line + 9;
    std::from_chars(digits, digits + 16, bounding, 16);
  }
  const std::span<const std::string_view> all = runtime::capability_names();
  std::vector<std::string_view> result;
  for (std::size_t number = 0; number < all.size(); ++number) {
    if ((bounding >> number & 1U) != 0) result.push_back(all[number]);
  }
  return result;
}

}  // namespace

std::vector<std::string> normalise_capabilities(const std::vector<std::string>& names, const char* option) {
  const std::span<const std::string_view> known = runtime::capability_names();
  std::vector<std::string> result;
  for (const std::string& typed : names) {
    std::string name = upper_case(typed);
    if (name != "ALL" && !name.starts_with("CAP_")) name = "CAP_" + name;
    if (name == "CAP_ALL") name = "ALL";
    if (name != "ALL" && std::find(known.begin(), known.end(), name) == known.end()) {
      throw Error(ErrorKind::invalid_argument, fmt::format("invalid {}: unknown capability: \"{}\"", option, name));
    }
    result.push_back(name);
  }
  return result;
}

std::vector<std::string> effective_capabilities(bool privileged, const std::vector<std::string>& add,
                                                const std::vector<std::string>& drop) {
  const std::vector<std::string> added = normalise_capabilities(add, "CapAdd");
  const std::vector<std::string> dropped = normalise_capabilities(drop, "CapDrop");
  const auto contains = [](const auto& list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  // docker's cases, in its order: "ALL" on either side is the base, single names are the exceptions.
  const auto wanted = [&](std::string_view name) {
    if (privileged) return true;
    if (contains(added, "ALL")) return !contains(dropped, name);
    if (contains(dropped, "ALL")) return contains(added, name);
    return contains(added, name) || (contains(kDefault, name) && !contains(dropped, name));
  };
  std::vector<std::string> result;
  for (const std::string_view name : available()) {
    if (wanted(name)) result.emplace_back(name);
  }
  return result;
}

}  // namespace minidock
