// What another set of published ports is to be: decided without the host.
#pragma once

#include <string>
#include <vector>

#include "engine/port_selector.h"
#include "network/network.h"

namespace minidock {

struct PortChanges {
  std::vector<network::PublishedPort> add;  // as -p asks for them
  std::vector<PortSelector> remove;
  bool empty() const { return add.empty() && remove.empty(); }
};

// The change as it is decided: what is asked for from now on, and what that means for what is published.
struct PortPlan {
  std::vector<network::PublishedPort> requested;  // HostConfig::ports
  std::vector<network::PublishedPort> kept;
  std::vector<network::PublishedPort> removed;
  std::vector<network::PublishedPort> added;  // as `add`
};

// `requested` and `published`: what was. ErrorKind::not_found for a selector that means none of them,
// ErrorKind::conflict for one that -P has published, and for a port of the host that is asked for twice.
PortPlan plan_port_changes(const PortChanges& changes, const std::vector<network::PublishedPort>& requested,
                           const std::vector<network::PublishedPort>& published, const std::string& container);

}  // namespace minidock
