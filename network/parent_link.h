// The interface of the host on which a network's containers stand (macvlan, ipvlan). It is the user's, and stays as it
// is, but for two kinds that minidock makes and takes away: a VLAN "eth0.50" that is not there, and the network's own,
// which leads nowhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "network/network.h"

namespace minidock::network {

// Whether it is there and switched on.
bool parent_is_ready(const Network& network);

// Makes it if it is one of those kinds. The caller holds the instance's network lock. ErrorKind::not_found,
// ErrorKind::unavailable when it is switched off, ErrorKind::unsupported for a VLAN where the kernel has none.
void make_parent_ready(const storage::Instance& instance, const Network& network);

// Takes it away if this instance has made it and none of the others stands on it. Safe when it is gone.
void remove_made_parent(const storage::Instance& instance, const Network& network, const std::vector<Network>& others);

// A VLAN as its name has it: "eth0.50" is number 50 on eth0.
struct Vlan {
  std::string interface;
  std::uint16_t number = 0;
};
// Nothing for another name; ErrorKind::invalid_argument with docker's words for a number that no VLAN has.
std::optional<Vlan> vlan_of(const std::string& name);

}  // namespace minidock::network
