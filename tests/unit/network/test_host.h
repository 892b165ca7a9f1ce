// A "host" of a test's own: a new network namespace that the test runs in, with an instance in a scratch directory.
// Containers and remote machines are further namespaces.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "base/netns_visit.h"
#include "base/syscall.h"
#include "network/network.h"
#include "storage/database.h"
#include "storage/instance.h"
#include "tests/unit/storage/scratch.h"

namespace minidock::network {

// Output of a command; a failing one is a test failure.
inline std::string output_of(const std::string& command) {
  std::string output;
  const auto close = [&](FILE* stream) { EXPECT_EQ(pclose(stream), 0) << command << "\n" << output; };
  const std::unique_ptr<FILE, decltype(close)> stream(popen((command + " 2>&1").c_str(), "r"), close);
  std::array<char, 4096> buffer;
  while (const std::size_t got = fread(buffer.data(), 1, buffer.size(), stream.get()))
    output.append(buffer.data(), got);
  return output;
}

inline std::string output_in(int netns, const std::string& command) {
  const NetnsVisit visit(netns);
  return output_of(command);
}

inline Fd current_netns() { return sys::open("/proc/thread-self/ns/net", O_RDONLY); }

inline Fd new_netns() {
  const Fd home = current_netns();
  sys::unshare(CLONE_NEWNET);
  Fd made = current_netns();
  sys::setns(home.get(), CLONE_NEWNET);
  return made;
}

inline sockaddr_in socket_address(const std::string& ip, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  EXPECT_EQ(inet_pton(AF_INET, ip.c_str(), &address.sin_addr), 1) << ip;
  return address;
}

// A listening server in a namespace; its socket does not block.
inline Fd serve_tcp(int netns, const std::string& ip, std::uint16_t port) {
  const NetnsVisit visit(netns);
  Fd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_in address = socket_address(ip, port);
  EXPECT_EQ(::bind(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0) << strerror(errno);
  EXPECT_EQ(::listen(server.get(), 16), 0);
  return server;
}

// Sends the first packet of a connection and does not wait.
inline Fd start_connection(int netns, const std::string& ip, std::uint16_t port) {
  const NetnsVisit visit(netns);
  Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_in address = socket_address(ip, port);
  if (::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    EXPECT_EQ(errno, EINPROGRESS) << ip << ":" << port << ": " << strerror(errno);
  }
  return client;
}

// Addresses of the clients whose connections the server has got.
inline std::vector<std::string> clients_of(const Fd& server) {
  std::vector<std::string> clients;
  for (;;) {
    sockaddr_in peer{};
    socklen_t size = sizeof(peer);
    const Fd connection(::accept4(server.get(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC));
    if (!connection) return clients;
    std::array<char, INET_ADDRSTRLEN> text{};
    inet_ntop(AF_INET, &peer.sin_addr, text.data(), text.size());
    clients.emplace_back(text.data());
  }
}

// Connects and tells as whom the server saw the client; "" when the connection failed or somebody else took it. The
// limit matters only to a test that fails anyway.
inline std::string connect_to(int netns, const std::string& ip, std::uint16_t port, const Fd& server) {
  const Fd client = start_connection(netns, ip, port);
  pollfd wait{client.get(), POLLOUT, 0};
  ::poll(&wait, 1, 5000);
  int err = 0;
  socklen_t size = sizeof(err);
  ::getsockopt(client.get(), SOL_SOCKET, SO_ERROR, &err, &size);
  const std::vector<std::string> clients = clients_of(server);
  return err == 0 && clients.size() == 1 ? clients[0] : "";
}

struct Container {
  std::string id;
  Endpoint endpoint;
  Fd netns;
};

class HostTest : public testing::Test {
 protected:
  void SetUp() override {
    home_ = current_netns();
    sys::unshare(CLONE_NEWNET);
    host_ = current_netns();
    output_of("ip link set lo up");
    storage::create_directories(instance_);
    database_ = std::make_unique<storage::Database>(storage::Database::open(instance_.database()));
  }
  void TearDown() override { sys::setns(home_.get(), CLONE_NEWNET); }

  // Picks the subnet and makes bridge and table.
  void start_network() {
    network_ = default_network(*database_, instance_, "");
    ensure_host_state(*database_, instance_, {network_});
  }

  Container start_container(const std::string& id) {
    Container container{id, reserve(id), new_netns()};
    guard_endpoint(*database_, instance_, network_, container.endpoint);
    attach_endpoint(instance_, network_, container.endpoint, container.netns.get(), {.ipv4 = true});
    return container;
  }

  Endpoint reserve(const std::string& id) {
    storage::Transaction transaction(*database_);
    Endpoint endpoint = reserve_endpoint(*database_, network_, id);
    transaction.commit();
    return endpoint;
  }

  std::vector<Fd> publish(const Container& container, std::vector<PublishedPort>& ports) {
    std::vector<Fd> sockets = reserve_ports(*database_, container.id, {container.endpoint.address, ""}, ports);
    publish_ports(instance_, {container.endpoint.address, ""}, ports);
    return sockets;
  }

  // Another machine on the host's network card: the host is 198.51.100.1 there, the machine 198.51.100.2.
  Fd connect_remote() {
    Fd remote = new_netns();
    output_of(fmt::format("ip link add card type veth peer name card netns /proc/self/fd/{}", inheritable(remote)));
    output_of("ip addr add 198.51.100.1/24 dev card && ip link set card up");
    output_in(remote.get(), "ip addr add 198.51.100.2/24 dev card && ip link set card up");
    return remote;
  }

  Fd home_;
  Fd host_;
  const Scratch scratch_;
  const storage::Instance instance_ = storage::make_instance(scratch_.path() + "/root", scratch_.path() + "/state");
  std::unique_ptr<storage::Database> database_;
  Network network_;

 private:
  // For a command that is given a descriptor by its number.
  int inheritable(const Fd& fd) {
    for_commands_.emplace_back(::dup(fd.get()));
    return for_commands_.back().get();
  }
  std::vector<Fd> for_commands_;
};

// The kind and message of the error that `action` throws.
template <typename Action>
std::pair<ErrorKind, std::string> error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return {error.kind(), error.message()};
  }
  return {ErrorKind::internal, "no error"};
}

}  // namespace minidock::network
