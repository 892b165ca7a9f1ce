#include "engine/shim/name_service.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <utility>

#include "base/error.h"
#include "base/netns_visit.h"
#include "base/syscall.h"
#include "engine/shim/learnt_sets.h"
#include "names/service_address.h"

namespace minidock::shim {
namespace {

constexpr int kWaitingClients = 16;
constexpr char kHostResolvers[] = "/etc/resolv.conf";

// In the caller's network namespace. Only then the server's address is a local one: a socket that was bound before
// answers with the source 127.0.0.1.
void switch_on_loopback() {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) throw SysError("cannot open a socket to switch on lo");
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) throw SysError("cannot switch on lo for the name server");
}

// In the caller's network namespace.
Fd bind_socket(int type) {
  Fd socket(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) throw SysError("cannot open a socket for the name server");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(names::kServerPort);
  inet_pton(AF_INET, names::kServerAddress, &address.sin_addr);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      (type == SOCK_STREAM && ::listen(socket.get(), kWaitingClients) != 0)) {
    throw SysError(
        fmt::format("cannot listen on {}:{} for the name server", names::kServerAddress, names::kServerPort));
  }
  return socket;
}

}  // namespace

std::unique_ptr<names::Server> open_name_server(const NameServiceConfig& config, int netns) {
  if (config.view.empty()) return nullptr;
  Fd udp;
  Fd tcp;
  {
    const NetnsVisit visit(netns);
    switch_on_loopback();
    udp = bind_socket(SOCK_DGRAM);
    tcp = bind_socket(SOCK_STREAM);
  }
  const auto make_socket = [kept = std::make_shared<Fd>(sys::dup_cloexec(netns))](int family, int type, bool inside) {
    const auto make = [&] { return Fd(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); };
    if (!inside) return make();
    const NetnsVisit visit(kept->get());
    return make();
  };
  return std::make_unique<names::Server>(std::move(udp), std::move(tcp),
                                         names::Directory(config.view, config.networks, kHostResolvers), make_socket,
                                         names::ServerOptions{}, open_learnt_addresses(config.learnt));
}

}  // namespace minidock::shim
