// The life of a running container as its shim sees it: one loop that carries output to the log and to whoever is
// attached, and input the other way, until the main process has ended.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/fd.h"
#include "engine/shim/attach_clients.h"
#include "engine/shim/container_input.h"
#include "engine/shim/container_log.h"
#include "engine/shim/firewall_watch.h"
#include "engine/shim/health_monitor.h"
#include "engine/shim/kept_ports.h"
#include "engine/shim/poller.h"
#include "names/server.h"

namespace minidock::shim {

// What the loop needs to know of a container: nothing but a child and its descriptors.
struct Supervised {
  pid_t pid = 0;   // a child of this process; the loop reaps it
  int pidfd = -1;  // borrowed
  Fd in;           // write end of its standard input; invalid when nobody may write
  Fd out;          // read ends of its output
  Fd err;
  Fd terminal;                       // master of its pty instead of the three
  bool take_terminal_input = false;  // -i
  bool stdin_once = false;
  // Called right after the main process has ended: kills what the kernel has not (processes of a container without a
  // pid namespace of its own). May be empty.
  std::function<void()> kill_rest;
};

struct Ending {
  int exit_code = 0;
  std::int64_t finished_at = 0;  // ns since the epoch
};

class Supervisor {
 public:
  Supervisor(Supervised container, ContainerLog log);
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  void add_client(Fd channel, ClientRole role);
  // Attach clients are accepted from `socket` while the container runs; only root's.
  void listen(Fd socket);

  // Answers the container's name queries while it runs. May be null.
  void serve_names(std::unique_ptr<names::Server> server) { name_server_ = std::move(server); }

  // Probes the container's health while it runs.
  void monitor(std::unique_ptr<HealthMonitor> health) { health_ = std::move(health); }
  // Has the firewall restored while the container runs.
  void watch_firewall(std::unique_ptr<FirewallWatch> firewall) { firewall_ = std::move(firewall); }
  // Changes of the published ports are taken while the container runs. `ports` is borrowed until run() returns.
  void serve_ports(KeptPorts& ports) { ports_ = &ports; }
  // SIGKILL to the main process after `time`, unless it has ended; an earlier time counts.
  void kill_after(std::chrono::seconds time);

  // Returns when the main process has ended and its output is in the log and with the clients; a client that does not
  // read delays this by two seconds at most.
  Ending run();
  // Tells the clients the exit code, after all output. True when all are served; false when a frame was not taken by
  // everyone for `patience`: call again to wait on.
  bool deliver_exit_code(int exit_code, std::chrono::milliseconds patience);
  // Gives up on the clients that are left.
  void drop_clients();

 private:
  struct Source {
    Fd fd;  // invalid once it has ended
    FrameType frame = FrameType::stdout_data;
    LogStream stream = LogStream::out;
    bool enlarged = false;
  };

  using Clock = std::chrono::steady_clock;

  void resize(std::uint16_t rows, std::uint16_t columns);
  // Until the next thing that is due.
  int timeout_ms() const;
  void do_what_is_due();
  void forget_probe();
  bool serve_probe(int fd);
  bool serve_firewall(int fd);
  bool turn(int timeout_ms);
  void dispatch(int fd, std::uint32_t events);
  void update_interest();
  void accept_client();
  void reap();
  void reap_log_helper();
  std::size_t pump(Source& source);
  std::size_t move_to_client(Source& source);
  static void enlarge(Source& source);
  void end(Source& source);
  bool sources_open() const;
  bool read_what_is_left();

  Poller poller_;
  Supervised container_;
  ContainerLog log_;
  ContainerInput input_;
  AttachClients clients_;
  Fd listener_;
  bool has_terminal_ = false;
  Fd terminal_peer_;
  std::array<Source, 2> sources_;
  std::unique_ptr<HealthMonitor> health_;
  std::unique_ptr<names::Server> name_server_;
  std::unique_ptr<FirewallWatch> firewall_;
  KeptPorts* ports_ = nullptr;
  Clock::time_point kill_at_ = Clock::time_point::max();
  std::optional<Ending> ending_;
  bool exit_code_published_ = false;
  std::size_t leftover_budget_ = 4 * 1024 * 1024;  // no pipe holds more
};

}  // namespace minidock::shim
