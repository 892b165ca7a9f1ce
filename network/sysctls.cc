#include "network/sysctls.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <filesystem>
#include <vector>

#include "base/file.h"
#include "base/syscall.h"

namespace minidock::network {

namespace {

// host_settings holds every kind of setting; ours are "sysctl:<key>" with "<old value>\n<our value>".
constexpr std::string_view kPrefix = "sysctl:";

std::string path_of(const std::string& key) { return "/proc/sys/" + key; }

}  // namespace

std::string ipv6_key(const std::string& interface, const std::string& setting) {
  return fmt::format("net/ipv6/conf/{}/{}", interface, setting);
}

std::string read_sysctl(const std::string& key) {
  std::string value = file::read_if_exists(path_of(key)).value_or("");
  if (!value.empty() && value.back() == '\n') value.pop_back();
  return value;
}

bool write_sysctl(const std::string& key, std::string_view value) {
  const Fd fd = sys::openat_unless(AT_FDCWD, path_of(key), O_WRONLY, 0, ENOENT);
  if (!fd) return false;
  sys::write_all(fd.get(), value);
  return true;
}

void change_host_sysctl(storage::Database& database, const std::string& key, const std::string& value) {
  const std::string old = read_sysctl(key);
  if (old == value) return;
  // Before the change, so that a process killed in between loses nothing.
  database.prepare("INSERT INTO host_settings(key, value) VALUES(?, ?) ON CONFLICT(key) DO NOTHING")
      .bind(fmt::format("{}{}", kPrefix, key))
      .bind(fmt::format("{}\n{}", old, value))
      .run();
  if (!write_sysctl(key, value)) throw Error(ErrorKind::unsupported, fmt::format("this kernel has no setting {}", key));
}

std::vector<std::string> interfaces_that_listen_to_routers() {
  std::vector<std::string> interfaces;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path_of("net/ipv6/conf"), error)) {
    const std::string interface = entry.path().filename();
    const bool has_ipv6 =
        interface != "all" && interface != "lo" && read_sysctl(ipv6_key(interface, "disable_ipv6")) != "1";
    if (has_ipv6 && read_sysctl(ipv6_key(interface, "accept_ra")) == "1") {
      interfaces.push_back(interface);
    }
  }
  return interfaces;
}

void restore_host_sysctls(storage::Database& database) {
  storage::Statement rows = database.prepare("SELECT key, value FROM host_settings WHERE key LIKE 'sysctl:%'");
  while (rows.step()) {
    const std::string key = rows.text(0).substr(kPrefix.size());
    const std::string values = rows.text(1);
    const std::size_t newline = values.find('\n');
    if (newline == std::string::npos)
      throw Error(ErrorKind::corrupt_data, fmt::format("host setting {}: {}", key, values));
    if (read_sysctl(key) == values.substr(newline + 1)) write_sysctl(key, values.substr(0, newline));
  }
  database.execute("DELETE FROM host_settings WHERE key LIKE 'sysctl:%'");
}

}  // namespace minidock::network
