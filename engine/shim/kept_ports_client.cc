// The commands' side of kept_ports.h.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/error.h"
#include "base/path.h"
#include "base/syscall.h"
#include "engine/shim/kept_ports_protocol.h"

namespace minidock::shim {
namespace {

// A shim answers at once, but while it makes the namespaces of the next run or ends. Whoever asks may hold the
// database, for which others wait ten seconds.
constexpr std::chrono::seconds kPatience{5};

[[noreturn]] void throw_gone(const std::string& state_dir) {
  throw Error(ErrorKind::not_found, fmt::format("{} is not running: its shim is gone", path::base_name(state_dir)));
}

[[noreturn]] void throw_no_answer(const std::string& state_dir) {
  throw Error(ErrorKind::unavailable,
              fmt::format("the shim of {} does not answer: it may be stopped by a signal or a debugger",
                          path::base_name(state_dir)));
}

Fd connect_to_shim(const std::string& state_dir) {
  const Fd directory = sys::openat_unless(AT_FDCWD, state_dir, O_PATH | O_DIRECTORY, 0, ENOENT);
  if (!directory) throw_gone(state_dir);
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) throw SysError("socket(AF_UNIX)");
  // Its queue may be full of what others have asked.
  const timeval patience{kPatience.count(), 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const sockaddr_un address = ports_socket_address(directory.get());
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return socket;
  if (errno == ENOENT || errno == ECONNREFUSED) throw_gone(state_dir);
  throw SysError(fmt::format("connect(\"{}/{}\")", state_dir, kPortsSocket));
}

// False when it went, or could not do it.
bool wait_for_answer(int answer, const std::string& state_dir) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  pollfd entry{answer, POLLIN, 0};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    const int ready = ::poll(&entry, 1, static_cast<int>(std::max<decltype(left)>(left, 0)));
    if (ready == 0) throw_no_answer(state_dir);
    if (ready > 0) break;
    if (errno != EINTR) throw SysError("poll(the shim's answer)");
  }
  char done = 0;
  return ::read(answer, &done, sizeof done) == sizeof done;
}

// descriptors: borrowed; room for one more.
void ask(const std::string& state_dir, PortRequest kind, std::vector<int> descriptors) {
  const Fd socket = connect_to_shim(state_dir);
  Pipe answer = sys::pipe();
  descriptors.push_back(answer.write.get());
  const char request = static_cast<char>(kind);
  try {
    sys::send_message(socket.get(), {&request, sizeof request}, descriptors);
  } catch (const SysError& error) {
    if (error.error_number() == ECONNREFUSED || error.error_number() == ECONNRESET) throw_gone(state_dir);
    if (error.error_number() == EAGAIN) throw_no_answer(state_dir);
    throw;
  }
  answer.write.reset();
  if (wait_for_answer(answer.read.get(), state_dir)) return;
  connect_to_shim(state_dir);  // says so when it is gone
  throw Error(ErrorKind::unavailable,
              fmt::format("the shim of {} cannot keep more ports: it has as many open files as it may (ulimit -n of "
                          "whoever started the container)",
                          path::base_name(state_dir)));
}

}  // namespace

void keep_ports(const std::string& state_dir, std::span<const Fd> sockets) {
  constexpr std::size_t kSockets = kDescriptorsInARequest - 1;
  for (std::size_t sent = 0; sent < sockets.size(); sent += kSockets) {
    std::vector<int> descriptors;
    for (const Fd& socket : sockets.subspan(sent, std::min(kSockets, sockets.size() - sent))) {
      descriptors.push_back(socket.get());
    }
    ask(state_dir, PortRequest::keep, std::move(descriptors));
  }
}

void keep_only(const std::string& state_dir, const std::vector<KeptPort>& ports) {
  const Fd list(
      sys::checked([] { return std::string("memfd_create()"); }, [] { return memfd_create("ports", MFD_CLOEXEC); }));
  std::string lines;
  for (const KeptPort& port : ports) lines += kept_port_line(port);
  sys::write_all(list.get(), lines);
  sys::checked([] { return std::string("lseek()"); }, [&] { return ::lseek(list.get(), 0, SEEK_SET); });
  ask(state_dir, PortRequest::keep_only, {list.get()});
}

}  // namespace minidock::shim
