// Networks of an instance: what the database reserves (subnets, addresses, ports) and what the host carries for it
// (bridge, veth pairs, one nft table). Everything here runs in the network namespace of the caller.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "network/bridge_options.h"
#include "network/parent_options.h"
#include "storage/database.h"
#include "storage/instance.h"

namespace minidock::network {

// The default network, docker's "bridge".
inline constexpr char kDefaultNetwork[] = "bridge";

// What joins a network's containers; network/driver.h says what each does.
inline constexpr char kBridgeDriver[] = "bridge";
inline constexpr char kMacvlanDriver[] = "macvlan";
inline constexpr char kIpvlanDriver[] = "ipvlan";

// What was asked for when a network was made; stored beside it.
struct NetworkSettings {
  std::string driver = kBridgeDriver;
  bool internal = false;       // no way out, and none in
  bool attachable = false;     // docker's, for swarms: shown, of no effect
  bool chosen_subnet = false;  // by the user: only there addresses can be asked for
  bool chosen_gateway = false;
  bool chosen_ipv6_subnet = false;
  bool chosen_ipv6_gateway = false;
  std::string ipv6_range;                            // as ip_range
  std::string ip_range;                              // addresses are given from here; "": the whole subnet
  std::map<std::string, std::string> aux_addresses;  // name → address of either family that is never given
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> options;  // -o
};

struct Network {
  std::string id;         // 64 hex digits
  std::string name;       // "bridge"
  std::string interface;  // the host's that is the network's own: its bridge, or what stands in for a parent
  std::string subnet;     // "172.18.0.0/16"
  std::string gateway;    // "172.18.0.1": the bridge's own address; of the other drivers a router's
  int prefix_length = 0;
  std::string ipv6_subnet;  // "fd12:3456:789a:1::/64"; "": no IPv6
  std::string ipv6_gateway;
  std::int64_t created = 0;  // ns since the epoch
  NetworkSettings settings;
  // What the settings' options mean to the driver.
  BridgeOptions bridge;
  ParentOptions parent;
};

// Whether the network's containers stand at a bridge of the host: others have no part in firewall and published ports.
bool is_bridged(const Network& network);

// A container's end of a network.
struct Endpoint {
  std::string id;  // 64 hex digits
  std::string network_id;
  std::string network_name;
  std::string interface;  // inside: "eth0"
  std::string address;    // IPv4
  int prefix_length = 0;
  std::string gateway;       // "" of an internal network: no way out
  std::string ipv6_address;  // "" without
  int ipv6_prefix_length = 0;
  std::string ipv6_gateway;
  int gateway_priority = 0;  // see gateway_endpoint
  std::string mac_address;   // 02:42 and the four bytes of the address, as docker up to 27; "": the parent's (ipvlan)
  std::string driver = kBridgeDriver;
  std::string host_interface;  // "md" + hex of the endpoint id, at most 15 characters; "" where there is no bridge
};

bool has_bridge(const Endpoint& endpoint);

// What may be asked for.
struct EndpointRequest {
  std::string interface = "eth0";
  std::string address;  // "": the next free one
  std::string ipv6_address;
  std::string mac_address;  // "": made from the address
  int gateway_priority = 0;
  std::vector<std::string> names;  // by which others find it; lower case, no spaces
  std::string egress;              // where it may begin connections to (egress_text); "": everywhere
};

// Of the host's end of an endpoint's veth pair.
std::string host_interface_name(const std::string& endpoint_id);

inline constexpr char kEveryAddress[] = "0.0.0.0";

struct PublishedPort {
  std::string protocol;         // "tcp", "udp", "sctp"
  std::string host_ip;          // of either family; "" before reservation: every address of both
  std::uint16_t host_port = 0;  // 0 before reservation: an ephemeral port is chosen
  std::uint16_t container_port = 0;
  std::uint16_t host_port_last = 0;  // not 0 before reservation: the first that is free from host_port on is chosen
};

// ---- what the database reserves; the caller's transaction decides

// The default network's row, created the first time: the first pool (172.17–31.0.0/16, then 192.168.0.0/20 slices) that
// overlaps no route or address of the host, no resolver of its resolv.conf, and no other network. `bip` ("10.9.0.1/24")
// is the user's choice of gateway and subnet, empty for none; one that contradicts an existing row is
// ErrorKind::conflict.
Network default_network(storage::Database& database, const storage::Instance& instance, const std::string& bip);

// Where published ports lead to: a container's addresses, "" for a family that it does not have.
struct PortTarget {
  std::string ipv4;
  std::string ipv6;
  bool operator==(const PortTarget&) const = default;
  // The one that a port of this address of the host leads to.
  const std::string& of(const PublishedPort& port) const;
};

// Reserves the next free address after the last one given, wrapping around, or the one that is asked for; of IPv6 the
// one with the same number in its subnet, or the next one that is free. Must run in a transaction.
// ErrorKind::unavailable when the subnet is full, or the bridge's 1,023 ports are; ErrorKind::conflict or
// ErrorKind::invalid_argument with docker's words for an address that is taken, or not the network's;
// ErrorKind::unsupported for an endpoint that is to be restricted where all addresses may be sent with.
Endpoint reserve_endpoint(storage::Database& database, const Network& network, const std::string& container_id,
                          const EndpointRequest& request = {});

// The address is free again. Safe when it is already.
void release_endpoint(storage::Database& database, const Endpoint& endpoint);

// The one that leads out of a container, and that its published ports lead to: of those whose network is not internal
// the one with the highest priority, and of these docker's choice, the first by the network's name. With internal
// networks alone the first of them all; null when there is none.
const Endpoint* gateway_endpoint(const std::vector<Endpoint>& endpoints);
// The same of those with IPv6.
const Endpoint* ipv6_gateway_endpoint(const std::vector<Endpoint>& endpoints);
// Their addresses, where they stand at a bridge: to others the host does not lead.
PortTarget port_target(const std::vector<Endpoint>& endpoints);

// Those that stand for one port of every address become one for each of the target's families; choices stay as they
// are.
std::vector<PublishedPort> in_each_family(const std::vector<PublishedPort>& ports, const PortTarget& target);

// A listening (tcp, sctp) or bound (udp) socket for each port: it proves that no process of the host has the port and
// keeps it from being taken while the container lives (whoever holds the container keeps it open; nothing is ever
// accepted, nftables redirects first). Of a protocol that the kernel lacks (sctp) there is no socket, and no process
// that could have the port. Chooses ephemeral ports (ip_local_port_range) and those that are a choice, and
// writes them into `ports`.
// One for every address of both families becomes two ports, as far as the target has these families.
// ErrorKind::conflict with docker's words ("Bind for 0.0.0.0:8080 failed: port is already allocated", or "…: address
// already in use" with the errno text when a process has it); ErrorKind::unsupported for a port of a family that the
// container does not have.
std::vector<Fd> reserve_ports(storage::Database& database, const std::string& container_id, const PortTarget& target,
                              std::vector<PublishedPort>& ports);

// The ports lead to other addresses of the container from now on; those whose family it has no more lead nowhere.
void redirect_ports(storage::Database& database, const std::string& container_id, const PortTarget& target);

// Some of a container's ports are free again.
void release_ports(storage::Database& database, const std::string& container_id,
                   const std::vector<PublishedPort>& ports);

// A reserved port leads to another port of its container from now on.
void change_container_port(storage::Database& database, const PublishedPort& port);

// Forgets endpoints and ports of a container. Safe when there are none.
void release_reservations(storage::Database& database, const std::string& container_id);

// ---- what the host carries

// Makes sure that bridge, its address, the sysctls (ip_forward, route_localnet on the bridge) and the nft table are
// there, or the parent of a network without a bridge; cheap when they are. A table that somebody flushed is built again
// with every published port in the database. Sysctls that had another value before are noted in the database, so that
// remove_host_state can put them back. ErrorKind::not_found or ErrorKind::unavailable for a parent that is gone or
// switched off.
void ensure_host_state(storage::Database& database, const storage::Instance& instance,
                       const std::vector<Network>& networks);

// Lets the endpoint's own addresses, and nothing else, come from its interface, which need not be there yet: one nft
// transaction. Nothing where the network allows other addresses, or has no bridge.
void guard_endpoint(storage::Database& database, const storage::Instance& instance, const Network& network,
                    const Endpoint& endpoint);

// --egress deny, network/egress.h: from now on the container, whose endpoints are reserved, begins connections as its
// rules allow alone; nothing for a container without rules. What its shim has learnt of names is forgotten.
void restrict_egress(storage::Database& database, const storage::Instance& instance, const std::string& container_id);
// One more endpoint of such a container.
void restrict_egress(storage::Database& database, const storage::Instance& instance, const Endpoint& endpoint);

// The rules go, which are about addresses: before these are free for others. While the result is held nobody builds the
// tables from a database that still has them.
[[nodiscard]] Fd release_egress(storage::Database& database, const storage::Instance& instance,
                                const std::string& container_id);
[[nodiscard]] Fd release_egress(storage::Database& database, const storage::Instance& instance,
                                const Endpoint& endpoint);

// Which default routes are by an endpoint's gateways, in the place of others that were there.
struct DefaultRoutes {
  bool ipv4 = false;
  bool ipv6 = false;
};
// Of the endpoint that leads out, or of another one.
DefaultRoutes default_routes_by(const Endpoint& endpoint, const std::vector<Endpoint>& endpoints);

// The endpoint's interface as the network's driver makes it inside the network namespace `netns`, then addresses and lo
// up there. IPv6 is switched off on it unless the endpoint has an IPv6 address (lo keeps ::1). What fails leaves no
// interface. ErrorKind::conflict when the addresses are in use on a parent.
void attach_endpoint(const storage::Instance& instance, const Network& network, const Endpoint& endpoint, int netns,
                     const DefaultRoutes& routes);

// Takes the interface away from a running container, whose network namespace is `netns`; -1 when there is none any
// more.
void detach_endpoint(const Endpoint& endpoint, int netns);

// The default routes of the namespace are by the gateways of these endpoints from now on, each of its family; there is
// none where that has none.
void set_default_routes(const std::vector<Endpoint>& endpoints, int netns);

// Brings up lo in a network namespace without any endpoint (--network none).
void bring_up_loopback(int netns);

// One atomic nft transaction for all ports. EEXIST (a map element is there) is ErrorKind::conflict.
// Those whose family the target does not have are left out.
void publish_ports(const storage::Instance& instance, const PortTarget& target,
                   const std::vector<PublishedPort>& ports);
// Elements that are gone already are fine.
void unpublish_ports(const storage::Instance& instance, const std::vector<PublishedPort>& ports);

// Both in one atomic nft transaction; a port may be in both lists and lead elsewhere then. Errors as publish_ports';
// ErrorKind::unavailable when one that is to go is gone already.
void change_published_ports(const storage::Instance& instance, const PortTarget& target,
                            const std::vector<PublishedPort>& removed, const std::vector<PublishedPort>& added);

// Joins a running container's end to its bridge again, after the bridge was removed and made anew. One that is gone is
// no error.
void reattach_endpoint(const Network& network, const Endpoint& endpoint);

// Removes the host's veth end if it is still there (a namespace that somebody keeps open). Normally the kernel has
// removed it with the namespace. Nothing for "".
void remove_host_interface(const std::string& host_interface);

// Makes the host's part of all networks anew, whatever is there: what ensure_host_state does for one, and the tables
// even when they look whole.
void reload_host_state(storage::Database& database, const storage::Instance& instance);

// Whether somebody took the nft tables away, or parts of them, while a container has an address.
bool firewall_is_missing(storage::Database& database, const storage::Instance& instance);
// Builds them then.
void restore_firewall(storage::Database& database, const storage::Instance& instance);

// Removes bridges, other interfaces that were made for networks and nft tables, and puts back the sysctls that
// ensure_host_state changed. The administrator's table stays when there is something in it, unless `with_user_rules`.
// Refused with ErrorKind::conflict while endpoints exist in the database.
void remove_host_state(storage::Database& database, const storage::Instance& instance, bool with_user_rules);

}  // namespace minidock::network
