// --mount: docker's keys, and docker's words for wrong ones.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "engine/mount_options.h"
#include "engine/option_words.h"

namespace minidock::options {
namespace {

using Type = MountRequest::Type;

// RFC 4180: a field in double quotes may hold commas, "" is one quote.
std::vector<std::string> csv_fields(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool starts_field = i == 0 || line[i - 1] == ',';
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += line[++i];
    } else if (quoted && c == '"') {
      quoted = false;
      if (i + 1 < line.size() && line[i + 1] != ',') {
        invalid(fmt::format("parse error on line 1, column {}: extraneous or missing \" in quoted-field", i + 1));
      }
    } else if (!quoted && c == '"' && starts_field) {
      quoted = true;
    } else if (!quoted && c == '"') {
      invalid(fmt::format("parse error on line 1, column {}: bare \" in non-quoted-field", i + 1));
    } else if (!quoted && c == ',') {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  if (quoted) {
    invalid(fmt::format("parse error on line 1, column {}: extraneous or missing \" in quoted-field", line.size() + 1));
  }
  return fields;
}

// Go's strconv.ParseBool.
bool truth_of(const std::string& key, const std::string& value) {
  if (const std::optional<bool> truth = options::parse_bool(value)) return *truth;
  invalid(fmt::format("invalid value for {}: {}", key, value));
}

std::pair<std::string, std::string> key_and_value(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) return {text, ""};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

class MountKeys {
 public:
  MountRequest parse(const std::string& line) {
    mount_.type = Type::volume;
    if (line.empty()) invalid("value is empty");
    for (const std::string& field : csv_fields(line)) take(field);
    check();
    return std::move(mount_);
  }

 private:
  void take(const std::string& field) {
    const std::size_t equals = field.find('=');
    const std::string key = lower_case(field.substr(0, equals));
    if (equals == std::string::npos) {
      if (!take_flag(key, "true")) invalid(fmt::format("invalid field '{}' must be a key=value pair", field));
      return;
    }
    const std::string value = field.substr(equals + 1);
    if (take_flag(key, value) || take_place(key, value) || take_bind(key, value) || take_volume(key, value) ||
        take_tmpfs(key, value)) {
      return;
    }
    invalid(fmt::format("unexpected key '{}' in '{}'", key, field));
  }

  // Those that may stand without a value.
  bool take_flag(const std::string& key, const std::string& value) {
    if (key == "readonly" || key == "ro") {
      mount_.read_only = truth_of(key, value);
    } else if (key == "volume-nocopy") {
      used_volume_ = true;
      mount_.no_copy = truth_of(key, value);
    } else if (key == "bind-nonrecursive") {
      used_bind_ = true;
      mount_.non_recursive = truth_of(key, value);
    } else if (key == "idmap") {
      mount_.idmap = truth_of(key, value);
    } else {
      return false;
    }
    return true;
  }

  bool take_place(const std::string& key, const std::string& value) {
    if (key == "type") {
      type_ = lower_case(value);
    } else if (key == "source" || key == "src") {
      mount_.source = value;
    } else if (key == "target" || key == "dst" || key == "destination") {
      mount_.destination = value;
    } else {
      // A hint for file systems of other machines than Linux: docker takes any value.
      return key == "consistency";
    }
    return true;
  }

  bool take_bind(const std::string& key, const std::string& value) {
    if (key == "bind-propagation") {
      mount_.propagation = value;
    } else if (key == "bind-recursive") {
      recursive_ = value;
      set_recursive(value);
    } else {
      return false;
    }
    used_bind_ = true;
    return true;
  }

  void set_recursive(const std::string& value) {
    if (value == "enabled" || value == "readonly") return;
    if (value == "disabled") {
      mount_.non_recursive = true;
    } else if (value == "writable") {
      mount_.writable_submounts = true;
    } else {
      invalid(
          fmt::format("invalid value for bind-recursive: {} (must be \"enabled\", \"disabled\", \"writable\", or "
                      "\"readonly\")",
                      value));
    }
  }

  bool take_volume(const std::string& key, const std::string& value) {
    if (key == "volume-driver") {
      mount_.driver = value;
    } else if (key == "volume-opt") {
      mount_.driver_options.insert_or_assign(key_and_value(value).first, key_and_value(value).second);
    } else if (key == "volume-label") {
      mount_.labels.insert_or_assign(key_and_value(value).first, key_and_value(value).second);
    } else if (key == "volume-subpath") {
      mount_.subpath = value;
    } else {
      return false;
    }
    used_volume_ = true;
    return true;
  }

