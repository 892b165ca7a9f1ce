#include "engine/runtime/user_lookup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"

namespace minidock::runtime {
namespace {

constexpr std::size_t kMaxFileSize = 1024 * 1024;
constexpr std::uint64_t kMaxId = 2147483647;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// A negative one too: it is out of range, and no name.
bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::uint32_t parse_id(std::string_view text) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || id > kMaxId) {
    throw Error(ErrorKind::invalid_argument, fmt::format("uids and gids must be in range 0-{}", kMaxId));
  }
  return static_cast<std::uint32_t>(id);
}

// An entry's own numbers: a line that holds none is not an entry.
std::optional<std::uint32_t> entry_id(std::string_view text) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id > kMaxId) return std::nullopt;
  return static_cast<std::uint32_t>(id);
}

struct PasswdEntry {
  std::string_view name;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string_view home;
};

// name:password:uid:gid:comment:home:shell
template <typename Matches>
std::optional<PasswdEntry> find_user(std::string_view passwd, Matches matches) {
  for (const std::string_view line : split(passwd, '\n')) {
    const std::vector<std::string_view> fields = split(line, ':');
    if (fields.size() < 4) continue;
    const std::optional<std::uint32_t> uid = entry_id(fields[2]);
    const std::optional<std::uint32_t> gid = entry_id(fields[3]);
    if (!uid || !gid) continue;
    const PasswdEntry entry{fields[0], *uid, *gid, fields.size() > 5 ? fields[5] : std::string_view{}};
    if (matches(entry)) return entry;
  }
  return std::nullopt;
}

// name:password:gid:member,member
template <typename Visit>
void for_each_group(std::string_view group, Visit visit) {
  for (const std::string_view line : split(group, '\n')) {
    const std::vector<std::string_view> fields = split(line, ':');
    if (fields.size() < 3) continue;
    const std::optional<std::uint32_t> gid = entry_id(fields[2]);
    if (gid) visit(fields[0], *gid, fields.size() > 3 ? fields[3] : std::string_view{});
  }
}

gid_t resolve_group(std::string_view wanted, std::string_view group) {
  if (is_number(wanted)) return parse_id(wanted);
  std::optional<gid_t> found;
  for_each_group(group, [&](std::string_view name, gid_t gid, std::string_view) {
    if (!found && name == wanted) found = gid;
  });
  if (found) return *found;
  throw Error(ErrorKind::invalid_argument,
              fmt::format("unable to find group {}: no matching entries in group file", wanted));
}

void add_group(User& user, gid_t gid) {
  if (std::find(user.groups.begin(), user.groups.end(), gid) == user.groups.end()) user.groups.push_back(gid);
}

std::string read_account_file(int root, const char* path) {
  // A FIFO must not block, a device or a huge file must not be read.
  const Fd fd = path::open_in_root_if_exists(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd) return {};
  if (!S_ISREG(sys::fstat(fd.get()).st_mode)) {
    throw Error(ErrorKind::corrupt_data, fmt::format("{} of the container is not a regular file", path));
  }
  try {
    return file::read(fd.get(), kMaxFileSize);
  } catch (const Error& error) {
    throw error.with_context(fmt::format("reading {} of the container", path));
  }
}

}  // namespace

User resolve_user(std::string_view wanted, const std::vector<std::string>& additional_groups, std::string_view passwd,
                  std::string_view group) {
  const std::size_t colon = wanted.find(':');
  const std::string_view name = wanted.substr(0, colon);
  const std::string_view group_name = colon == std::string_view::npos ? std::string_view{} : wanted.substr(colon + 1);
  User user;
  const bool by_number = name.empty() || is_number(name);
  if (by_number && !name.empty()) user.uid = parse_id(name);
  const std::optional<PasswdEntry> entry = find_user(passwd, [&](const PasswdEntry& candidate) {
    return by_number ? candidate.uid == user.uid : candidate.name == name;
  });
  if (!entry && !by_number) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("unable to find user {}: no matching entries in passwd file", name));
  }
  if (entry) {
    user.uid = entry->uid;
    user.gid = entry->gid;
    if (!entry->home.empty()) user.home = entry->home;
  }
  if (!group_name.empty()) user.gid = resolve_group(group_name, group);
  add_group(user, user.gid);
  // A user's own groups count only when no group was named.
  if (group_name.empty() && entry) {
    for_each_group(group, [&](std::string_view, gid_t gid, std::string_view members) {
      const std::vector<std::string_view> names = split(members, ',');
      if (std::find(names.begin(), names.end(), entry->name) != names.end()) add_group(user, gid);
    });
  }
  for (const std::string& additional : additional_groups) add_group(user, resolve_group(additional, group));
  return user;
}

User child_look_up_user(int root, const std::string& wanted, const std::vector<std::string>& additional_groups) {
  const std::string passwd = read_account_file(root, "/etc/passwd");
  const std::string group = read_account_file(root, "/etc/group");
  return resolve_user(wanted, additional_groups, passwd, group);
}

}  // namespace minidock::runtime
