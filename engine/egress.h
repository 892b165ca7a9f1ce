// --egress deny and --egress-allow: where a container may begin connections to.
#pragma once

#include <string>
#include <vector>

#include "engine/definition.h"
#include "engine/shim/protocol.h"
#include "network/network.h"
#include "storage/instance.h"

namespace minidock {

bool is_egress_restricted(const HostConfig& host);

// "allow" and "deny"; rules as they will be stored, each word of "a:443,10.0.0.0/8" one of its own.
// ErrorKind::invalid_argument.
void settle_egress(HostConfig& host);

// What is stored with an endpoint of this network. Names that the container's own /etc/hosts has (--add-host) are
// never asked for: their addresses are rules, behind the others.
std::string egress_of(const ContainerDefinition& definition, const network::Network& network);

// Which names the shim allows the addresses of, and the sets where it puts these.
shim::LearntNames learnt_names(const storage::Instance& instance, const ContainerDefinition& definition);

}  // namespace minidock
