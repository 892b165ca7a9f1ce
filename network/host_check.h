// What the host carries for an instance, compared with what its database says. Nothing here changes the host but where
// it says so, and nothing waits: who asks while others start or end containers gets what is true at this moment.
#pragma once

#include <string>
#include <vector>

#include "network/network.h"

namespace minidock::network {

struct HostDifference {
  std::string object;        // "0.0.0.0:8080/tcp", "md0123456789abc", "net.ipv4.ip_forward"
  std::string what;          // as an end of a sentence about it
  std::string container_id;  // whose it is; "" of what is nobody's, or everybody's
};

// Elements of the firewall's maps and sets: of published ports that lead nowhere, elsewhere, or for nobody, of
// addresses that a container's interface may not send with, or may though they are not its own, and of those that may
// not begin connections as they like. What the sets have of
// interfaces that are gone does no harm and is left out (network/endpoint_guard.cc).
std::vector<HostDifference> compare_elements(storage::Database& database, const storage::Instance& instance);

// Whether the host forwards as these networks need it.
std::vector<HostDifference> compare_forwarding(const std::vector<Network>& networks);

// Whether tables, chains or rules are gone, or none were made, while a container has an address. Not so where they only
// do not know the default network yet: it gets its row when somebody looks at networks, and its rules with its first
// container.
bool firewall_is_damaged(storage::Database& database, const storage::Instance& instance);

// Makes the nft tables anew with all that the database tells, even when they look whole.
void rebuild_firewall(storage::Database& database, const storage::Instance& instance);

// Removes an interface of the instance's group, unless a network has it for its bridge by now. `removes` false: only
// looks. False when it has.
bool remove_unused_bridge(storage::Database& database, const storage::Instance& instance, const std::string& interface,
                          bool removes);

}  // namespace minidock::network
