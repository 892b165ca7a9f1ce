// What the name servers of containers read (see names/directory.h): who is on each network, and what a container sees.
#pragma once

#include <string>

#include "engine/container_store.h"
#include "engine/context.h"

namespace minidock {

// Whether the container's shim answers its name queries: it has networks of its own. Those that are on the default
// network alone are left to other servers, as with docker, by --dns or "default-network-names": false in daemon.json.
// One under
// --egress deny always has it.
bool has_name_server(const DaemonConfig& config, const ContainerDefinition& definition);

// What the file of a network is to say.
std::string network_names(const EngineContext& context, const std::string& network_id);

// Writes the file of a network from the database. Not in a transaction: the file is that of the last one committed.
void publish_network_names(const EngineContext& context, const std::string& network_id);
// Of the networks of endpoints, which may be released already: then nobody finds them any more.
void publish_network_names(const EngineContext& context, const std::vector<network::Endpoint>& endpoints);

// The network is gone.
void remove_network_names(const storage::Instance& instance, const std::string& network_id);

// Writes the files of a container and of all its networks, before it starts and after any change of its networks.
void publish_names(const EngineContext& context, const Container& container);

// The running container has another name: the database first, then the files.
void rename_in_networks(const EngineContext& context, const Container& renamed);

// What is to be served to the networks' containers: <state>/networks, and a container's <state>/containers/<id>/names.
std::string networks_directory(const storage::Instance& instance);
std::string names_view_path(const storage::Instance& instance, const std::string& container_id);

}  // namespace minidock
