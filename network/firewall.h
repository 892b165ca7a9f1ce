// The instance's own nf_tables table (family inet): guards, masquerade and published ports. Nobody else's table is read
// or written.
//
//   raw_prerouting  (filter, raw)      drop 127.0.0.0/8 from or to anything but lo; drop what comes from elsewhere for
//   a
//                                      container's address itself
//   prerouting      (nat, dstnat)      published ports: connections from outside and from containers
//   output          (nat, dstnat)      published ports: connections of the host itself, localhost too
//   forward         (filter, filter)   what would leave an internal network, or come into it, is dropped
//   postrouting     (nat, srcnat)      containers speak outside with the host's address; connections that would come
//                                      back past the host's translation speak with the bridge's
//   published              map  protocol . port           -> container address . port
//   published_on_address   map  address . protocol . port -> container address . port
#pragma once

#include <string>
#include <vector>

#include "network/ipv4.h"
#include "network/network.h"

namespace minidock::network {

struct FirewalledNetwork {
  std::string interface;
  Ipv4Subnet subnet;
  bool internal = false;   // nothing is forwarded from it or to it
  bool masquerade = true;  // containers speak outside with the host's address
};

// A published port and where it leads to.
struct Publication {
  PublishedPort port;
  std::string container_ip;
};

// Whether the table is there with all its chains and rules, and was made for these networks (one question, five
// answers).
bool firewall_is_ready(const std::string& table, const std::vector<FirewalledNetwork>& networks);

// Whether there is any such table.
bool firewall_exists(const std::string& table);

// Makes the table anew with all its content, in one transaction: no moment without guards.
void build_firewall(const std::string& table, const std::vector<FirewalledNetwork>& networks,
                    const std::vector<Publication>& publications);

// Removes the table, if it is there.
void remove_firewall(const std::string& table);

}  // namespace minidock::network
