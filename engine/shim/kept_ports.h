// What a shim keeps open as long as its container lives: the sockets that keep the published ports from being taken,
// and the container's lock. The ports change meanwhile (`minidock update --publish-add, --publish-rm`), by datagrams to
// the socket <container state dir>/ports.sock:
//
//      command                                       shim
//      keep [sockets, answer] ─────────────────────► has them, too
//      keep_only [list of ports, answer] ──────────► closes every socket whose port is not in the list
//                              ◄─ a byte in answer   done; the end of the file without it: not done, or the shim is
//                              gone
//
// A datagram is whole or not there: a command that is killed leaves nothing half done here, and the shim waits for
// nobody. It answers while the program runs and between two runs, and closes the socket before it gives up the lock.
// The directory's mode keeps others out; to a sender that is not root, a container that got hold of the socket, nobody
// listens either.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/fd.h"

namespace minidock::shim {

// The shim's side.
class KeptPorts {
 public:
  KeptPorts() = default;
  KeptPorts(const KeptPorts&) = delete;
  KeptPorts& operator=(const KeptPorts&) = delete;
  ~KeptPorts() { release(); }

  // What the container was started with.
  void keep(std::vector<Fd> descriptors);
  // From here on the ports can be changed. The directory exists.
  void listen(const std::string& state_dir);
  // What to wait for (EPOLLIN); -1: nothing.
  int fd() const { return socket_ ? socket_.get() : -1; }
  // Takes all the datagrams that are there.
  void serve() noexcept;
  // The socket goes, and then all that is kept.
  void release() noexcept;

 private:
  struct Request;
  void take(Request request);
  void drop_all_but(const std::string& list);

  std::vector<Fd> kept_;
  Fd directory_;
  Fd socket_;
};

// A port as the list has it.
struct KeptPort {
  std::string protocol;  // "tcp", "udp", "sctp"
  std::string address;
  unsigned port = 0;
};

// The commands' side. Both return when the shim has done it; ErrorKind::not_found when it is gone,
// ErrorKind::unavailable when it does not answer or cannot (its limit of open files).
void keep_ports(const std::string& state_dir, std::span<const Fd> sockets);
void keep_only(const std::string& state_dir, const std::vector<KeptPort>& ports);

}  // namespace minidock::shim
