#include "network/link_list.h"

#include <fmt/format.h>
#include <netlink/cache.h>
#include <netlink/errno.h>
#include <netlink/object.h>
#include <netlink/route/link.h>
#include <sys/socket.h>

#include <map>
#include <memory>

#include "base/error.h"
#include "network/route_socket.h"

namespace minidock::network {

namespace {

struct FreeCache {
  void operator()(nl_cache* cache) const { nl_cache_free(cache); }
};
using Cache = std::unique_ptr<nl_cache, FreeCache>;

std::string text_or_empty(const char* text) { return text == nullptr ? "" : text; }

}  // namespace

std::vector<ListedLink> list_links() {
  const RouteSocket socket;
  nl_cache* listed = nullptr;
  const int result = rtnl_link_alloc_cache(socket.get(), AF_UNSPEC, &listed);
  if (result < 0) {
    throw Error(ErrorKind::system, fmt::format("cannot list the host's interfaces: {}", nl_geterror(result)));
  }
  const Cache cache(listed);
  std::vector<ListedLink> links;
  std::vector<int> masters;
  std::map<int, std::string> names;
  for (nl_object* object = nl_cache_get_first(cache.get()); object != nullptr; object = nl_cache_get_next(object)) {
    rtnl_link* link = reinterpret_cast<rtnl_link*>(object);
    links.push_back({text_or_empty(rtnl_link_get_name(link)), text_or_empty(rtnl_link_get_type(link)), "",
                     rtnl_link_get_group(link)});
    masters.push_back(rtnl_link_get_master(link));
    names[rtnl_link_get_ifindex(link)] = links.back().name;
  }
  for (std::size_t i = 0; i < links.size(); ++i) {
    if (masters[i] != 0) links[i].master = names[masters[i]];
  }
  return links;
}

}  // namespace minidock::network
