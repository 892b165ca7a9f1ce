// The interfaces of the network namespace that the caller is in.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace minidock::network {

struct ListedLink {
  std::string name;
  std::string kind;    // "bridge", "veth"
  std::string master;  // the bridge that it is a port of; "" without
  std::uint32_t group = 0;
};

std::vector<ListedLink> list_links();

}  // namespace minidock::network
