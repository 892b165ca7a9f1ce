// Name queries inside a container: nf_tables of the container's own network namespace.
#pragma once

#include <cstdint>
#include <string>

namespace minidock::network {

struct NameRedirect {
  std::string address;            // where programs ask
  std::uint16_t port = 0;         // …and at which port
  std::uint16_t server_port = 0;  // where the server listens, at the same address
  // Connection tracking costs each packet some percent of the throughput: without the right to make rules of its own
  // (CAP_NET_ADMIN) the container needs it for the queries alone.
  bool tracks_all = false;
};

// Makes table inet minidock-names in the network namespace `netns`: queries to address:port, UDP and TCP, go to the
// server's port.
void redirect_name_queries(const NameRedirect& redirect, int netns);

}  // namespace minidock::network
