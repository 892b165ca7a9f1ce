#include "engine/shim/kept_ports.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"
#include "engine/shim/kept_ports_protocol.h"

namespace minidock::shim {
namespace {

std::optional<std::string> protocol_of(int socket) {
  int protocol = 0;
  socklen_t size = sizeof protocol;
  if (getsockopt(socket, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) != 0) return std::nullopt;
  if (protocol == IPPROTO_UDP) return "udp";
  return protocol == IPPROTO_SCTP ? "sctp" : "tcp";
}

// As the list has it; nothing for what is not a port's socket.
std::optional<std::string> line_of(int descriptor) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return std::nullopt;
  const std::optional<std::string> protocol = protocol_of(descriptor);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (protocol && storage.ss_family == AF_INET) {
    const auto& address = reinterpret_cast<const sockaddr_in&>(storage);
    inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
    return kept_port_line({*protocol, text.data(), ntohs(address.sin_port)});
  }
  if (protocol && storage.ss_family == AF_INET6) {
    const auto& address = reinterpret_cast<const sockaddr_in6&>(storage);
    inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
    return kept_port_line({*protocol, text.data(), ntohs(address.sin6_port)});
  }
  return std::nullopt;
}

bool tells_of_root(const cmsghdr* cmsg) {
  if (cmsg->cmsg_type != SCM_CREDENTIALS || cmsg->cmsg_len < CMSG_LEN(sizeof(ucred))) return false;
  ucred sender{};
  std::memcpy(&sender, CMSG_DATA(cmsg), sizeof sender);
  return sender.uid == 0;
}

void take_descriptors(const cmsghdr* cmsg, std::vector<Fd>& descriptors) {
  if (cmsg->cmsg_type != SCM_RIGHTS) return;
  const std::size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (std::size_t i = 0; i < count; ++i) {
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(cmsg) + i * sizeof descriptor, sizeof descriptor);
    descriptors.emplace_back(descriptor);
  }
}

}  // namespace

struct KeptPorts::Request {
  PortRequest kind = PortRequest::keep;
  bool is_from_root = false;
  bool is_whole = false;
  std::vector<Fd> descriptors;  // the last one is for the answer

  // Nothing when there is none.
  static std::optional<Request> receive(int socket);
};

std::optional<KeptPorts::Request> KeptPorts::Request::receive(int socket) {
  Request request;
  iovec iov{&request.kind, sizeof request.kind};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kDescriptorsInARequest) + CMSG_SPACE(sizeof(ucred))>
      control{};
  msghdr header{};
  header.msg_iov = &iov;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return std::nullopt;
  for (cmsghdr* cmsg = CMSG_FIRSTHDR(&header); cmsg != nullptr; cmsg = CMSG_NXTHDR(&header, cmsg)) {
    if (cmsg->cmsg_level != SOL_SOCKET) continue;
    if (tells_of_root(cmsg)) request.is_from_root = true;
    take_descriptors(cmsg, request.descriptors);
  }
  // Descriptors beyond the limit of open files are missing without an error.
  request.is_whole = got == sizeof request.kind && (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
  return request;
}

void KeptPorts::keep(std::vector<Fd> descriptors) {
  for (Fd& descriptor : descriptors) kept_.push_back(std::move(descriptor));
}

void KeptPorts::listen(const std::string& state_dir) {
  directory_ = sys::open(state_dir, O_RDONLY | O_DIRECTORY);
  // What a killed shim of this container left behind.
  sys::unlinkat_if_present(directory_.get(), kPortsSocket, 0);
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) throw SysError("socket(AF_UNIX)");
  const int on = 1;
  sys::checked([] { return std::string("setsockopt(SO_PASSCRED)"); },
               [&] { return ::setsockopt(socket.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on); });
  sys::fchmod(socket.get(), 0600);  // before bind: the name is made with this mode
  const sockaddr_un address = ports_socket_address(directory_.get());
  sys::checked([&] { return fmt::format("bind(\"{}\")", address.sun_path); },
               [&] { return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address); });
  socket_ = std::move(socket);
}

void KeptPorts::serve() noexcept {
  try {
    while (std::optional<Request> request = Request::receive(fd())) take(std::move(*request));
  } catch (const std::exception&) {
    // What it was about is closed by now, and who asked sees the end of the file without an answer.
  }
}

void KeptPorts::take(Request request) {
  std::vector<Fd>& descriptors = request.descriptors;
  if (!request.is_whole || !request.is_from_root || descriptors.empty()) return;
  const Fd answer = std::move(descriptors.back());
  descriptors.pop_back();
  if (request.kind == PortRequest::keep) {
    keep(std::move(descriptors));
  } else if (request.kind == PortRequest::keep_only && descriptors.size() == 1) {
    drop_all_but(file::read(descriptors.front().get()));
  } else {
    return;
  }
  const char done = 1;
  (void)!::write(answer.get(), &done, sizeof done);  // nobody may wait any more
}

void KeptPorts::drop_all_but(const std::string& list) {
  std::set<std::string, std::less<>> wanted;
  for (std::size_t begin = 0, end = 0; (end = list.find('\n', begin)) != std::string::npos; begin = end + 1) {
    wanted.insert(list.substr(begin, end + 1 - begin));
  }
  std::erase_if(kept_, [&](const Fd& descriptor) {
    const std::optional<std::string> line = line_of(descriptor.get());
    return line && !wanted.contains(*line);
  });
}

void KeptPorts::release() noexcept {
  // The name first: with the lock another shim may come and make its own.
  if (socket_) ::unlinkat(directory_.get(), kPortsSocket, 0);
  socket_.reset();
  directory_.reset();
  kept_.clear();
}

}  // namespace minidock::shim
