// Containers that may not begin connections but to certain destinations (--egress deny). It is decided on the host,
// where a container cannot change it, whatever capabilities it has.
//
// What such a container sends must not reach a neighbour by the bridge alone, which keeps no track of connections: its
// packets, and those to it, are led up to the host, which routes them.
//
// bridge minidock
//   egress          (filter, bridge: after the guard)
//   restricted              map  interface           -> MAC address of its bridge: what comes from there
//   restricted_addresses    map  address             -> MAC address of its bridge: what neighbours send there
//   restricted_addresses6                              the same of IPv6
// inet minidock
//   egress          (filter, mangle: before translation, so that rules are about what was asked for)
//   restricted              map  bridge . address    -> jump to the container's chain
//   restricted6                                        the same of IPv6
//   egress_<short id>       a container's chain: connections that are there already go on; then its rules; the rest is
//                           refused
//   egress_<short id>_<n>   set  addresses that the name of rule n has led to; kept by the container's shim
//   egress6_<short id>_<n>
//
// The two base chains and their maps are there only when a container is restricted: they cost every packet a look.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "network/egress_rule.h"
#include "network/network.h"

namespace minidock::network {

class NftBatch;
class NftQuestions;

// The set of what the name of a container's rule has led to.
std::string learnt_set_name(IpFamily family, const std::string& container_id, std::size_t rule);

struct RestrictedEndpoint {
  std::string bridge;
  std::string bridge_mac;  // six bytes
  std::string host_interface;
  std::vector<std::string> addresses;  // of both families, the link-local one too
};

struct RestrictedContainer {
  std::string id;
  std::vector<EgressRule> rules;
  std::vector<RestrictedEndpoint> endpoints;
};

// ---- egress_state.cc: as the database has them

bool restricts_egress(storage::Database& database);
std::vector<RestrictedContainer> restricted_containers(storage::Database& database);

// ---- egress.cc

// Appends the base chains with their maps, and the containers' parts: for tables that are made anew.
void add_restrictions(NftBatch& batch, const std::string& table, const std::vector<RestrictedContainer>& containers);

// ---- transactions of their own. They return the errno: ENOENT where tables or base chains are missing

// The container's chain and sets, the latter without what was learnt, and its endpoints. What is there stays.
int restrict_container(const std::string& table, const RestrictedContainer& container);
// One more end of a container that is restricted.
int restrict_endpoint(const std::string& table, const std::string& container_id, const RestrictedEndpoint& endpoint);
// What is gone already is fine.
int unrestrict_container(const std::string& table, const RestrictedContainer& container);
int unrestrict_endpoint(const std::string& table, const std::string& container_id, const RestrictedEndpoint& endpoint);

// The elements that lead a container's packets to its chain and up to the host: `key` as in the set.
struct RestrictionElement {
  std::uint8_t family = 0;  // of the table: NFPROTO_INET or NFPROTO_BRIDGE
  std::string map;
  std::string key;
  std::string host_interface;
};
std::vector<RestrictionElement> restriction_elements_of(const RestrictedEndpoint& endpoint);
// Of all maps that are about addresses: what these have of a container that is gone restricts the next one.
std::vector<std::pair<std::uint8_t, std::string>> restriction_maps();

// ---- for firewall_is_ready: two questions, and whether the base chains are there with all their rules

inline constexpr std::size_t kRestrictionQuestions = 2;
void ask_for_restrictions(NftQuestions& questions, const std::string& table);
bool has_restrictions(const std::string& table, std::span<const std::vector<char>> answers);

}  // namespace minidock::network
