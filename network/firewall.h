// The instance's own nf_tables tables, and the one thing that is to be said in others'.
//
// inet minidock: guards, masquerade and published ports
//   raw_prerouting  (filter, raw)      drop 127.0.0.0/8 from or to anything but lo; what comes from elsewhere for a
//                                      container's address itself; what a container sends with a source outside its
//                                      network; what an internal network's sends to anything but its network
//   prerouting      (nat, dstnat)      published ports: connections from outside and from containers
//   output          (nat, dstnat)      published ports: connections of the host itself, localhost too
//   forward         (filter, filter)   what would leave an internal network, or come into it, is dropped; so is what
//                                      containers without icc send each other by way of the host
//   postrouting     (nat, srcnat)      containers speak outside with the host's address; connections that would come
//                                      back past the host's translation speak with the bridge's
//   published              map  protocol . port           -> container address . port
//   published_on_address   map  address . protocol . port -> container address . port
//   published6, published_on_address6                        the same of IPv6
//
// bridge minidock: what a container may send (network/endpoint_guard.cc)
// both: what those may begin that may not begin everything (network/egress.h)
// inet minidock-user: the administrator's (network/user_chain.cc)
//
// and, where chain FORWARD of another's table drops by default, a chain there (network/foreign_forward.h).
#pragma once

#include <string>
#include <vector>

#include "network/egress.h"
#include "network/ip_prefix.h"
#include "network/network.h"

namespace minidock::network {

struct FirewalledNetwork {
  std::string interface;
  std::vector<IpPrefix> subnets;  // of IPv4 and, when it has one, of IPv6
  bool internal = false;          // nothing is forwarded from it or to it
  bool masquerade = true;         // containers speak outside with the host's address
  bool icc = true;                // containers reach each other
  bool guarded = true;            // containers send with their own addresses alone
};

// A published port and where it leads to.
struct Publication {
  PublishedPort port;
  std::string container_ip;  // of the host_ip's family
};

// A container's port of a bridge, and the addresses that may come from it.
struct GuardedEndpoint {
  std::string host_interface;
  std::vector<std::string> addresses;
};

// What the tables hold beside the rules about networks.
struct FirewallContent {
  std::vector<Publication> publications;
  std::vector<GuardedEndpoint> endpoints;
  std::vector<RestrictedContainer> restricted;
};

// Whether the tables are there with all their chains and rules, and were made for these networks, and whether others
// let the networks' packets pass (one question, thirteen answers). `restricts`: whether containers may not begin
// connections as they like (network/egress.h).
bool firewall_is_ready(const std::string& table, const std::vector<FirewalledNetwork>& networks, bool restricts);

// Whether there is any such table.
bool firewall_exists(const std::string& table);

// Makes our two tables anew with all their content, in one transaction: no moment without guards. The administrator's
// is made when it is missing.
void build_firewall(const std::string& table, const std::vector<FirewalledNetwork>& networks,
                    const FirewallContent& content);

// Removes the tables, as far as they are there. The administrator's stays when somebody has put anything into it,
// unless `with_user_rules`.
void remove_firewall(const std::string& table, bool with_user_rules);

}  // namespace minidock::network
