// What a name server has around it: clients, other servers, files. All sockets are on the loopback interface with ports
// that the kernel chose; everything runs in the test's own thread, so that nothing depends on who is faster.
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/directory.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "names/server.h"
#include "names/socket_address.h"
#include "tests/unit/names/wire.h"
#include "tests/unit/storage/scratch.h"

namespace minidock::names {

inline Fd make_socket(int family, int type) {
  Fd socket(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) throw SysError("socket");
  return socket;
}

// Nothing when the address is taken.
inline std::optional<Fd> bound(const SocketAddress& address, int type) {
  Fd socket = make_socket(address.family(), type);
  if (::bind(socket.get(), address.data(), address.size()) < 0) {
    if (errno == EADDRINUSE) return std::nullopt;
    throw SysError("bind");
  }
  if (type == SOCK_STREAM && ::listen(socket.get(), 128) < 0) throw SysError("listen");
  return socket;
}

inline SocketAddress address(const std::string& text, std::uint16_t port) {
  return SocketAddress::from_text(text, port).value();
}

inline std::uint16_t port_of(int socket) {
  sockaddr_in6 local{};
  socklen_t size = sizeof local;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&local), &size) < 0) throw SysError("getsockname");
  return ntohs(local.sin6_port);  // at the same place for IPv4
}

struct Datagram {
  Bytes message;
  SocketAddress from;
};

inline std::optional<Datagram> receive_datagram(int socket) {
  Datagram datagram;
  datagram.message.resize(kLargestMessage);
  socklen_t size = SocketAddress::capacity();
  const ssize_t got =
      ::recvfrom(socket, datagram.message.data(), datagram.message.size(), 0, datagram.from.data(), &size);
  if (got < 0) return std::nullopt;
  datagram.message.resize(static_cast<std::size_t>(got));
  return datagram;
}

inline void send_datagram(int socket, const Bytes& message, const SocketAddress& to) {
  if (::sendto(socket, message.data(), message.size(), 0, to.data(), to.size()) < 0) throw SysError("sendto");
}

// A name server elsewhere: it does what the test does.
struct FakeServer {
  std::string text;
  Fd udp;
  Fd tcp;
};

// One for each address, all at the same port.
inline std::vector<FakeServer> fake_servers(const std::vector<std::string>& addresses) {
  for (int tries = 0; tries < 200; ++tries) {
    std::vector<FakeServer> servers;
    std::uint16_t port = 0;
    for (const std::string& text : addresses) {
      std::optional<Fd> udp = bound(address(text, port), SOCK_DGRAM);
      if (!udp) break;
      port = port_of(udp->get());
      std::optional<Fd> tcp = bound(address(text, port), SOCK_STREAM);
      if (!tcp) break;
      servers.push_back({text, std::move(*udp), std::move(*tcp)});
    }
    if (servers.size() == addresses.size()) return servers;
  }
  throw Error(ErrorKind::unavailable, "no port is free at all addresses");
}

class ServerTest : public testing::Test {
 protected:
  static constexpr std::chrono::seconds kPatience{60};

  ServerTest() {
    file::make_directories(scratch_.path() + "/networks", 0700);
    write_network(
        "10.0.0.2 fd00::2 c1 web aaaaaaaaaaaa\n10.0.0.3 - c2 db pool\n10.0.0.4 - c3 other pool\n"
        "10.0.0.5 - c4 last pool\n");
    write_view("");
    options_.only_server = options_.one_of_servers = options_.idle_client = std::chrono::hours(1);
  }

  void write_network(const std::string& text) { file::replace(scratch_.path() + "/networks/n1", text, 0600); }
  void write_view(const std::string& servers, const char* openness = "open") {
    file::replace(scratch_.path() + "/view", fmt::format("network n1 front {}\n{}", openness, servers), 0600);
  }

  // Servers at these addresses, which the view has in this order.
  void have_servers(const std::vector<std::string>& addresses) {
    servers_ = fake_servers(addresses);
    options_.upstream_port = port_of(servers_.at(0).udp.get());
    std::string lines;
    for (const std::string& text : addresses) lines += fmt::format("server {} outside\n", text);
    write_view(lines);
  }

  void start(const std::string& at = "127.0.0.1") {
    FakeServer sockets = std::move(fake_servers({at}).at(0));
    address_ = address(at, port_of(sockets.udp.get()));
    // Clients of the listener inherit it: what they do not read soon stays with the server.
    const int small = 16 * 1024;
    if (setsockopt(sockets.tcp.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small) < 0) throw SysError("setsockopt");
    server_ = std::make_unique<Server>(
        std::move(sockets.udp), std::move(sockets.tcp),
        Directory(scratch_.path() + "/view", scratch_.path() + "/networks"),
        [this](int family, int type, bool inside) {
          asked_inside_.push_back(inside);
          return socket_maker_(family, type);
        },
        options_, std::move(learnt_));
    client_ = make_socket(address_.family(), SOCK_DGRAM);
    if (::connect(client_.get(), address_.data(), address_.size()) < 0) throw SysError("connect");
  }

