// The bridge of a network: one Linux bridge that carries the network's gateway address.
#pragma once

#include <string>

#include "network/network.h"

namespace minidock::network {

// A Linux bridge takes 1,023 ports (BR_MAX_PORTS less one).
inline constexpr int kMaxBridgePorts = 1023;

// Whether the interface is there, up, and has the gateway as its address (three ioctls).
bool bridge_is_ready(const Network& network);
// What it lacks, as an end of a sentence about it; "" when it is ready.
std::string bridge_fault(const Network& network);

// Creates the bridge, or mends what is missing of it: its group, addresses, IPv6 off or on, route_localnet, up. The
// caller holds the instance's network lock. ErrorKind::conflict when an interface that is no bridge has the name.
void make_bridge_ready(const storage::Instance& instance, const Network& network);

// Whether connections from ::1 to a container's port can work: the answers come in by the bridge for ::1. Not where
// bridges show their packets to netfilter (br_netfilter, which docker loads): translated there already, they look like
// packets of the wire for ::1 and are thrown away.
bool can_answer_to_ipv6_localhost();

// Removes an interface that may be gone already.
void remove_link(const std::string& interface);

// Index of an interface; ErrorKind::not_found when there is none.
unsigned link_index(const std::string& interface);

// 02:42 and the four bytes of the address: it does not change when a bridge or an endpoint is made anew, so that no
// neighbour keeps a wrong entry.
std::string mac_text(const std::string& ipv4);

}  // namespace minidock::network
