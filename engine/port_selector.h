// Published ports as `update --publish-rm` names them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "network/network.h"

namespace minidock {

// Some of a container's published ports. What is not said (0, "") is not asked about.
struct PortSelector {
  std::string protocol = "tcp";
  std::string host_ip;
  std::uint16_t host_port = 0;
  std::uint16_t host_port_last = 0;  // not 0: a choice, as PublishedPort's
  std::uint16_t container_port = 0;

  // Whether it means a port that is published, or one that is asked for: a choice by its whole range alone, an
  // ephemeral one by the container's port alone.
  bool selects_published(const network::PublishedPort& port) const;
  bool selects_requested(const network::PublishedPort& request) const;
  // "8080/tcp", or the container's port where only that was said.
  std::string text() const;

 private:
  bool agrees_on_the_rest(const network::PublishedPort& port) const;
};

namespace options {

// "[ip:]hostPort[-hostPort][:containerPort[-containerPort]][/proto]", ":containerPort" for whatever leads there: what
// -p was given, and the host's port alone. ErrorKind::invalid_argument with docker's words.
std::vector<PortSelector> parse_unpublish(const std::string& text);

}  // namespace options
}  // namespace minidock
