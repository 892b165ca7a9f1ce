#include "network/pools.h"

#include <algorithm>
#include <string_view>

#include "base/file.h"
#include "network/route_objects.h"

namespace minidock::network {

namespace {

std::vector<Ipv4Subnet> pools() {
  std::vector<Ipv4Subnet> subnets;
  for (std::uint32_t second = 17; second <= 31; ++second) subnets.push_back({{(172U << 24) | (second << 16)}, 16});
  for (std::uint32_t slice = 0; slice < 16; ++slice) {
    subnets.push_back({{(192U << 24) | (168U << 16) | (slice << 12)}, 20});
  }
  return subnets;
}

std::string_view take_word(std::string_view& line) {
  const std::size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
  const std::size_t end = std::min(line.find_first_of(" \t", begin), line.size());
  const std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

}  // namespace

std::optional<Ipv4Subnet> choose_subnet(const std::vector<Ipv4Subnet>& occupied) {
  for (const Ipv4Subnet& pool : pools()) {
    const bool free =
        std::none_of(occupied.begin(), occupied.end(), [&](const Ipv4Subnet& taken) { return pool.overlaps(taken); });
    if (free) return pool;
  }
  return std::nullopt;
}

std::vector<Ipv4Address> resolvers_in(std::string_view resolv_conf) {
  std::vector<Ipv4Address> resolvers;
  while (!resolv_conf.empty()) {
    const std::size_t end = std::min(resolv_conf.find('\n'), resolv_conf.size());
    std::string_view line = resolv_conf.substr(0, end);
    resolv_conf.remove_prefix(std::min(end + 1, resolv_conf.size()));
    if (take_word(line) != "nameserver") continue;
    if (const std::optional<Ipv4Address> address = Ipv4Address::parse(take_word(line))) resolvers.push_back(*address);
  }
  return resolvers;
}

std::vector<Ipv4Subnet> host_subnets(const std::string& own_interface) {
  std::vector<Ipv4Subnet> subnets = routed_subnets(own_interface);
  // systemd-resolved's stub (127.0.0.53) hides the real resolvers in a file of its own.
  for (const char* path : {"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"}) {
    const std::string content = file::read_if_exists(path).value_or("");
    for (const Ipv4Address resolver : resolvers_in(content)) subnets.push_back({resolver, 32});
  }
  return subnets;
}

}  // namespace minidock::network
