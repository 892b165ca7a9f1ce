// Published ports: a socket of the host proves that a port is free and keeps it, a row of the database says whose it
// is.
#include <fmt/format.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string_view>

#include "base/error.h"
#include "base/syscall.h"
#include "network/ipv4.h"
#include "network/network.h"
#include "network/transport.h"

namespace minidock::network {

namespace {

// How often another ephemeral port is tried when the kernel's choice belongs to a container whose socket is not open.
constexpr int kEphemeralAttempts = 64;

Error bind_failure(const PublishedPort& port, std::string_view why, int err = 0) {
  return Error(ErrorKind::conflict, fmt::format("Bind for {}:{} failed: {}", port.host_ip, port.host_port, why), err);
}

// The socket must never get anything: before the firewall redirects, or after somebody flushed it, a client would be
// connected to a queue that nobody reads. With this filter it gets no answer instead.
void discard_everything(int socket) {
  sock_filter discard{BPF_RET | BPF_K, 0, 0, 0};
  sock_fprog program{1, &discard};
  sys::checked([&] { return fmt::format("setsockopt({}, SO_ATTACH_FILTER)", socket); },
               [&] { return ::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)); });
}

Fd open_socket(const PublishedPort& port) {
  const Transport transport = transport_of(port.protocol);
  Fd fd(::socket(AF_INET, transport.socket_type | SOCK_CLOEXEC, transport.protocol));
  if (fd) return fd;
  const int err = errno;
  if (err == EPROTONOSUPPORT || err == ESOCKTNOSUPPORT) {
    throw Error(ErrorKind::unsupported,
                fmt::format("cannot publish a port of {}: this kernel does not have the protocol", port.protocol), err);
  }
  throw SysError(err, fmt::format("cannot open a socket to reserve port {}/{}", port.host_port, port.protocol));
}

// Without SO_REUSEADDR: it would let a process that has it share the port.
void bind_socket(int socket, const PublishedPort& port, Ipv4Address host_address) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = host_address.network_order();
  address.sin_port = htons(port.host_port);
  const std::uint64_t started = trace::start();
  const int result = ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const int err = result < 0 ? errno : 0;
  if (trace::enabled()) {
    trace::line(started, fmt::format("bind({}, {}:{}/{})", socket, port.host_ip, port.host_port, port.protocol), result,
                err);
  }
  if (err == EADDRINUSE) throw bind_failure(port, "address already in use", err);
  if (err == EADDRNOTAVAIL) throw bind_failure(port, "cannot assign requested address: the host does not have it", err);
  if (err != 0) throw SysError(err, fmt::format("Bind for {}:{} failed", port.host_ip, port.host_port));
}

std::uint16_t bound_port(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  sys::checked([&] { return fmt::format("getsockname({})", socket); },
               [&] { return ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size); });
  return ntohs(address.sin_port);
}

bool is_allocated(storage::Database& database, const PublishedPort& port) {
  storage::Statement row = database.prepare(
      "SELECT 1 FROM ports WHERE protocol = ?1 AND host_port = ?2 "
      "AND (host_ip = ?3 OR host_ip = '0.0.0.0' OR ?3 = '0.0.0.0')");
  row.bind(port.protocol).bind(static_cast<std::int64_t>(port.host_port)).bind(port.host_ip);
  return row.step();
}

// A listening socket, so that the host's tools show the port as taken.
Fd take_port(const PublishedPort& port, Ipv4Address host_address) {
  Fd socket = open_socket(port);
  discard_everything(socket.get());
  bind_socket(socket.get(), port, host_address);
  if (transport_of(port.protocol).socket_type == SOCK_STREAM && ::listen(socket.get(), 0) != 0) {
    if (errno == EADDRINUSE) throw bind_failure(port, "address already in use", EADDRINUSE);
    throw SysError(fmt::format("cannot listen on {}:{}", port.host_ip, port.host_port));
  }
  return socket;
}

Fd take_ephemeral_port(storage::Database& database, PublishedPort& port, Ipv4Address host_address) {
  // Kept open until one is found: the kernel would choose the same ones again.
  std::vector<Fd> refused;
  for (int attempt = 0; attempt < kEphemeralAttempts; ++attempt) {
    PublishedPort candidate = port;
    Fd socket = take_port(candidate, host_address);
    candidate.host_port = bound_port(socket.get());
    if (is_allocated(database, candidate)) {
      refused.push_back(std::move(socket));
      continue;
    }
    port.host_port = candidate.host_port;
    return socket;
  }
  throw Error(ErrorKind::conflict, fmt::format("Bind for {} failed: all ports are allocated", port.host_ip));
}

Fd take_first_free_port(storage::Database& database, PublishedPort& port, Ipv4Address host_address) {
  for (int number = port.host_port; number <= port.host_port_last; ++number) {
    PublishedPort candidate = port;
    candidate.host_port = static_cast<std::uint16_t>(number);
    candidate.host_port_last = 0;
    if (is_allocated(database, candidate)) continue;
    try {
      Fd socket = take_port(candidate, host_address);
      port = candidate;
      return socket;
    } catch (const Error& error) {
      if (error.error_number() != EADDRINUSE) throw;
    }
  }
  throw Error(ErrorKind::conflict, fmt::format("Bind for {}:{}-{} failed: all ports are allocated", port.host_ip,
                                               port.host_port, port.host_port_last));
}

Fd reserve_port(storage::Database& database, PublishedPort& port) {
  const std::optional<Ipv4Address> host_address = Ipv4Address::parse(port.host_ip);
  if (!host_address) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("invalid IP address: {}: ports are published on IPv4 addresses", port.host_ip));
  }
  if (port.host_port == 0) return take_ephemeral_port(database, port, *host_address);
  if (port.host_port_last != 0) return take_first_free_port(database, port, *host_address);
  if (is_allocated(database, port)) throw bind_failure(port, "port is already allocated");
  return take_port(port, *host_address);
}

}  // namespace

std::vector<Fd> reserve_ports(storage::Database& database, const std::string& container_id,
                              const std::string& container_ip, std::vector<PublishedPort>& ports) {
  std::vector<Fd> sockets;
  for (PublishedPort& port : ports) {
    sockets.push_back(reserve_port(database, port));
    database
        .prepare(
            "INSERT INTO ports(protocol, host_port, host_ip, container_id, container_ip, container_port) "
            "VALUES(?, ?, ?, ?, ?, ?)")
        .bind(port.protocol)
        .bind(static_cast<std::int64_t>(port.host_port))
        .bind(port.host_ip)
        .bind(container_id)
        .bind(container_ip)
        .bind(static_cast<std::int64_t>(port.container_port))
        .run();
  }
  return sockets;
}

void redirect_ports(storage::Database& database, const std::string& container_id, const std::string& container_ip) {
  database.prepare("UPDATE ports SET container_ip = ? WHERE container_id = ?")
      .bind(container_ip)
      .bind(container_id)
      .run();
}

}  // namespace minidock::network