  bool take_tmpfs(const std::string& key, const std::string& value) {
    if (key == "tmpfs-size") {
      add_tmpfs_option(fmt::format("size={}", tmpfs_size(value)));
    } else if (key == "tmpfs-mode") {
      unsigned mode = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), mode, 8);
      if (value.empty() || error != std::errc() || end != value.data() + value.size() || mode > 07777) {
        invalid(fmt::format("invalid value for {}: {}", key, value));
      }
      add_tmpfs_option(fmt::format("mode={:o}", mode));
    } else {
      return false;
    }
    used_tmpfs_ = true;
    return true;
  }

  static std::int64_t tmpfs_size(const std::string& value) {
    try {
      return format::parse_ram_bytes(value);
    } catch (const Error&) {
      invalid(fmt::format("invalid value for tmpfs-size: {}", value));
    }
  }

  void add_tmpfs_option(const std::string& option) {
    mount_.tmpfs_options += (mount_.tmpfs_options.empty() ? "" : ",") + option;
  }

  void check() {
    if (type_.empty()) invalid("type is required");
    if (mount_.destination.empty()) invalid("target is required");
    check_mixture();
    check_recursive();
    set_type();
    try {
      check_for_type();
    } catch (const Error& error) {
      throw error.with_context(fmt::format("invalid mount config for type \"{}\"", type_));
    }
    mount_.destination = path::clean_absolute(mount_.destination);
  }

  void check_mixture() const {
    const auto refuse = [&](bool used, const char* prefix) {
      if (used && prefix != type_) {
        invalid(fmt::format("cannot mix '{}-*' options with mount type '{}'", prefix, type_));
      }
    };
    refuse(used_volume_, "volume");
    refuse(used_bind_, "bind");
    refuse(used_tmpfs_, "tmpfs");
  }

  void check_recursive() const {
    if ((recursive_ == "readonly" || recursive_ == "writable") && !mount_.read_only) {
      invalid(fmt::format("option 'bind-recursive={}' requires 'readonly' to be specified in conjunction", recursive_));
    }
    if (recursive_ == "readonly" && mount_.propagation != "rprivate") {
      invalid("option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction");
    }
  }

  void set_type() {
    constexpr std::array<std::pair<std::string_view, Type>, 3> kTypes{
        {{"bind", Type::bind}, {"volume", Type::volume}, {"tmpfs", Type::tmpfs}}};
    const auto found =
        std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& known) { return known.first == type_; });
    if (found == kTypes.end()) invalid(fmt::format("invalid mount config for type \"{}\": mount type unknown", type_));
    mount_.type = found->second;
  }

  void check_for_type() {
    check_destination(mount_.destination);
    if (mount_.type == Type::tmpfs) {
      if (!mount_.source.empty()) invalid("field Source must not be specified");
      if (mount_.idmap) invalid("field idmap must not be specified");
    } else if (mount_.type == Type::volume) {
      if (mount_.source.empty() && mount_.read_only) {
        invalid("must not set ReadOnly mode when using anonymous volumes");
      }
    } else {
      check_bind();
    }
  }

  void check_bind() {
    if (mount_.source.empty()) invalid("field Source must not be empty");
    if (!mount_.source.starts_with('/')) {
      invalid(fmt::format("invalid mount path: '{}' mount path must be absolute", mount_.source));
    }
    mount_.source = path::clean_absolute(mount_.source);
    constexpr std::array<std::string_view, 6> kPropagations{"private", "rprivate", "shared",
                                                            "rshared", "slave",    "rslave"};
    if (std::find(kPropagations.begin(), kPropagations.end(), mount_.propagation) == kPropagations.end()) {
      invalid(fmt::format("invalid propagation mode: {}", mount_.propagation));
    }
  }

  MountRequest mount_;
  std::string type_ = "volume";
  std::string recursive_;
  bool used_bind_ = false;
  bool used_volume_ = false;
  bool used_tmpfs_ = false;
};

}  // namespace

MountRequest parse_mount(const std::string& text) {
  try {
    return MountKeys().parse(text);
  } catch (const Error& error) {
    // docker's own border: what its command line refuses names the flag, what its daemon refuses does not.
    if (error.message().starts_with("invalid mount config")) throw;
    throw Error(ErrorKind::invalid_argument,
                fmt::format("invalid argument {} for \"--mount\" flag: {}", json::dump(Json(text)), error.message()));
  }
}

}  // namespace minidock::options
