// docker's HostConfig of a container's document (API: GET /containers/{id}/json), in docker's order of keys.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "engine/definition.h"

namespace minidock {

OrderedJson host_config_json(const ContainerDefinition& definition);

// "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], null for one that is only exposed.
OrderedJson port_map(const std::vector<network::PublishedPort>& ports, const std::vector<std::string>& exposed);

}  // namespace minidock
