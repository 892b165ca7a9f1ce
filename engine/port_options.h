// Ports as options, images and filters write them. Every failure is ErrorKind::invalid_argument with docker's words.
#pragma once

#include <string>
#include <vector>

#include "base/port_range.h"
#include "network/network.h"

namespace minidock {

// A port of the container alone ("80/tcp", as a definition keeps it): no address and no port of the host.
network::PublishedPort exposed_port(const std::string& text);

// What of `exposed` no entry of `ports` publishes, as exposed_port() has it.
std::vector<network::PublishedPort> unpublished_ports(const std::vector<std::string>& exposed,
                                                      const std::vector<network::PublishedPort>& ports);

namespace options {

// "[ip:][hostPort[-hostPort]:]containerPort[-containerPort][/proto]", or docker's
// "published=8080,target=80,protocol=tcp". A range of the host's ports for one of the container is a choice: the first
// that is free.
std::vector<network::PublishedPort> parse_publish(const std::string& text);

// One part of it; `what` is docker's word for the part that is wrong.
PortRange parse_port_part(const std::string& text, const char* what);

// "80", "80/tcp", "8000-8002/udp" → "80/tcp", …
std::vector<std::string> parse_expose(const std::string& text);

}  // namespace options
}  // namespace minidock
