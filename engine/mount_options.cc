#include "engine/mount_options.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/path.h"
#include "engine/option_words.h"
#include "engine/volume_driver.h"

namespace minidock::options {
namespace {

using Type = MountRequest::Type;

constexpr std::array<std::string_view, 6> kPropagations{"private", "rprivate", "shared", "rshared", "slave", "rslave"};

template <std::size_t size>
bool is_one_of(const std::array<std::string_view, size>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// ---- -v

std::string working_directory() {
  const std::unique_ptr<char, decltype(&std::free)> path(::getcwd(nullptr, 0), &std::free);
  if (!path) throw SysError("getcwd");
  return path.get();
}

void set_source(MountRequest& mount, const std::string& source) {
  if (source.starts_with('/') || source.starts_with('.')) {
    mount.type = Type::bind;
    mount.source = path::clean_absolute(source.starts_with('/') ? source : working_directory() + "/" + source);
    mount.create_source = true;
    return;
  }
  check_volume_name(source);
  mount.type = Type::volume;
  mount.source = source;
}

// docker: at most one word of each kind.
enum class ModeKind { access, label, propagation, copy, consistency, chown, overlay, idmap };

std::optional<ModeKind> kind_of(std::string_view word) {
  if (word == "ro" || word == "rw") return ModeKind::access;
  if (word == "z" || word == "Z") return ModeKind::label;
  if (is_one_of(kPropagations, word)) return ModeKind::propagation;
  if (word == "nocopy") return ModeKind::copy;
  if (word == "consistent" || word == "cached" || word == "delegated") return ModeKind::consistency;
  if (word == "U") return ModeKind::chown;
  if (word == "O") return ModeKind::overlay;
  if (word == "idmap") return ModeKind::idmap;
  return std::nullopt;
}

[[noreturn]] void refuse_field(const std::string& whole, const char* type, const char* field) {
  invalid(
      fmt::format("invalid volume specification: '{}': invalid mount config for type \"{}\": field {} must not be "
                  "specified",
                  whole, type, field));
}

void apply_mode(MountRequest& mount, ModeKind kind, const std::string& word, const std::string& whole) {
  switch (kind) {
    case ModeKind::access:
      mount.read_only = word == "ro";
      break;
    case ModeKind::propagation:
      if (mount.type != Type::bind) refuse_field(whole, "volume", "BindOptions");
      mount.propagation = word;
      break;
    case ModeKind::copy:
      if (mount.type != Type::volume) refuse_field(whole, "bind", "VolumeOptions");
      mount.no_copy = true;
      break;
    case ModeKind::chown:
      mount.chown = true;
      break;
    case ModeKind::overlay:
      mount.overlay = true;
      break;
    case ModeKind::idmap:
      mount.idmap = true;
      break;
    case ModeKind::label:        // docker does nothing with them where SELinux is off, as on every host of ours
    case ModeKind::consistency:  // docker's for macOS: on Linux a bind is always consistent
      break;
  }
}

void apply_modes(MountRequest& mount, const std::string& modes, const std::string& whole) {
  std::set<ModeKind> seen;
  for (const std::string& word : split(modes, ',')) {
    const std::optional<ModeKind> kind = kind_of(word);
    if (!kind || !seen.insert(*kind).second) invalid(fmt::format("invalid mode: {}", modes));
    apply_mode(mount, *kind, word, whole);
  }
  if (mount.overlay && (mount.read_only || mount.chown)) {
    invalid(fmt::format("invalid mode: {}: O excludes ro and U", modes));
  }
}

// ---- --tmpfs

constexpr std::array<std::string_view, 20> kTmpfsWords{
    "defaults", "ro",       "rw",         "suid",     "nosuid",      "dev",  "nodev", "exec",    "noexec",  "atime",
    "noatime",  "diratime", "nodiratime", "relatime", "strictatime", "sync", "async", "dirsync", "private", "rprivate"};

bool is_number(std::string_view text, std::string_view digits) {
  return !text.empty() && text.find_first_not_of(digits) == std::string_view::npos;
}

// The kernel's sizes: "64m", "50%".
bool is_tmpfs_size(std::string_view text) {
  if (!text.empty() && std::string_view("kKmMgGtT%").find(text.back()) != std::string_view::npos) text.remove_suffix(1);
  return is_number(text, "0123456789");
}

bool is_tmpfs_option(const std::string& option) {
  if (is_one_of(kTmpfsWords, option)) return true;
  const std::size_t equals = option.find('=');
  if (equals == std::string::npos) return false;
  const std::string key = option.substr(0, equals);
  const std::string value = option.substr(equals + 1);
  if (key == "size" || key == "nr_blocks" || key == "nr_inodes") return is_tmpfs_size(value);
  if (key == "mode") return is_number(value, "01234567") && value.size() <= 5;
  if (key == "uid" || key == "gid") return is_number(value, "0123456789");
  return key == "mpol" && !value.empty();
}

}  // namespace

MountRequest parse_volume(const std::string& whole) {
  std::vector<std::string> parts = split(whole, ':');
  if (parts.size() > 3) invalid(fmt::format("invalid volume specification: '{}'", whole));
  if (parts.size() > 1 && (parts[0].empty() || parts[1].empty())) {
    invalid(fmt::format("invalid spec: {}: empty section between colons", whole));
  }
  MountRequest mount;
  mount.type = Type::volume;
  if (parts.size() > 1) set_source(mount, parts[0]);
  const std::string& destination = parts[parts.size() == 1 ? 0 : 1];
  try {
    check_destination(destination);
  } catch (const Error& error) {
    throw error.with_context(fmt::format("invalid volume specification: '{}': invalid mount config for type \"{}\"",
                                         whole, mount.type == Type::bind ? "bind" : "volume"));
  }
  mount.destination = path::clean_absolute(destination);
  if (parts.size() == 3 && !parts[2].empty()) apply_modes(mount, parts[2], whole);
  if (mount.type == Type::bind) parts[0] = mount.source;
  mount.text = fmt::format("{}", fmt::join(parts, ":"));
  return mount;
}

std::string volume_mode(const std::string& text) {
  const std::vector<std::string> parts = split(text, ':');
  return parts.size() == 3 ? parts[2] : "";
}

MountRequest parse_tmpfs(const std::string& whole) {
  const std::size_t colon = whole.find(':');
  MountRequest mount;
  mount.type = Type::tmpfs;
  mount.text = whole;
  check_destination(whole.substr(0, colon));
  mount.destination = path::clean_absolute(whole.substr(0, colon));
  if (colon == std::string::npos || colon + 1 == whole.size()) return mount;
  mount.tmpfs_options = whole.substr(colon + 1);
  for (const std::string& option : split(mount.tmpfs_options, ',')) {
    if (!is_tmpfs_option(option)) invalid(fmt::format("invalid tmpfs option [\"{}\"]", option));
  }
  return mount;
}

VolumesFrom parse_volumes_from(const std::string& text) {
  if (text.empty()) invalid("volumes-from specification cannot be an empty string");
  const std::size_t colon = text.find(':');
  VolumesFrom from;
  from.container = text.substr(0, colon);
  if (colon == std::string::npos) return from;
  MountRequest mount;
  mount.type = Type::volume;
  const std::string mode = text.substr(colon + 1);
  for (const std::string& word : split(mode, ',')) {
    const std::optional<ModeKind> kind = kind_of(word);
    if (kind != ModeKind::access && kind != ModeKind::label) invalid(fmt::format("invalid mode: {}", mode));
  }
  apply_modes(mount, mode, text);
  from.read_only = mount.read_only;
  return from;
}

}  // namespace minidock::options
