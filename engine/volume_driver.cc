#include "engine/volume_driver.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "base/error.h"
#include "base/format.h"

namespace minidock {
namespace {

[[noreturn]] void invalid(const std::string& message) { throw Error(ErrorKind::invalid_argument, message); }

struct FlagWord {
  std::string_view word;
  unsigned long set;
  unsigned long cleared;
};

// mount(8), "FILESYSTEM-INDEPENDENT MOUNT OPTIONS".
constexpr std::array kFlagWords = {
    FlagWord{"defaults", 0, 0},
    FlagWord{"ro", MS_RDONLY, 0},
    FlagWord{"rw", 0, MS_RDONLY},
    FlagWord{"nosuid", MS_NOSUID, 0},
    FlagWord{"suid", 0, MS_NOSUID},
    FlagWord{"nodev", MS_NODEV, 0},
    FlagWord{"dev", 0, MS_NODEV},
    FlagWord{"noexec", MS_NOEXEC, 0},
    FlagWord{"exec", 0, MS_NOEXEC},
    FlagWord{"sync", MS_SYNCHRONOUS, 0},
    FlagWord{"async", 0, MS_SYNCHRONOUS},
    FlagWord{"dirsync", MS_DIRSYNC, 0},
    FlagWord{"noatime", MS_NOATIME, 0},
    FlagWord{"atime", 0, MS_NOATIME},
    FlagWord{"nodiratime", MS_NODIRATIME, 0},
    FlagWord{"diratime", 0, MS_NODIRATIME},
    FlagWord{"relatime", MS_RELATIME, 0},
    FlagWord{"norelatime", 0, MS_RELATIME},
    FlagWord{"strictatime", MS_STRICTATIME, 0},
    FlagWord{"nostrictatime", 0, MS_STRICTATIME},
    FlagWord{"bind", MS_BIND, 0},
    FlagWord{"rbind", MS_BIND | MS_REC, 0},
};

struct PropagationWord {
  std::string_view word;
  unsigned long flags;
};

constexpr std::array kPropagationWords = {
    PropagationWord{"private", MS_PRIVATE},       PropagationWord{"rprivate", MS_PRIVATE | MS_REC},
    PropagationWord{"shared", MS_SHARED},         PropagationWord{"rshared", MS_SHARED | MS_REC},
    PropagationWord{"slave", MS_SLAVE},           PropagationWord{"rslave", MS_SLAVE | MS_REC},
    PropagationWord{"unbindable", MS_UNBINDABLE}, PropagationWord{"runbindable", MS_UNBINDABLE | MS_REC},
};

std::string resolve_host(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  if (inet_pton(AF_INET, host.c_str(), address.data()) == 1 || inet_pton(AF_INET6, host.c_str(), address.data()) == 1) {
    return host;
  }
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(host.c_str(), nullptr, nullptr, &found); code != 0) {
    throw Error(ErrorKind::unavailable, fmt::format("error resolving passed in network volume address: lookup {}: {}",
                                                    host, gai_strerror(code)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  std::array<char, NI_MAXHOST> text{};
  getnameinfo(found->ai_addr, found->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  return text.data();
}

void add_word(VolumeMount& mount, const std::string& word) {
  for (const FlagWord& flag : kFlagWords) {
    if (flag.word != word) continue;
    mount.flags = (mount.flags & ~flag.cleared) | flag.set;
    return;
  }
  for (const PropagationWord& propagation : kPropagationWords) {
    if (propagation.word != word) continue;
    mount.propagation = propagation.flags;
    return;
  }
  constexpr std::string_view kAddress = "addr=";
  const bool is_address = word.starts_with(kAddress);
  if (!mount.data.empty()) mount.data += ",";
  mount.data += is_address ? std::string(kAddress) + resolve_host(word.substr(kAddress.size())) : word;
}

std::string option(const DriverOptions& options, const char* key) {
  const auto found = options.find(key);
  return found == options.end() ? "" : found->second;
}

bool is_name_character(unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-'; }

}  // namespace

bool VolumeMount::is_bind() const { return (flags & MS_BIND) != 0; }

void check_volume_name(const std::string& name) {
  if (name.size() == 1) {
    invalid(
        fmt::format("create {}: volume name is too short, names should be at least two alphanumeric characters", name));
  }
  const bool valid = !name.empty() && std::isalnum(static_cast<unsigned char>(name.front())) != 0 &&
                     std::all_of(name.begin(), name.end(), is_name_character);
  if (valid && name.size() <= NAME_MAX) return;
  if (valid) invalid(fmt::format("create {}: a volume's name has at most {} characters", name, NAME_MAX));
  invalid(fmt::format(
      "create {0}: \"{0}\" includes invalid characters for a local volume name, only "
      "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path",
      name));
}

void check_volume_driver(const std::string& driver) {
  if (driver.empty() || driver == "local") return;
  throw Error(ErrorKind::not_found,
              fmt::format("error looking up volume plugin {0}: plugin \"{0}\" not found", driver));
}

void check_driver_options(const DriverOptions& options) {
  for (const auto& [key, value] : options) {
    if (key != "type" && key != "o" && key != "device" && key != "size") {
      invalid(fmt::format("invalid option: \"{}\"", key));
    }
  }
  constexpr std::array<std::array<const char*, 2>, 4> kNeeds = {
      {{"device", "type"}, {"type", "device"}, {"o", "device"}, {"o", "type"}}};
  for (const auto& [given, needed] : kNeeds) {
    if (!option(options, given).empty() && option(options, needed).empty()) {
      invalid(fmt::format("missing required option: \"{}\"", needed));
    }
  }
  volume_quota(options);
}

std::optional<VolumeMount> parse_volume_mount(const DriverOptions& options) {
  if (option(options, "device").empty()) return std::nullopt;
  VolumeMount mount;
  mount.device = option(options, "device");
  mount.type = option(options, "type");
  const std::string words = option(options, "o");
  for (std::size_t start = 0; start < words.size();) {
    const std::size_t comma = std::min(words.find(',', start), words.size());
    if (comma > start) add_word(mount, words.substr(start, comma - start));
    start = comma + 1;
  }
  return mount;
}

bool owns_its_data(const DriverOptions& options) {
  if (option(options, "device").empty()) return true;
  const std::string words = "," + option(options, "o") + ",";
  const bool bind = words.find(",bind,") != std::string::npos || words.find(",rbind,") != std::string::npos;
  return option(options, "type") == "tmpfs" && !bind;
}

std::optional<std::uint64_t> volume_quota(const DriverOptions& options) {
  const auto size = options.find("size");
  if (size == options.end()) return std::nullopt;
  try {
    const std::int64_t bytes = format::parse_ram_bytes(size->second);
    if (bytes > 0) return static_cast<std::uint64_t>(bytes);
  } catch (const Error&) {
    // docker's words below
  }
  invalid(fmt::format("invalid size: '{}'", size->second));
}

}  // namespace minidock
