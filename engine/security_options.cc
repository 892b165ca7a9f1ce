#include "engine/security_options.h"

#include <fmt/format.h>

#include "base/error.h"

namespace minidock {
namespace {

bool to_bool(const std::string& option, const std::string& value) {
  if (value.empty() || value == "true" || value == "1") return true;
  if (value == "false" || value == "0") return false;
  throw Error(ErrorKind::invalid_argument, fmt::format("invalid --security-opt 2: \"{}={}\"", option, value));
}

void apply(const std::string& key, const std::string& value, SecurityOptions& result) {
  if (key == "no-new-privileges") {
    result.no_new_privileges = to_bool(key, value);
  } else if (key == "writable-cgroups") {
    result.writable_cgroups = to_bool(key, value);
  } else if (key == "systempaths" && value == "unconfined") {
    result.unconfined_system_paths = true;
  } else if (key == "seccomp") {
    result.no_seccomp = value == "unconfined";
    result.seccomp_profile = value == "unconfined" || value == "builtin" ? "" : value;
  } else if (key == "apparmor" || key == "label") {
    const bool is_off = value == "unconfined" || value == "disable";
    if (is_off) return;
    throw Error(ErrorKind::unsupported, fmt::format("--security-opt {}={}: {} labels are not supported", key, value,
                                                    key == "apparmor" ? "AppArmor" : "SELinux"));
  } else {
    throw Error(ErrorKind::invalid_argument, fmt::format("invalid --security-opt 2: \"{}={}\"", key, value));
  }
}

}  // namespace

SecurityOptions parse_security_options(const std::vector<std::string>& options) {
  SecurityOptions result;
  for (const std::string& option : options) {
    const std::size_t equals = option.find('=');
    apply(option.substr(0, equals), equals == std::string::npos ? "" : option.substr(equals + 1), result);
  }
  return result;
}

}  // namespace minidock
