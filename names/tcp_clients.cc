#include "names/tcp_clients.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "names/stream_message.h"

namespace minidock::names {
namespace {

constexpr int kAcceptedAtOnce = 16;
constexpr std::size_t kOutputToAskNoMore = 64 * 1024;
constexpr std::chrono::seconds kPauseOfListener{1};

}  // namespace

TcpClients::TcpClients(Fd listener, EventSet& events, std::span<std::uint8_t> space, const ServerOptions& options,
                       TakeQuery take_query)
    : events_(events),
      space_(space),
      options_(options),
      take_query_(std::move(take_query)),
      listener_(std::move(listener)) {
  const std::optional<std::uint64_t> number = events_.add(listener_.get(), EPOLLIN);
  if (!number) throw SysError("epoll_ctl(EPOLL_CTL_ADD) of the name server's TCP socket");
  listener_number_ = *number;
}

TcpClients::~TcpClients() {
  for (Client& client : clients_) close(client);
  events_.remove(listener_.get());
}

TcpClients::Client* TcpClients::find(std::uint64_t number) {
  const auto found =
      std::find_if(clients_.begin(), clients_.end(), [&](const Client& client) { return client.number == number; });
  return found == clients_.end() ? nullptr : &*found;
}

bool TcpClients::on_event(std::uint64_t number, std::uint32_t events) {
  if (number == listener_number_) {
    accept_some();
    return true;
  }
  Client* const client = find(number);
  if (client == nullptr) return false;
  if ((events & EPOLLIN) != 0) receive(*client);
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) client->gone = true;
  return true;
}

void TcpClients::accept_some() {
  for (int i = 0; i < kAcceptedAtOnce; ++i) {
    Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) {
      add(std::move(socket));
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      // No descriptors, or no memory: the connection stays where it is, and would be reported over and over.
      events_.change(listener_.get(), listener_number_, 0);
      listen_again_ = Clock::now() + kPauseOfListener;
      return;
    }
  }
}

void TcpClients::add(Fd socket) {
  if (clients_.size() == kMostTcpClients) close_most_idle();
  const std::optional<std::uint64_t> number = events_.add(socket.get(), EPOLLIN);
  if (!number) return;
  Client client;
  client.number = *number;
  client.socket = std::move(socket);
  client.watched = EPOLLIN;
  client.last_active = Clock::now();
  clients_.push_back(std::move(client));
}

void TcpClients::close_most_idle() {
  const auto most_idle = std::min_element(
      clients_.begin(), clients_.end(), [](const Client& a, const Client& b) { return a.last_active < b.last_active; });
  close(*most_idle);
  clients_.erase(most_idle);
}

void TcpClients::close(Client& client) {
  events_.remove(client.socket.get());
  client.socket.reset();
}

bool TcpClients::may_ask(const Client& client) {
  return client.pending < kMostOfTcpClient && client.output.size() < kOutputToAskNoMore;
}

void TcpClients::receive(Client& client) {
  if (client.ended || !may_ask(client)) return;
  const ssize_t got = ::recv(client.socket.get(), space_.data(), kLargestQuery, 0);
  if (got > 0) {
    client.input.insert(client.input.end(), space_.begin(), space_.begin() + got);
  } else if (got == 0) {
    client.ended = true;
  } else if (errno != EAGAIN && errno != EINTR) {
    client.gone = true;
  }
}

// True when there was one, or several.
bool TcpClients::take_queries(Client& client) {
  std::size_t taken = 0;
  while (!client.gone && may_ask(client)) {
    const BytesView input = BytesView(client.input).subspan(taken);
    const std::optional<std::size_t> size = framed_size(input);
    if (size && *size > kLengthSize + kLargestQuery) client.gone = true;
    if (!size || client.gone || *size > input.size()) break;
    taken += *size;
    ++client.pending;
    client.last_active = Clock::now();
    take_query_(client.number, input.subspan(kLengthSize, *size - kLengthSize));
  }
  client.input.erase(client.input.begin(), client.input.begin() + static_cast<std::ptrdiff_t>(taken));
  return taken > 0;
}

void TcpClients::reply(std::uint64_t number, BytesView answer) {
  Client* const client = find(number);
  if (client == nullptr) return;
  --client->pending;
  client->last_active = Clock::now();
  if (answer.empty()) return;
  if (client->output.size() + answer.size() > kMostUnread) {
    client->gone = true;
  } else {
    append_with_length(client->output, answer);
  }
}

void TcpClients::send(Client& client) {
  while (!client.gone && !client.output.empty()) {
    const ssize_t sent =
        ::send(client.socket.get(), client.output.data(), client.output.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      client.output.erase(client.output.begin(), client.output.begin() + sent);
      client.last_active = Clock::now();
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      client.gone = true;
    }
  }
}

void TcpClients::watch(Client& client) {
  std::uint32_t events = 0;
  if (!client.ended && may_ask(client)) events |= EPOLLIN;
  if (!client.output.empty()) events |= EPOLLOUT;
  if (events != client.watched) events_.change(client.socket.get(), client.number, events);
  client.watched = events;
}

void TcpClients::settle() {
  for (Client& client : clients_) {
    send(client);
    while (take_queries(client)) send(client);
    if (client.ended && client.pending == 0 && client.output.empty()) client.gone = true;
    if (client.gone) {
      close(client);
    } else {
      watch(client);
    }
  }
  std::erase_if(clients_, [](const Client& client) { return client.gone; });
}

TcpClients::Clock::time_point TcpClients::deadline() const {
  Clock::time_point first = listen_again_;
  for (const Client& client : clients_) {
    if (client.pending == 0) first = std::min(first, client.last_active + options_.idle_client);
  }
  return first;
}

void TcpClients::on_time() {
  const Clock::time_point now = Clock::now();
  if (listen_again_ <= now) {
    listen_again_ = Clock::time_point::max();
    events_.change(listener_.get(), listener_number_, EPOLLIN);
  }
  for (Client& client : clients_) {
    if (client.pending == 0 && client.last_active + options_.idle_client <= now) client.gone = true;
  }
  settle();
}

}  // namespace minidock::names
