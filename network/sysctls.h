// Settings of /proc/sys/net of the caller's network namespace.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "storage/database.h"

namespace minidock::network {

inline constexpr char kForwarding[] = "net/ipv4/ip_forward";
inline constexpr char kIpv6Forwarding[] = "net/ipv6/conf/all/forwarding";

// "net/ipv6/conf/<interface>/<setting>"
std::string ipv6_key(const std::string& interface, const std::string& setting);

// Reads "net/ipv4/ip_forward"; without the newline. Empty when the kernel does not have the setting.
std::string read_sysctl(const std::string& key);

// False when the kernel does not have the setting (IPv6 switched off at boot).
bool write_sysctl(const std::string& key, std::string_view value);

// Sets a setting of the host, noting the old value in the database first when it was another one. What an earlier call
// noted stays: that is the host's own value.
void change_host_sysctl(storage::Database& database, const std::string& key, const std::string& value);

// Whose IPv6 default routes may come from router advertisements (accept_ra is 1).
std::vector<std::string> interfaces_that_listen_to_routers();

// Puts back what change_host_sysctl noted, unless somebody has set a third value since.
void restore_host_sysctls(storage::Database& database);

}  // namespace minidock::network
