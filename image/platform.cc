#include "image/platform.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace minidock::image {
namespace {

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
  });
}

bool is_architecture(const std::string& name) {
  constexpr std::string_view known[] = {"386",      "amd64", "arm",     "arm64",   "loong64", "mips64",
                                        "mips64le", "ppc64", "ppc64le", "riscv64", "s390x",   "wasm"};
  return std::find(std::begin(known), std::end(known), name) != std::end(known);
}

// The number of "v3"; no variant is the architecture's base.
std::optional<int> level(const Platform& platform) {
  const std::string& variant = platform.variant;
  if (variant.empty()) {
    if (platform.architecture == "arm") return 7;
    return platform.architecture == "arm64" ? 8 : 1;
  }
  if (variant.size() != 2 || variant[0] != 'v' || std::isdigit(static_cast<unsigned char>(variant[1])) == 0) {
    return std::nullopt;
  }
  return variant[1] - '0';
}

#ifdef __x86_64__
std::string amd64_variant() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    return "v4";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma")) return "v3";
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt")) return "v2";
  return "";
}
#endif

}  // namespace

std::string Platform::text() const {
  return fmt::format("{}/{}{}{}", os, architecture, variant.empty() ? "" : "/", variant);
}

Platform normalize(Platform platform) {
  platform.os = lower_case(platform.os);
  platform.architecture = lower_case(platform.architecture);
  platform.variant = lower_case(platform.variant);
  std::string& architecture = platform.architecture;
  if (architecture == "x86_64" || architecture == "x86-64") architecture = "amd64";
  if (architecture == "i386" || architecture == "i686") architecture = "386";
  if (architecture == "aarch64") architecture = "arm64";
  if (architecture == "armhf") {
    architecture = "arm";
    platform.variant = "v7";
  }
  if (architecture == "armel") {
    architecture = "arm";
    platform.variant = "v6";
  }
  std::string& variant = platform.variant;
  if (!variant.empty() && std::isdigit(static_cast<unsigned char>(variant[0])) != 0) variant.insert(0, "v");
  const bool base = (architecture == "amd64" && variant == "v1") || (architecture == "arm64" && variant == "v8") ||
                    (architecture == "arm" && variant == "v7") || architecture == "386";
  if (base) variant.clear();
  return platform;
}

Platform parse_platform(std::string_view text) {
  std::vector<std::string> parts;
  for (std::string_view rest = text;;) {
    const std::size_t slash = rest.find('/');
    parts.emplace_back(rest.substr(0, slash));
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  if (parts.size() > 3 || !std::all_of(parts.begin(), parts.end(), is_name)) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("\"{}\" is an invalid platform: expected os/architecture[/variant]", text));
  }
  Platform result = host_platform();
  if (parts.size() == 1) {
    const Platform only = normalize({"linux", parts[0], ""});
    if (!is_architecture(only.architecture)) {
      result.os = lower_case(parts[0]);
      return result;
    }
    return only;
  }
  return normalize({parts[0], parts[1], parts.size() == 3 ? parts[2] : ""});
}

Platform host_platform() {
  struct utsname names {};
  uname(&names);
  Platform result = normalize({"linux", names.machine, ""});
#ifdef __x86_64__
  result.variant = amd64_variant();
#endif
  if (result.architecture.rfind("armv", 0) == 0) result = normalize({"linux", "arm", result.architecture.substr(3, 2)});
  return result;
}

std::optional<int> fitness(const Platform& offered, const Platform& wanted) {
  if (offered.os != wanted.os || offered.architecture != wanted.architecture) return std::nullopt;
  const std::optional<int> have = level(offered);
  const std::optional<int> limit = level(wanted);
  if (!have || !limit) return offered.variant == wanted.variant ? std::optional<int>(0) : std::nullopt;
  if (*have > *limit) return std::nullopt;
  return *have;
}

}  // namespace minidock::image
