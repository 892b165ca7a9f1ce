// The queries that other servers are asked: who asked, whom of the servers is being asked, since when.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "names/asker.h"
#include "names/event_set.h"
#include "names/exchange.h"
#include "names/message.h"
#include "names/server.h"

namespace minidock::names {

class Forwarder {
 public:
  using Clock = Server::Clock;
  // Called once for each query, also from within forward().
  using Reply = std::function<void(const Asker&, const Bytes&)>;
  // Called with what another server has answered, whole, before it is passed on.
  using Heard = std::function<void(const Question&, BytesView)>;

  // `events` and `space` (kLargestMessage bytes to work in) are borrowed.
  Forwarder(EventSet& events, std::span<std::uint8_t> space, Server::SocketMaker make_socket,
            const ServerOptions& options, Reply reply, Heard heard);
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;
  ~Forwarder();

  // Asks the first kMostServersAsked of `servers`, over TCP what was asked over TCP. A query that is on its way
  // already, from the same address with the same id and question, is sent again by an impatient client: its answer will
  // come.
  void forward(BytesView message, const Query& query, const Asker& asker, std::vector<Upstream> servers);
  // False when `number` is none of its sockets.
  bool on_event(std::uint64_t number);
  Clock::time_point deadline() const;
  void on_time();

 private:
  // One attempt holds a socket and a place in the event set; `number` is 0 while there is none.
  struct Forwarded {
    Asker asker;
    Query query;
    Bytes message;  // as it was asked
    std::vector<Upstream> servers;
    std::size_t asked = 0;  // how many of them
    std::optional<Exchange> exchange;
    std::uint64_t number = 0;
    Clock::time_point deadline;
    Bytes refusal;  // the last answer that was none; empty before
  };
  bool is_on_its_way(const Query& query, const Asker& asker) const;
  bool ask_next(Forwarded& forwarded);
  bool ask(Forwarded& forwarded, const Upstream& server);
  std::optional<Exchange> connect(const Forwarded& forwarded, const Upstream& server);
  void stop_asking(Forwarded& forwarded);
  // Both: true when the query has had its answer.
  bool proceed(Forwarded& forwarded);
  bool take_answer(Forwarded& forwarded);
  void pass_on(const Forwarded& forwarded, Bytes answer);

  EventSet& events_;
  std::span<std::uint8_t> space_;
  Server::SocketMaker make_socket_;
  ServerOptions options_;
  Reply reply_;
  Heard heard_;
  std::vector<Forwarded> forwarded_;
};

}  // namespace minidock::names
