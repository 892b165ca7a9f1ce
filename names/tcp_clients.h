// The clients that ask over TCP (RFC 7766): any number of queries on a connection, whose answers come in the order in
// which they are known.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/fd.h"
#include "names/event_set.h"
#include "names/message.h"
#include "names/server.h"

namespace minidock::names {

class TcpClients {
 public:
  using Clock = Server::Clock;
  // A query of the client with this number. reply() is called for it once, at once or later.
  using TakeQuery = std::function<void(std::uint64_t client, BytesView message)>;

  // `events` and `space` (at least kLargestQuery bytes to work in) are borrowed. Throws SysError.
  TcpClients(Fd listener, EventSet& events, std::span<std::uint8_t> space, const ServerOptions& options,
             TakeQuery take_query);
  TcpClients(const TcpClients&) = delete;
  TcpClients& operator=(const TcpClients&) = delete;
  ~TcpClients();

  // False when `number` is neither the listener nor a client. What came in is looked at by settle().
  bool on_event(std::uint64_t number, std::uint32_t events);
  // Forgotten when the client is gone. An empty answer: there will be none.
  void reply(std::uint64_t client, BytesView answer);
  // Takes the queries that are whole, sends what can be sent, closes who is done. To be called after the two above.
  void settle();
  Clock::time_point deadline() const;
  void on_time();

 private:
  struct Client {
    std::uint64_t number = 0;
    Fd socket;
    Bytes input;   // what is not taken of it yet: at most one query and what is read at once
    Bytes output;  // what the socket has not taken yet
    std::size_t pending = 0;
    std::uint32_t watched = 0;
    Clock::time_point last_active;
    bool ended = false;  // it will ask nothing more
    bool gone = false;
  };
  void accept_some();
  void add(Fd socket);
  void close_most_idle();
  void close(Client& client);
  void receive(Client& client);
  bool take_queries(Client& client);
  void send(Client& client);
  void watch(Client& client);
  Client* find(std::uint64_t number);
  static bool may_ask(const Client& client);

  EventSet& events_;
  std::span<std::uint8_t> space_;
  ServerOptions options_;
  TakeQuery take_query_;
  Fd listener_;
  std::uint64_t listener_number_ = 0;
  Clock::time_point listen_again_ = Clock::time_point::max();
  std::vector<Client> clients_;
};

}  // namespace minidock::names