  // Lets the server work until it has nothing to do.
  void serve() {
    pollfd waiting{server_->fd(), POLLIN, 0};
    while (::poll(&waiting, 1, 0) > 0) server_->serve();
  }
  // Lets the server work until `done`; a failed test after kPatience.
  bool serve_until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) {
        ADD_FAILURE() << "waited in vain";
        return false;
      }
      pollfd waiting{server_->fd(), POLLIN, 0};
      if (::poll(&waiting, 1, 1) > 0) server_->serve();
    }
    return true;
  }
  // Time passes until the server has something to do about it.
  void pass_deadline() {
    ASSERT_NE(server_->deadline(), Server::Clock::time_point::max());
    ASSERT_LT(server_->deadline(), Server::Clock::now() + kPatience);
    std::this_thread::sleep_until(server_->deadline());
    server_->on_time();
  }

  // ---- UDP clients
  void ask(const Bytes& message) {
    if (::send(client_.get(), message.data(), message.size(), 0) < 0) throw SysError("send");
  }
  Bytes receive_bytes() {
    std::optional<Datagram> datagram;
    serve_until([&] { return (datagram = receive_datagram(client_.get())).has_value(); });
    return datagram ? datagram->message : Bytes(12);
  }
  wire::Message receive() { return wire::read(receive_bytes()); }
  wire::Message answer_to(const Bytes& message) {
    ask(message);
    return receive();
  }
  wire::Message answer_to(const std::string& name, std::uint16_t type) {
    return answer_to(wire::query(77, name, type));
  }
  // As what is sent is answered in order, an answer to this one shows that there is none to those before.
  void expect_no_answer_before(std::uint16_t id) { EXPECT_EQ(answer_to(wire::query(id, "web", wire::kA)).id, id); }

  // ---- other servers
  Datagram arrived(const FakeServer& server) {
    std::optional<Datagram> datagram;
    serve_until([&] { return (datagram = receive_datagram(server.udp.get())).has_value(); });
    return datagram.value_or(Datagram{wire::query(0, "nothing", 0), {}});
  }
  void reply(const FakeServer& server, const Datagram& asked, const Bytes& message) {
    send_datagram(server.udp.get(), message, asked.from);
  }
  // The next query to reach `server` gets `message_of` it.
  void reply_once(const FakeServer& server, const std::function<Bytes(const Bytes&)>& message_of) {
    const Datagram asked = arrived(server);
    reply(server, asked, message_of(asked.message));
  }

  // ---- TCP
  Fd connect_stream() {
    Fd socket = make_socket(address_.family(), SOCK_STREAM);
    if (::connect(socket.get(), address_.data(), address_.size()) < 0 && errno != EINPROGRESS)
      throw SysError("connect");
    pollfd waiting{socket.get(), POLLOUT, 0};
    serve_until([&] { return ::poll(&waiting, 1, 0) > 0; });
    serve();
    return socket;
  }
  static Bytes framed(const Bytes& message) {
    Bytes stream;
    wire::put(stream, static_cast<std::uint16_t>(message.size()));
    wire::put(stream, message);
    return stream;
  }
  void send_stream(const Fd& socket, const Bytes& bytes) {
    std::size_t sent = 0;
    serve_until([&] {
      const ssize_t result = ::send(socket.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (result > 0) sent += static_cast<std::size_t>(result);
      return sent == bytes.size();
    });
  }
  // Exactly so many bytes, unless the stream ends before.
  Bytes receive_stream(const Fd& socket, std::size_t size) {
    Bytes bytes(size);
    std::size_t got = 0;
    serve_until([&] {
      const ssize_t result = ::recv(socket.get(), bytes.data() + got, size - got, 0);
      if (result > 0) got += static_cast<std::size_t>(result);
      const bool ended = result == 0 || (result < 0 && errno != EAGAIN);
      return got == size || ended;
    });
    bytes.resize(got);
    return bytes;
  }
  Bytes receive_framed(const Fd& socket) {
    const Bytes length = receive_stream(socket, 2);
    return length.size() < 2 ? Bytes{} : receive_stream(socket, static_cast<std::size_t>(length[0] << 8 | length[1]));
  }
  bool is_closed(const Fd& socket) {
    char byte = 0;
    serve();
    const ssize_t result = ::recv(socket.get(), &byte, 1, MSG_PEEK);
    return result == 0 || (result < 0 && errno != EAGAIN);
  }
  Fd accepted(const FakeServer& server) {
    Fd socket;
    serve_until([&] {
      socket.reset(::accept4(server.tcp.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      return socket.valid();
    });
    return socket;
  }

  static std::size_t open_descriptors() { return file::names_in("/proc/self/fd").size(); }

  Scratch scratch_;
  ServerOptions options_;
  std::vector<FakeServer> servers_;
  std::unique_ptr<LearntAddresses> learnt_;
  std::function<Fd(int, int)> socket_maker_ = make_socket;
  std::vector<bool> asked_inside_;
  SocketAddress address_;
  std::unique_ptr<Server> server_;
  Fd client_;
};

}  // namespace minidock::names
