// Published ports: a socket of the host proves that a port is free and keeps it, a row of the database says whose it
// is.
#include <fmt/format.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <sstream>
#include <string_view>

#include "base/error.h"
#include "base/random.h"
#include "base/syscall.h"
#include "network/ip_prefix.h"
#include "network/network.h"
#include "network/sysctls.h"
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

// Invalid where the kernel lacks the protocol: sctp, mostly.
Fd open_socket(const PublishedPort& port) {
  const Transport transport = transport_of(port.protocol);
  const bool ipv6 = family_of(port.host_ip) == IpFamily::ipv6;
  Fd fd(::socket(ipv6 ? AF_INET6 : AF_INET, transport.socket_type | SOCK_CLOEXEC, transport.protocol));
  const int err = errno;
  if (fd) {
    // Each family has its own port: IPv4's is another socket's.
    const int only = 1;
    if (ipv6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
    return fd;
  }
  // Nobody on this host can have such a port then, while translating its packets is another part of the kernel.
  if (err == EPROTONOSUPPORT || err == ESOCKTNOSUPPORT) return Fd();
  throw SysError(err, fmt::format("cannot open a socket to reserve port {}/{}", port.host_port, port.protocol));
}

sockaddr_storage socket_address(const PublishedPort& port) {
  const std::string bytes = packet_bytes(port.host_ip);
  sockaddr_storage storage{};
  if (family_of(port.host_ip) == IpFamily::ipv6) {
    auto* address = reinterpret_cast<sockaddr_in6*>(&storage);
    address->sin6_family = AF_INET6;
    address->sin6_port = htons(port.host_port);
    std::memcpy(&address->sin6_addr, bytes.data(), bytes.size());
  } else {
    auto* address = reinterpret_cast<sockaddr_in*>(&storage);
    address->sin_family = AF_INET;
    address->sin_port = htons(port.host_port);
    std::memcpy(&address->sin_addr, bytes.data(), bytes.size());
  }
  return storage;
}

// Without SO_REUSEADDR: it would let a process that has it share the port.
void bind_socket(int socket, const PublishedPort& port) {
  const sockaddr_storage address = socket_address(port);
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
  sockaddr_storage address{};  // the port stands at the same place in both families
  socklen_t size = sizeof(address);
  sys::checked([&] { return fmt::format("getsockname({})", socket); },
               [&] { return ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size); });
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

bool is_allocated(storage::Database& database, const PublishedPort& port) {
  storage::Statement row = database.prepare(
      "SELECT 1 FROM ports WHERE protocol = ?1 AND host_port = ?2 "
      "AND (host_ip = ?3 OR host_ip = ?4 OR (?3 = ?4 AND instr(host_ip, ':') = instr(?4, ':')))");
  const char* everywhere = every_address_of(family_of(port.host_ip));
  row.bind(port.protocol).bind(static_cast<std::int64_t>(port.host_port)).bind(port.host_ip).bind(everywhere);
  return row.step();
}

// A listening socket, so that the host's tools show the port as taken; invalid where there can be none.
Fd take_port(const PublishedPort& port) {
  Fd socket = open_socket(port);
  if (!socket) return socket;
  discard_everything(socket.get());
  bind_socket(socket.get(), port);
  if (transport_of(port.protocol).socket_type == SOCK_STREAM && ::listen(socket.get(), 0) != 0) {
    if (errno == EADDRINUSE) throw bind_failure(port, "address already in use", EADDRINUSE);
    throw SysError(fmt::format("cannot listen on {}:{}", port.host_ip, port.host_port));
  }
  return socket;
}

// As the kernel chooses one.
std::uint16_t random_local_port() {
  std::istringstream range(read_sysctl("net/ipv4/ip_local_port_range"));
  std::uint32_t first = 32768;
  std::uint32_t last = 60999;
  range >> first >> last;
  return static_cast<std::uint16_t>(first + random::below(last - first + 1));
}

Fd take_ephemeral_port(storage::Database& database, PublishedPort& port) {
  // Kept open until one is found: the kernel would choose the same ones again.
  std::vector<Fd> refused;
  for (int attempt = 0; attempt < kEphemeralAttempts; ++attempt) {
    PublishedPort candidate = port;
    Fd socket = take_port(candidate);
    candidate.host_port = socket ? bound_port(socket.get()) : random_local_port();
    if (is_allocated(database, candidate)) {
      refused.push_back(std::move(socket));
      continue;
    }
    port.host_port = candidate.host_port;
    return socket;
  }
  throw Error(ErrorKind::conflict, fmt::format("Bind for {} failed: all ports are allocated", port.host_ip));
}

Fd take_first_free_port(storage::Database& database, PublishedPort& port) {
  for (int number = port.host_port; number <= port.host_port_last; ++number) {
    PublishedPort candidate = port;
    candidate.host_port = static_cast<std::uint16_t>(number);
    candidate.host_port_last = 0;
    if (is_allocated(database, candidate)) continue;
    try {
      Fd socket = take_port(candidate);
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
  if (!Ipv4Address::parse(port.host_ip) && !Ipv6Address::parse(port.host_ip)) {
    throw Error(ErrorKind::invalid_argument, fmt::format("invalid IP address: {}", port.host_ip));
  }
  if (port.host_port == 0) return take_ephemeral_port(database, port);
  if (port.host_port_last != 0) return take_first_free_port(database, port);
  if (is_allocated(database, port)) throw bind_failure(port, "port is already allocated");
  return take_port(port);
}

void insert_row(storage::Database& database, const std::string& container_id, const PublishedPort& port,
                const std::string& container_ip) {
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

// The ports that a port is: one for each family that the container has, where none was chosen; of IPv4 while it has no
// network.
std::vector<PublishedPort> families_of(const PublishedPort& port, const PortTarget& target) {
  const bool is_nowhere = target.ipv4.empty() && target.ipv6.empty();
  if (!port.host_ip.empty()) {
    if (is_nowhere || !target.of(port).empty()) return {port};
    throw Error(ErrorKind::unsupported,
                fmt::format("cannot publish on {}: the container has no address of this family; give it a network with "
                            "one (network create --ipv6)",
                            port.host_ip));
  }
  std::vector<PublishedPort> families;
  for (const IpFamily family : {IpFamily::ipv4, IpFamily::ipv6}) {
    PublishedPort of_family = port;
    of_family.host_ip = every_address_of(family);
    const bool is_default = is_nowhere && family == IpFamily::ipv4;
    if (is_default || !target.of(of_family).empty()) families.push_back(std::move(of_family));
  }
  return families;
}

}  // namespace

const std::string& PortTarget::of(const PublishedPort& port) const {
  return family_of(port.host_ip) == IpFamily::ipv4 ? ipv4 : ipv6;
}

namespace {

struct TakenPort {
  PublishedPort port;
  Fd socket;
};

// The same one in both families, also when the kernel has chosen it: its choice for one may be taken in the other.
std::vector<TakenPort> take_in_families(storage::Database& database, const std::vector<PublishedPort>& families) {
  std::vector<Fd> refused;
  for (int attempt = 1;; ++attempt) {
    std::vector<TakenPort> taken;
    try {
      for (PublishedPort port : families) {
        if (!taken.empty()) {
          port.host_port = taken.front().port.host_port;
          port.host_port_last = 0;
        }
        Fd socket = reserve_port(database, port);
        taken.push_back({std::move(port), std::move(socket)});
      }
      return taken;
    } catch (const Error& error) {
      const bool is_second = !taken.empty();
      const bool is_chosen = families.front().host_port != 0;
      if (!is_second || is_chosen || error.kind() != ErrorKind::conflict || attempt == kEphemeralAttempts) throw;
      refused.push_back(std::move(taken.front().socket));
    }
  }
}

}  // namespace

std::vector<PublishedPort> in_each_family(const std::vector<PublishedPort>& ports, const PortTarget& target) {
  std::vector<PublishedPort> result;
  for (const PublishedPort& port : ports) {
    const bool is_choice = port.host_port == 0 || port.host_port_last != 0;
    for (PublishedPort& one : is_choice ? std::vector{port} : families_of(port, target)) {
      result.push_back(std::move(one));
    }
  }
  return result;
}

std::vector<Fd> reserve_ports(storage::Database& database, const std::string& container_id, const PortTarget& target,
                              std::vector<PublishedPort>& ports) {
  std::vector<Fd> sockets;
  std::vector<PublishedPort> reserved;
  for (const PublishedPort& port : ports) {
    for (TakenPort& taken : take_in_families(database, families_of(port, target))) {
      insert_row(database, container_id, taken.port, target.of(taken.port));
      if (taken.socket) sockets.push_back(std::move(taken.socket));
      reserved.push_back(std::move(taken.port));
    }
  }
  ports = std::move(reserved);
  return sockets;
}

void redirect_ports(storage::Database& database, const std::string& container_id, const PortTarget& target) {
  database
      .prepare(
          "UPDATE ports SET container_ip = CASE WHEN instr(host_ip, ':') THEN ?1 ELSE ?2 END WHERE container_id = ?3")
      .bind(target.ipv6)
      .bind(target.ipv4)
      .bind(container_id)
      .run();
}

}  // namespace minidock::network
