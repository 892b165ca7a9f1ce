#include "engine/shim/supervisor.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <thread>

#include "base/format.h"
#include "base/process.h"
#include "base/syscall.h"
#include "engine/shim/nonblocking.h"
#include "engine/shim/pipe_size.h"

namespace minidock::shim {
namespace {

// How long the end of a container may be held up by somebody who does not read its output, or by a process that
// survived its main process and keeps the output open.
constexpr std::chrono::seconds kDrainTime{2};

// What was needed for much output is given back after so long without any.
constexpr int kRestAfterMs = 1000;

int milliseconds_until(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::max<std::chrono::milliseconds::rep>(left.count(), 0));
}

ContainerInput input_of(Supervised& container) {
  if (container.terminal && container.take_terminal_input) return ContainerInput::to_terminal(container.terminal.get());
  if (container.in) return ContainerInput::to_pipe(std::move(container.in));
  return ContainerInput();
}

}  // namespace

Supervisor::Supervisor(Supervised container, ContainerLog log)
    : container_(std::move(container)),
      log_(std::move(log)),
      input_(input_of(container_)),
      clients_(input_,
               AttachClients::Callbacks{[this](std::uint16_t rows, std::uint16_t columns) { resize(rows, columns); },
                                        [this] {
                                          if (container_.stdin_once) input_.finish();
                                        }}) {
  sources_[1].frame = FrameType::stderr_data;
  sources_[1].stream = LogStream::err;
  if (container_.terminal) {
    // A terminal that nobody inside holds open for a moment must not look as if it had ended: so it is held open here.
    terminal_peer_.reset(ioctl(container_.terminal.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    has_terminal_ = true;
    sources_[0].fd = std::move(container_.terminal);
  } else {
    sources_[0].fd = std::move(container_.out);
    sources_[1].fd = std::move(container_.err);
  }
  for (const Source& source : sources_) {
    if (source.fd) set_nonblocking(source.fd.get());
  }
}

void Supervisor::add_client(Fd channel, ClientRole role) { clients_.add(std::move(channel), role); }

void Supervisor::listen(Fd socket) {
  listener_ = std::move(socket);
  set_nonblocking(listener_.get());
}

Ending Supervisor::run() {
  poller_.watch(container_.pidfd, EPOLLIN);
  if (firewall_) firewall_->look();  // it may have gone before this process listened
  for (bool at_rest = true; !ending_;) {
    const int due = timeout_ms();
    const int rest = at_rest ? -1 : kRestAfterMs;
    const bool quiet = !turn(due < 0 || (rest >= 0 && rest < due) ? rest : due);
    do_what_is_due();
    if (quiet) log_.rest();
    at_rest = quiet;
  }
  if (health_) {
    forget_probe();
    health_->end();
    health_.reset();
  }
  if (firewall_) {
    for (const int fd : {firewall_->news_fd(), firewall_->command_fd()}) {
      if (fd >= 0) poller_.forget(fd);
    }
    firewall_.reset();
  }

  if (name_server_) {
    poller_.forget(name_server_->fd());
    name_server_.reset();
  }
  if (ports_ != nullptr && ports_->fd() >= 0) poller_.forget(ports_->fd());
  ports_ = nullptr;

  // From here the main process is gone. With a pid namespace of its own everything else in it is, too, and each output
  // ends; else somebody may hold it open, or a client may not read.
  poller_.forget(container_.pidfd);
  container_.pidfd = -1;
  if (container_.kill_rest) container_.kill_rest();
  if (input_.pending_fd() >= 0) poller_.forget(input_.pending_fd());
  input_.close();
  terminal_peer_.reset();
  const Clock::time_point deadline = Clock::now() + kDrainTime;
  while ((sources_open() || clients_.busy()) && Clock::now() < deadline) turn(milliseconds_until(deadline));
  if (!clients_.busy()) read_what_is_left();
  if (log_.helper() >= 0) poller_.forget(log_.helper());
  log_.end_helper();
  if (listener_) poller_.forget(listener_.get());
  listener_.reset();
  return *ending_;
}

bool Supervisor::deliver_exit_code(int exit_code, std::chrono::milliseconds patience) {
  Clock::time_point deadline = Clock::now() + patience;
  clients_.update(poller_, false);
  while (!clients_.empty()) {
    if (!clients_.busy()) {
      // Everyone has the last frame: on to the next, and at the end the exit code.
      if (exit_code_published_) break;
      if (read_what_is_left()) {
        clients_.publish(FrameType::exit_code, encode_exit_code(exit_code));
        exit_code_published_ = true;
      }
      deadline = Clock::now() + patience;
    } else {
      if (Clock::now() >= deadline) return false;
      turn(milliseconds_until(deadline));
    }
  }
  drop_clients();
  return true;
}

void Supervisor::drop_clients() {
  clients_.drop_all(poller_);
  read_what_is_left();
}

void Supervisor::resize(std::uint16_t rows, std::uint16_t columns) {
  if (!has_terminal_ || !sources_[0].fd) return;
  winsize size{};
  size.ws_row = rows;
  size.ws_col = columns;
  ioctl(sources_[0].fd.get(), TIOCSWINSZ, &size);
}

// ---- what is due at a time

void Supervisor::kill_after(std::chrono::seconds time) { kill_at_ = std::min(kill_at_, Clock::now() + time); }

int Supervisor::timeout_ms() const {
  Clock::time_point next = kill_at_;
  if (health_) next = std::min(next, health_->deadline());
  if (name_server_) next = std::min(next, name_server_->deadline());
  return next == Clock::time_point::max() ? -1 : milliseconds_until(next);
}

void Supervisor::do_what_is_due() {
  if (ending_) return;
  const Clock::time_point now = Clock::now();
  if (now >= kill_at_) {
    kill_at_ = Clock::time_point::max();
    sys::pidfd_signal_if_alive(container_.pidfd, SIGKILL);
  }
  if (health_ && now >= health_->deadline()) {
    forget_probe();
    health_->on_time();
  }
  if (name_server_ && now >= name_server_->deadline()) name_server_->on_time();
}

// Before its descriptors are closed.
void Supervisor::forget_probe() {
  for (const int fd : {health_->output_fd(), health_->process_fd()}) {
    if (fd >= 0) poller_.forget(fd);
  }
}

bool Supervisor::serve_probe(int fd) {
  if (!health_ || (fd != health_->output_fd() && fd != health_->process_fd())) return false;
  const bool is_output = fd == health_->output_fd();
  forget_probe();
  is_output ? health_->on_output() : health_->on_process_end();
  return true;
}

bool Supervisor::serve_firewall(int fd) {
  if (!firewall_ || (fd != firewall_->news_fd() && fd != firewall_->command_fd())) return false;
  if (fd == firewall_->news_fd()) {
    firewall_->on_news();
    if (name_server_) name_server_->repeat_what_was_learnt();
  } else {
    poller_.forget(fd);
    firewall_->on_command_end();
  }
  return true;
}

// One round of the loop. False when nothing has happened in that time.
bool Supervisor::turn(int timeout_ms) {
  update_interest();
  const std::span<const epoll_event> events = poller_.wait(timeout_ms);
  for (const epoll_event& event : events) dispatch(event.data.fd, event.events);
  return !events.empty();
}

void Supervisor::update_interest() {
  clients_.update(poller_, !ending_);
  for (const Source& source : sources_) {
    if (source.fd) poller_.watch(source.fd.get(), clients_.busy() ? 0U : EPOLLIN);
  }
  // A terminal is source and target at once.
  const int target = input_.pending_fd();
  if (target >= 0) {
    const bool also_source = target == sources_[0].fd.get();
    poller_.watch(target, also_source && !clients_.busy() ? EPOLLIN | EPOLLOUT : EPOLLOUT);
  }
  if (listener_) poller_.watch(listener_.get(), clients_.full() ? 0U : EPOLLIN);
  if (health_ && health_->output_fd() >= 0) poller_.watch(health_->output_fd(), EPOLLIN);
  if (health_ && health_->process_fd() >= 0) poller_.watch(health_->process_fd(), EPOLLIN);
  if (firewall_ && firewall_->news_fd() >= 0) poller_.watch(firewall_->news_fd(), EPOLLIN);
  if (firewall_ && firewall_->command_fd() >= 0) poller_.watch(firewall_->command_fd(), EPOLLIN);
  if (log_.helper() >= 0) poller_.watch(log_.helper(), EPOLLIN);
  if (name_server_) poller_.watch(name_server_->fd(), EPOLLIN);
  if (ports_ != nullptr && ports_->fd() >= 0) poller_.watch(ports_->fd(), EPOLLIN);
}

void Supervisor::dispatch(int fd, std::uint32_t events) {
  if (fd == container_.pidfd) return reap();
  if (fd == log_.helper()) return reap_log_helper();
  if (listener_ && fd == listener_.get()) return accept_client();
  if (name_server_ && fd == name_server_->fd()) return name_server_->serve();
  if (ports_ != nullptr && fd == ports_->fd()) return ports_->serve();
  if (serve_probe(fd) || serve_firewall(fd)) return;
  if (fd == input_.pending_fd() && (events & (EPOLLOUT | EPOLLERR)) != 0) {
    poller_.forget(fd);  // it is watched again when something is left, or when it is a source as well
    input_.flush();
  }
  for (Source& source : sources_) {
    if (fd == source.fd.get()) {
      if ((events & ~std::uint32_t{EPOLLOUT}) != 0) pump(source);
      return;
    }
  }
  clients_.handle(fd, events);
}

void Supervisor::accept_client() {
  Fd channel(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!channel) {
    // Out of descriptors or memory: the caller stays in the queue, and is not to be looked at without a pause.
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return;
  }
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool known = getsockopt(channel.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  // The directory's mode keeps others out already; a container that got hold of the socket is not root either.
  if (known && peer.uid == 0) clients_.add(std::move(channel), ClientRole::visitor);
}

void Supervisor::reap() {
  const int status = sys::waitpid(container_.pid);
  ending_ = Ending{process::exit_code(status), format::now_ns()};
}

void Supervisor::reap_log_helper() {
  poller_.forget(log_.helper());
  log_.reap_helper();
}

// Moves one buffer's worth of output to the log and to everyone attached; the number of bytes.
std::size_t Supervisor::pump(Source& source) {
  if (clients_.busy()) return 0;  // an earlier event of this round has filled the buffer
  if (const std::size_t moved = move_to_client(source); moved > 0) return moved;
  const std::span<char> space = clients_.space();
  const ssize_t got = ::read(source.fd.get(), space.data(), space.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (got <= 0) {  // EIO: a terminal that nobody holds open any more
    end(source);
    return 0;
  }
  const std::size_t size = static_cast<std::size_t>(got);
  if (size == space.size()) enlarge(source);
  log_.write(source.stream, {space.data(), size});
  if (!clients_.empty()) clients_.publish(source.frame, size);
  return size;
}

// Much output that is wanted by one client and not logged does not pass through this process.
std::size_t Supervisor::move_to_client(Source& source) {
  if (!log_.keeps_nothing() || has_terminal_ || !clients_.can_move()) return 0;
  int available = 0;
  if (ioctl(source.fd.get(), FIONREAD, &available) != 0) return 0;
  const auto size = static_cast<std::size_t>(std::max(available, 0));
  if (size < kLeastMoved) return 0;
  if (size >= kFrameBuffer) enlarge(source);
  clients_.publish_from(source.fd.get(), source.frame, size);
  return std::min(size, kMaxFramePayload);
}

void Supervisor::enlarge(Source& source) {
  if (!source.enlarged) enlarge_pipe(source.fd.get());
  source.enlarged = true;
}

void Supervisor::end(Source& source) {
  if (source.fd.get() == input_.pending_fd()) input_.close();
  poller_.forget(source.fd.get());
  source.fd.reset();
  log_.end(source.stream);
}

bool Supervisor::sources_open() const { return sources_[0].fd || sources_[1].fd; }

// Takes what lies in the pipes, as far as the clients take it; then closes them, whoever else may hold them and write
// on. False when a client is busy.
bool Supervisor::read_what_is_left() {
  for (Source& source : sources_) {
    while (source.fd) {
      if (clients_.busy()) return false;
      const std::size_t got = leftover_budget_ > 0 ? pump(source) : 0;
      leftover_budget_ -= std::min(got, leftover_budget_);
      if (got == 0 && source.fd) end(source);
    }
  }
  return !clients_.busy();
}

}  // namespace minidock::shim
