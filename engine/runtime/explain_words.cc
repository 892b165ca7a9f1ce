#include "engine/runtime/explain_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "engine/runtime/capabilities.h"

namespace minidock::runtime {
namespace {

constexpr std::size_t kMostWords = 20;

struct TypeName {
  int flag;
  const char* name;
};

constexpr std::array kTypeNames = {TypeName{CLONE_NEWNS, "mount"},    TypeName{CLONE_NEWUTS, "uts"},
                                   TypeName{CLONE_NEWIPC, "ipc"},     TypeName{CLONE_NEWPID, "pid"},
                                   TypeName{CLONE_NEWNET, "network"}, TypeName{CLONE_NEWUSER, "user"}};

std::string without_prefix(std::string_view name, std::string_view prefix) {
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  return lower_case(std::string(name));
}

std::string limit_text(std::uint64_t value) { return value == UINT64_MAX ? "unlimited" : std::to_string(value); }

}  // namespace

std::string describe(const NamespacePlan& plan) {
  std::vector<std::string> own;
  std::vector<std::string> joins;
  for (const TypeName& type : kTypeNames) {
    if (plan.has_new(type.flag)) own.emplace_back(type.name);
    if (plan.has_join(type.flag)) joins.emplace_back(type.name);
  }
  std::string text = fmt::format("{}", fmt::join(own, ", "));
  if (!joins.empty()) text += fmt::format("; joined: {}", fmt::join(joins, ", "));
  return text;
}

std::string describe(const std::vector<IdMapping>& mappings) {
  std::vector<std::string> ranges;
  for (const IdMapping& range : mappings) {
    const std::uint64_t last = std::uint64_t{range.size} - 1;
    ranges.push_back(fmt::format("{}-{} inside are {}-{} outside", range.container_id, range.container_id + last,
                                 range.host_id, range.host_id + last));
  }
  return fmt::format("{}", fmt::join(ranges, ", "));
}

std::string describe(const Mount& mount) {
  const std::string& what = mount.type == "bind" ? mount.source : mount.type;
  const std::string options = mount.options.empty() ? "" : fmt::format(" ({})", fmt::join(mount.options, ","));
  return fmt::format("{} on {}{}", what, mount.destination, options);
}

std::string describe(const std::vector<Rlimit>& limits) {
  std::vector<std::string> words;
  for (const Rlimit& limit : limits) {
    words.push_back(
        fmt::format("{} {}:{}", without_prefix(limit.type, "RLIMIT_"), limit_text(limit.soft), limit_text(limit.hard)));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string describe_capabilities(std::uint64_t set) {
  std::vector<std::string> words;
  const auto names = capability_names();
  for (std::size_t number = 0; number < names.size(); ++number) {
    if ((set >> number & 1U) != 0) words.push_back(without_prefix(names[number], "CAP_"));
  }
  return fmt::format("{} of {}: {}", words.size(), names.size(), words.empty() ? "none" : joined_words(words));
}

std::string joined_words(const std::vector<std::string>& words) {
  if (words.size() <= kMostWords) return fmt::format("{}", fmt::join(words, " "));
  return fmt::format("{} ...", fmt::join(words.begin(), words.begin() + kMostWords, " "));
}

}  // namespace minidock::runtime
