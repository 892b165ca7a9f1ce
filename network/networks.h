// Networks as rows of the database: the default one, and those that `network create` makes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "network/network.h"

namespace minidock::network {

// As docker's client sends it.
struct NetworkRequest {
  std::string name;
  std::string subnet;   // "10.9.0.0/24"; "": the first free pool
  std::string gateway;  // "": the first address of the subnet or of the range
  bool ipv6 = false;
  std::string ipv6_subnet;  // "": one of our own
  std::string ipv6_gateway;
  NetworkSettings settings;
};

// In a transaction of its own. Errors have docker's words: ErrorKind::conflict when name, bridge or subnet are taken,
// ErrorKind::invalid_argument, ErrorKind::unavailable when no pool is left.
Network create_network(storage::Database& database, const storage::Instance& instance, const NetworkRequest& request);

// By name.
std::vector<Network> load_networks(storage::Database& database);

// By id, name or the beginning of an id, in this order. ErrorKind::conflict for a beginning of several.
std::optional<Network> find_network(storage::Database& database, const std::string& name);

// As find_network, but ErrorKind::not_found "network NAME not found".
Network get_network(storage::Database& database, const std::string& name);

// Who has which address of a network.
struct Lease {
  std::string container_id;
  std::string endpoint_id;
  std::string address;
  std::string ipv6_address;  // "" without
  std::string names;         // with single spaces between
};
std::vector<Lease> leases_of(storage::Database& database, const std::string& network_id);

// The endpoint is found by these names from now on.
void rename_endpoint(storage::Database& database, const Endpoint& endpoint, const std::vector<std::string>& names);

// In the caller's transaction; nothing may have an endpoint of it.
void delete_network(storage::Database& database, const std::string& id);

// Whether a container could be on it, its part of the host being there. What is wrong with a parent is told by its
// maker's error rather than by the first container's: ErrorKind::unsupported where the kernel lacks the driver,
// ErrorKind::conflict, ErrorKind::invalid_argument.
void prove_network(const Network& network);

// The bridge of a deleted network goes, and so do the rules about it; of another driver's what was made for it.
void remove_network_state(storage::Database& database, const storage::Instance& instance, const Network& network);

}  // namespace minidock::network
