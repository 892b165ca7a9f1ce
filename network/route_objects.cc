#include "network/route_objects.h"

#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/addr.h>
#include <netlink/cache.h>
#include <netlink/errno.h>
#include <netlink/object.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/route.h>

#include <cstring>
#include <memory>
#include <optional>

#include "base/error.h"
#include "network/route_socket.h"

namespace minidock::network {

namespace {

struct FreeCache {
  void operator()(nl_cache* cache) const { nl_cache_free(cache); }
};
using Cache = std::unique_ptr<nl_cache, FreeCache>;

void check(int result, const char* what) {
  if (result < 0) throw Error(ErrorKind::system, fmt::format("cannot {}: {}", what, nl_geterror(result)));
}

Cache route_cache(const RouteSocket& socket) {
  nl_cache* cache = nullptr;
  check(rtnl_route_alloc_cache(socket.get(), AF_INET, 0, &cache), "list the host's routes");
  return Cache(cache);
}

Cache address_cache(const RouteSocket& socket) {
  nl_cache* cache = nullptr;
  check(rtnl_addr_alloc_cache(socket.get(), &cache), "list the host's addresses");
  return Cache(cache);
}

// Nothing for another family.
std::optional<Ipv4Interface> ipv4_of(nl_addr* address) {
  if (address == nullptr || nl_addr_get_family(address) != AF_INET) return std::nullopt;
  std::uint32_t bytes = 0;
  if (nl_addr_get_len(address) == sizeof(bytes)) std::memcpy(&bytes, nl_addr_get_binary_addr(address), sizeof(bytes));
  return Ipv4Interface{{ntohl(bytes)}, static_cast<int>(nl_addr_get_prefixlen(address))};
}

bool concerns_pools(const Ipv4Interface& destination) {
  const bool loopback = destination.address.value >> 24 == 127;
  const bool multicast_and_above = destination.address.value >> 28 >= 14;
  return destination.prefix_length > 0 && !loopback && !multicast_and_above;
}

void add_routes(nl_cache* cache, int except, std::vector<Ipv4Subnet>& subnets) {
  for (nl_object* object = nl_cache_get_first(cache); object != nullptr; object = nl_cache_get_next(object)) {
    rtnl_route* route = reinterpret_cast<rtnl_route*>(object);
    rtnl_nexthop* hop = rtnl_route_get_nnexthops(route) > 0 ? rtnl_route_nexthop_n(route, 0) : nullptr;
    if (except != 0 && hop != nullptr && rtnl_route_nh_get_ifindex(hop) == except) continue;
    const std::optional<Ipv4Interface> destination = ipv4_of(rtnl_route_get_dst(route));
    if (destination && concerns_pools(*destination)) subnets.push_back(destination->subnet());
  }
}

// Also those of interfaces that are down, which have no routes.
void add_addresses(nl_cache* cache, int except, std::vector<Ipv4Subnet>& subnets) {
  for (nl_object* object = nl_cache_get_first(cache); object != nullptr; object = nl_cache_get_next(object)) {
    rtnl_addr* address = reinterpret_cast<rtnl_addr*>(object);
    if (except != 0 && rtnl_addr_get_ifindex(address) == except) continue;
    const std::optional<Ipv4Interface> local = ipv4_of(rtnl_addr_get_local(address));
    if (local && concerns_pools(*local)) subnets.push_back(local->subnet());
  }
}

}  // namespace

std::vector<Ipv4Subnet> routed_subnets(const std::string& except) {
  const int except_index = static_cast<int>(if_nametoindex(except.c_str()));
  RouteSocket socket;
  std::vector<Ipv4Subnet> subnets;
  add_routes(route_cache(socket).get(), except_index, subnets);
  add_addresses(address_cache(socket).get(), except_index, subnets);
  return subnets;
}

std::vector<Ipv4Interface> addresses_of(const std::string& interface) {
  std::vector<Ipv4Interface> addresses;
  const int index = static_cast<int>(if_nametoindex(interface.c_str()));
  if (index == 0) return addresses;
  RouteSocket socket;
  const Cache cache = address_cache(socket);
  for (nl_object* object = nl_cache_get_first(cache.get()); object != nullptr; object = nl_cache_get_next(object)) {
    rtnl_addr* address = reinterpret_cast<rtnl_addr*>(object);
    if (rtnl_addr_get_ifindex(address) != index) continue;
    if (const std::optional<Ipv4Interface> local = ipv4_of(rtnl_addr_get_local(address))) addresses.push_back(*local);
  }
  return addresses;
}

namespace {

// "" where there is no such interface, or no such text of it.
template <typename Get>
std::string link_text(const std::string& interface, Get get) {
  RouteSocket socket;
  rtnl_link* link = nullptr;
  if (rtnl_link_get_kernel(socket.get(), 0, interface.c_str(), &link) < 0) return "";
  const char* text = get(link);
  std::string result = text == nullptr ? "" : text;
  rtnl_link_put(link);
  return result;
}

}  // namespace

std::string link_kind(const std::string& interface) { return link_text(interface, rtnl_link_get_type); }

std::string link_alias(const std::string& interface) { return link_text(interface, rtnl_link_get_ifalias); }

}  // namespace minidock::network
