#include "names/forwarder.h"

#include <algorithm>

#include "base/error.h"
#include "base/random.h"

namespace minidock::names {
namespace {

// What is kept of an answer that lets the next server be asked: it is SERVFAIL or the like, with an explanation at
// most.
constexpr std::size_t kLargestRefusal = 1024;

bool is_refusal(ResponseCode code) {
  return code == ResponseCode::server_failure || code == ResponseCode::refused || code == ResponseCode::not_implemented;
}

std::size_t largest_answer(const Asker& asker, const Query& query) {
  return asker.is_tcp() ? kLargestMessage : query.largest_udp_answer();
}

}  // namespace

Forwarder::Forwarder(EventSet& events, std::span<std::uint8_t> space, Server::SocketMaker make_socket,
                     const ServerOptions& options, Reply reply, Heard heard)
    : events_(events),
      space_(space),
      make_socket_(std::move(make_socket)),
      options_(options),
      reply_(std::move(reply)),
      heard_(std::move(heard)) {}

Forwarder::~Forwarder() {
  for (Forwarded& forwarded : forwarded_) stop_asking(forwarded);
}

bool Forwarder::is_on_its_way(const Query& query, const Asker& asker) const {
  return !asker.is_tcp() && std::any_of(forwarded_.begin(), forwarded_.end(), [&](const Forwarded& other) {
    return !other.asker.is_tcp() && other.query.id == query.id && other.asker.address == asker.address &&
           other.query.question == query.question;
  });
}

void Forwarder::forward(BytesView message, const Query& query, const Asker& asker, std::vector<Upstream> servers) {
  if (is_on_its_way(query, asker)) return;
  if (forwarded_.size() == kMostForwarded) {
    reply_(asker, answer(message, query, ResponseCode::server_failure, {}, largest_answer(asker, query)));
    return;
  }
  if (servers.size() > kMostServersAsked) servers.resize(kMostServersAsked);
  Forwarded forwarded;
  forwarded.asker = asker;
  forwarded.query = query;
  forwarded.message.assign(message.begin(), message.end());
  forwarded.servers = std::move(servers);
  if (!ask_next(forwarded)) forwarded_.push_back(std::move(forwarded));
}

// True when nobody is left to be asked and the client has been told.
bool Forwarder::ask_next(Forwarded& forwarded) {
  stop_asking(forwarded);
  while (forwarded.asked < forwarded.servers.size()) {
    if (ask(forwarded, forwarded.servers[forwarded.asked++])) return false;
  }
  if (forwarded.refusal.empty()) {
    reply_(forwarded.asker, answer(forwarded.message, forwarded.query, ResponseCode::server_failure, {},
                                   largest_answer(forwarded.asker, forwarded.query)));
  } else {
    pass_on(forwarded, std::move(forwarded.refusal));
  }
  return true;
}

bool Forwarder::ask(Forwarded& forwarded, const Upstream& server) {
  forwarded.exchange = connect(forwarded, server);
  if (!forwarded.exchange) return false;
  const std::optional<std::uint64_t> number =
      events_.add(forwarded.exchange->fd(), forwarded.exchange->wanted_events());
  if (!number) return false;
  forwarded.number = *number;
  forwarded.deadline = Clock::now() + (forwarded.servers.size() == 1 ? options_.only_server : options_.one_of_servers);
  return true;
}

std::optional<Exchange> Forwarder::connect(const Forwarded& forwarded, const Upstream& server) {
  const std::optional<SocketAddress> address = SocketAddress::from_text(server.address, options_.upstream_port);
  if (!address) return std::nullopt;
  const bool stream = forwarded.asker.is_tcp();
  Fd socket;
  try {
    socket = make_socket_(address->family(), stream ? SOCK_STREAM : SOCK_DGRAM, server.inside);
  } catch (const Error&) {
    return std::nullopt;  // of IPv6 where the kernel has none, for one: the next server may do
  }
  if (!socket) return std::nullopt;
  Bytes query = forwarded.message;
  set_id(query, static_cast<std::uint16_t>(random::below(1U << 16U)));
  std::optional<Exchange> exchange(std::in_place, std::move(socket), stream, std::move(query),
                                   forwarded.query.question);
  if (exchange->begin(*address) == Exchange::State::failed) exchange.reset();
  return exchange;
}

void Forwarder::stop_asking(Forwarded& forwarded) {
  if (forwarded.number != 0) events_.remove(forwarded.exchange->fd());
  forwarded.number = 0;
  forwarded.exchange.reset();
}

bool Forwarder::on_event(std::uint64_t number) {
  const auto found = std::find_if(forwarded_.begin(), forwarded_.end(),
                                  [&](const Forwarded& forwarded) { return forwarded.number == number; });
  if (found == forwarded_.end()) return false;
  if (proceed(*found)) forwarded_.erase(found);
  return true;
}

bool Forwarder::proceed(Forwarded& forwarded) {
  Exchange& exchange = *forwarded.exchange;
  const std::uint32_t wanted_before = exchange.wanted_events();
  const Exchange::State state = exchange.proceed(space_);
  if (state == Exchange::State::failed) return ask_next(forwarded);
  if (state == Exchange::State::answered) return take_answer(forwarded);
  if (exchange.wanted_events() != wanted_before) {
    events_.change(exchange.fd(), forwarded.number, exchange.wanted_events());
  }
  return false;
}

bool Forwarder::take_answer(Forwarded& forwarded) {
  Bytes message = forwarded.exchange->take_answer();
  const ResponseCode code = response_code(message);
  if (!is_refusal(code)) {
    stop_asking(forwarded);
    pass_on(forwarded, std::move(message));
    return true;
  }
  const std::size_t largest = largest_answer(forwarded.asker, forwarded.query);
  forwarded.refusal = message.size() <= kLargestRefusal ? std::move(message)
                                                        : answer(forwarded.message, forwarded.query, code, {}, largest);
  return ask_next(forwarded);
}

// With the client's id, and its question letter by letter as it asked.
void Forwarder::pass_on(const Forwarded& forwarded, Bytes answer) {
  heard_(forwarded.query.question, answer);
  set_id(answer, forwarded.query.id);
  std::copy_n(forwarded.message.begin() + kHeaderSize, forwarded.query.question_size, answer.begin() + kHeaderSize);
  if (answer.size() > largest_answer(forwarded.asker, forwarded.query)) {
    answer = truncated(answer, forwarded.query.question_size);
  }
  reply_(forwarded.asker, answer);
}

Forwarder::Clock::time_point Forwarder::deadline() const {
  Clock::time_point first = Clock::time_point::max();
  for (const Forwarded& forwarded : forwarded_) first = std::min(first, forwarded.deadline);
  return first;
}

void Forwarder::on_time() {
  const Clock::time_point now = Clock::now();
  for (auto forwarded = forwarded_.begin(); forwarded != forwarded_.end();) {
    const bool done = forwarded->deadline <= now && ask_next(*forwarded);
    forwarded = done ? forwarded_.erase(forwarded) : forwarded + 1;
  }
}

}  // namespace minidock::names
