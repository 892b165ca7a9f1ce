// --network as it is written.
#pragma once

#include <string>

#include "engine/definition.h"

namespace minidock::options {

// "NETWORK", or docker's "name=NETWORK,alias=A,ip=10.0.0.5,mac-address=…,gw-priority=1". ErrorKind::invalid_argument
// with docker's words, ErrorKind::unsupported for fields of IPv6 and of drivers' options.
NetworkAttachment parse_network(const std::string& text);

}  // namespace minidock::options
