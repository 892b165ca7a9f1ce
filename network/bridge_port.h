// A container's end of a bridged network: a veth pair whose one end is a port of the bridge, and whose other one is
// made inside the container's network namespace.
#pragma once

#include "network/network.h"

namespace minidock::network {

// Both ends; IPv6 is switched off on the host's, which is up. Hairpin on the bridge port; without icc the port is
// isolated from the others. Only the endpoint's own MAC address may send from there, unless the network allows others.
// ErrorKind::unavailable when the bridge is full.
void create_bridge_port(const storage::Instance& instance, const Network& network, const Endpoint& endpoint, int netns);

}  // namespace minidock::network
