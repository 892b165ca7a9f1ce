// All networks that a container can be in, the two without a bridge included, and what is shown of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/context.h"
#include "network/networks.h"

namespace minidock {

struct ListedNetwork {
  network::Network network;  // of "host" and "none" id and name alone
  std::string driver;        // "bridge", "macvlan", "ipvlan", "host", "null"
  bool is_predefined() const;
};

// Whether a container's network mode names a network that a user has made.
bool is_user_defined_network(const std::string& mode);

// By name.
std::vector<ListedNetwork> list_networks(EngineContext& context);

// By id, name or the beginning of an id. ErrorKind::not_found "No such network: NAME".
ListedNetwork find_listed_network(EngineContext& context, const std::string& name);

// docker's document.
OrderedJson network_document(EngineContext& context, const ListedNetwork& listed);

// A row of `network ls`.
OrderedJson network_row(const ListedNetwork& listed, bool truncate);
OrderedJson network_headers();

}  // namespace minidock
