// The name server of one container: answers what its directory knows, forwards the rest. One thread, no blocking: all
// of its descriptors are in one epoll instance, which the owner's own loop watches.
//
// - UDP and TCP (RFC 7766). A, AAAA, PTR, ANY of what the directory knows and of "localhost" (RFC 6761, 6.3); a known
//   name has no other records. Several addresses of a name come in an order that rotates from query to query. Other
//   classes than IN, and zone transfers, are REFUSED.
// - Other names go to the first three of the directory's servers, one after the other, each over a socket of its own:
//   to the next one when time is up, when the socket fails, or on SERVFAIL, NOTIMP and REFUSED. When none is left, the
//   last such answer is passed on, else it is SERVFAIL. When all networks are internal, other names are NXDOMAIN.
// - Of a container that may speak to certain hosts alone (learnt_addresses.h) names that are none of these are
// NXDOMAIN,
//   and what the others lead to is allowed before the container has the answer.
// - Nothing grows without bound: see the limits below, and kLargestQuery for what is read of a client.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/fd.h"
#include "names/directory.h"
#include "names/learnt_addresses.h"

namespace minidock::names {

inline constexpr std::size_t kMostServersAsked = 3;
// One more is answered with SERVFAIL.
inline constexpr std::size_t kMostForwarded = 128;
// With one more the one that has been idle longest is closed.
inline constexpr std::size_t kMostTcpClients = 32;
// Forwarded queries of one client: it is not read until one of them is done.
inline constexpr std::size_t kMostOfTcpClient = 16;
// UDP: FORMERR; TCP: the client is closed.
inline constexpr std::size_t kLargestQuery = 4096;
// Bytes of answers that a TCP client does not take: it is closed.
inline constexpr std::size_t kMostUnread = 256 * 1024;

struct ServerOptions {
  std::chrono::milliseconds only_server{4000};     // how long a server is waited for when there is one
  std::chrono::milliseconds one_of_servers{2000};  // … and when there are several
  std::chrono::milliseconds idle_client{10000};    // TCP, after the last query or answer
  std::uint16_t upstream_port = 53;
};

class Server {
 public:
  // Makes a socket as socket(2) does (nonblocking, close-on-exec) in the container's network namespace or in the own
  // one. It may throw Error, or return an invalid Fd: then the next server is asked.
  using SocketMaker = std::function<Fd(int family, int type, bool inside)>;
  using Clock = std::chrono::steady_clock;

  // `udp` is bound, `tcp` listens; both nonblocking. `learnt`: null for a container that may speak to everybody. Throws
  // SysError when they cannot be watched.
  Server(Fd udp, Fd tcp, Directory directory, SocketMaker make_socket, const ServerOptions& options = {},
         std::unique_ptr<LearntAddresses> learnt = nullptr);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Readable when serve() has something to do.
  int fd() const;
  // Serves what is there; never waits, and returns after a bounded amount of work.
  void serve();
  // When on_time() is to be called: a forwarded query runs out of time, a TCP client has been idle for too long, or
  // what was learnt is over. Clock::time_point::max() when there is nothing.
  Clock::time_point deadline() const;
  // Asks the next server, or gives up; closes idle clients. Harmless when it is early.
  void on_time();
  // Whoever keeps what was learnt may have forgotten it.
  void repeat_what_was_learnt() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace minidock::names
