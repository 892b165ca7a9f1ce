// A container's ends of networks: what is asked for (ContainerDefinition::networks), and what is reserved of it each
// time that it starts (ContainerState::endpoints).
#pragma once

#include <string>
#include <vector>

#include "engine/container_store.h"
#include "engine/context.h"
#include "engine/definition.h"
#include "network/network.h"

namespace minidock {

// Whether a container of this network mode has networks: not one without any, nor one in another's namespace.
bool has_networks(const std::string& network_mode);

// Where the container's /etc/hosts, hostname and resolv.conf are: whoever joins another's network has that one's.
std::string network_files_directory(const storage::Instance& instance, const ContainerDefinition& definition);

// Nothing asked for but the default network.
NetworkAttachment on_default_network();

// At creation: the network of a container that tells its mode alone, names in the place of ids, --mac-address for the
// first one. ErrorKind::invalid_argument for a network that is named twice, or beside a mode that has none.
void complete_attachments(const EngineContext& context, ContainerDefinition& definition);

// That of a network, by its name; the end without.
std::vector<NetworkAttachment>::const_iterator find_attachment(const std::vector<NetworkAttachment>& networks,
                                                               const std::string& name);

// IPv4 first.
std::vector<std::string> addresses_of(const network::Endpoint& endpoint);

// The network of an attachment; the default one is made the first time. ErrorKind::not_found.
network::Network network_of(const EngineContext& context, const NetworkAttachment& attachment);

// By which the others of that network find a container: its name, the short id, --network-alias, a host name that was
// asked for. Lower case.
std::vector<std::string> dns_names(const ContainerDefinition& definition, const NetworkAttachment& attachment);

// In the caller's transaction: an address for the container's next interface, added to its state.
void reserve_attachment(const EngineContext& context, Container& container, const NetworkAttachment& attachment,
                        const network::Network& network);

}  // namespace minidock
