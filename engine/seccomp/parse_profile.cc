// The user's profile in docker's JSON format. Source: docker's documentation of seccomp profiles and the seccomp
// section of the OCI runtime specification, whose names it uses.
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>

#include "base/error.h"
#include "base/json.h"
#include "engine/seccomp/profile.h"

namespace minidock::seccomp {
namespace {

constexpr std::size_t kMaxRules = 4096;

[[noreturn]] void invalid(std::string_view message) {
  throw Error(ErrorKind::invalid_argument, fmt::format("invalid seccomp profile: {}", message));
}

template <typename Entries>
std::uint32_t look_up(const Entries& entries, const std::string& name, std::string_view what) {
  for (const auto& [candidate, value] : entries) {
    if (candidate == name) return value;
  }
  invalid(fmt::format("unknown {} \"{}\"", what, name));
}

std::uint32_t parse_architecture(const std::string& name) {
  constexpr std::pair<std::string_view, std::uint32_t> entries[] = {
      {"SCMP_ARCH_X86", SCMP_ARCH_X86},
      {"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64},
      {"SCMP_ARCH_X32", SCMP_ARCH_X32},
      {"SCMP_ARCH_ARM", SCMP_ARCH_ARM},
      {"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64},
      {"SCMP_ARCH_MIPS", SCMP_ARCH_MIPS},
      {"SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64},
      {"SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32},
      {"SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL},
      {"SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64},
      {"SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32},
      {"SCMP_ARCH_PPC", SCMP_ARCH_PPC},
      {"SCMP_ARCH_PPC64", SCMP_ARCH_PPC64},
      {"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE},
      {"SCMP_ARCH_S390", SCMP_ARCH_S390},
      {"SCMP_ARCH_S390X", SCMP_ARCH_S390X},
      {"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64},
  };
  return look_up(entries, name, "architecture");
}

std::uint32_t parse_action(const std::string& name, std::int64_t errno_value) {
  if (name == "SCMP_ACT_NOTIFY") {
    throw Error(ErrorKind::unsupported, "seccomp profile: SCMP_ACT_NOTIFY is not supported");
  }
  if (errno_value < 0 || errno_value > 4095) invalid(fmt::format("errnoRet {} is not an error number", errno_value));
  const auto error = static_cast<std::uint32_t>(errno_value);
  const std::pair<std::string_view, std::uint32_t> entries[] = {
      {"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD},
      {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
      {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
      {"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
      {"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(error)},
      {"SCMP_ACT_TRACE", SCMP_ACT_TRACE(error)},
      {"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
      {"SCMP_ACT_LOG", SCMP_ACT_LOG},
  };
  return look_up(entries, name, "action");
}

std::uint64_t parse_unsigned(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return 0;
  if (!found->is_number_unsigned()) invalid(fmt::format("\"{}\" of an argument is not a positive number", key));
  return found->get<std::uint64_t>();
}

scmp_arg_cmp parse_argument(const Json& json) {
  if (!json.is_object()) invalid("an argument is not an object");
  constexpr std::pair<std::string_view, std::uint32_t> entries[] = {
      {"SCMP_CMP_NE", SCMP_CMP_NE},
      {"SCMP_CMP_LT", SCMP_CMP_LT},
      {"SCMP_CMP_LE", SCMP_CMP_LE},
      {"SCMP_CMP_EQ", SCMP_CMP_EQ},
      {"SCMP_CMP_GE", SCMP_CMP_GE},
      {"SCMP_CMP_GT", SCMP_CMP_GT},
      {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
  };
  const std::uint64_t index = parse_unsigned(json, "index");
  if (index > 5) invalid(fmt::format("argument index {} is greater than 5", index));
  const auto op = static_cast<scmp_compare>(look_up(entries, json::get_string(json, "op"), "operator"));
  return scmp_arg_cmp{static_cast<unsigned>(index), op, parse_unsigned(json, "value"),
                      parse_unsigned(json, "valueTwo")};
}

Condition parse_condition(const Json& rule, const char* key) {
  Condition condition;
  const auto found = rule.find(key);
  if (found == rule.end() || found->is_null()) return condition;
  if (!found->is_object()) invalid(fmt::format("\"{}\" is not an object", key));
  condition.capabilities = json::get_strings(*found, "caps");
  condition.architectures = json::get_strings(*found, "arches");
  const std::string kernel = json::get_string(*found, "minKernel");
  if (kernel.empty()) return condition;
  KernelVersion version;
  int used = 0;
  if (std::sscanf(kernel.c_str(), "%4d.%4d%n", &version.major, &version.minor, &used) != 2 ||
      static_cast<std::size_t>(used) != kernel.size()) {
    invalid(fmt::format("minKernel \"{}\" is not of the form MAJOR.MINOR", kernel));
  }
  condition.min_kernel = version;
  return condition;
}

Rule parse_rule(const Json& json) {
  if (!json.is_object()) invalid("an entry of \"syscalls\" is not an object");
  Rule rule;
  rule.names = json::get_strings(json, "names");
  const std::string name = json::get_string(json, "name");
  if (!name.empty()) {
    if (!rule.names.empty()) invalid("use either \"name\" or \"names\" in an entry of \"syscalls\"");
    rule.names.push_back(name);
  }
  rule.action = parse_action(json::get_string(json, "action"), json::get_int(json, "errnoRet", EPERM));
  rule.includes = parse_condition(json, "includes");
  rule.excludes = parse_condition(json, "excludes");
  const auto arguments = json.find("args");
  if (arguments == json.end() || arguments->is_null()) return rule;
  if (!arguments->is_array() || arguments->size() > 64) invalid("\"args\" is not a list of at most 64 comparisons");
  for (const Json& argument : *arguments) rule.arguments.push_back(parse_argument(argument));
  return rule;
}

// "architectures" as they are; of "archMap" the entry for this machine with its sub-architectures.
std::vector<std::uint32_t> parse_architectures(const Json& json, const Machine& machine) {
  std::vector<std::uint32_t> result;
  for (const std::string& name : json::get_strings(json, "architectures")) result.push_back(parse_architecture(name));
  const auto map = json.find("archMap");
  if (map == json.end() || map->is_null()) return result;
  if (!result.empty()) invalid("use either \"architectures\" or \"archMap\"");
  if (!map->is_array()) invalid("\"archMap\" is not a list");
  for (const Json& entry : *map) {
    if (json::get_string(entry, "architecture").empty()) invalid("an entry of \"archMap\" names no architecture");
    const std::string native = machine.architecture == "amd64" ? "SCMP_ARCH_X86_64" : "SCMP_ARCH_AARCH64";
    if (json::get_string(entry, "architecture") != native) continue;
    result.push_back(parse_architecture(native));
    for (const std::string& name : json::get_strings(entry, "subArchitectures")) {
      result.push_back(parse_architecture(name));
    }
  }
  return result;
}

}  // namespace

Profile parse_profile(const std::string& text, const Machine& machine) {
  const Json json = json::parse(text, "the seccomp profile", 16);
  if (!json.is_object()) invalid("it is not a JSON object");
  if (!json::get_strings(json, "flags").empty() || !json::get_string(json, "listenerPath").empty()) {
    throw Error(ErrorKind::unsupported, "seccomp profile: \"flags\" and \"listenerPath\" are not supported");
  }
  if (json::get_string(json, "defaultAction").empty()) invalid("\"defaultAction\" is missing");
  Profile profile;
  profile.default_action =
      parse_action(json::get_string(json, "defaultAction"), json::get_int(json, "defaultErrnoRet", EPERM));
  profile.architectures = parse_architectures(json, machine);
  const auto rules = json.find("syscalls");
  if (rules == json.end() || rules->is_null()) return profile;
  if (!rules->is_array() || rules->size() > kMaxRules)
    invalid(fmt::format("\"syscalls\" is not a list of at most {} rules", kMaxRules));
  for (const Json& rule : *rules) profile.rules.push_back(parse_rule(rule));
  return profile;
}

}  // namespace minidock::seccomp
