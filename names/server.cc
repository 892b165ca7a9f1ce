#include "names/server.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/error.h"
#include "names/asker.h"
#include "names/event_set.h"
#include "names/forwarder.h"
#include "names/local_answers.h"
#include "names/message.h"
#include "names/tcp_clients.h"

namespace minidock::names {
namespace {

constexpr int kDatagramsAtOnce = 64;
constexpr std::size_t kEventsAtOnce = 64;

bool is_transfer(const Question& question) {
  return question.type == static_cast<std::uint16_t>(RecordType::axfr) ||
         question.type == static_cast<std::uint16_t>(RecordType::ixfr);
}

}  // namespace

class Server::Core {
 public:
  Core(Fd udp, Fd tcp, Directory directory, SocketMaker make_socket, const ServerOptions& options,
       std::unique_ptr<LearntAddresses> learnt);
  ~Core() { events_.remove(udp_.get()); }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  int fd() const { return events_.fd(); }
  void serve();
  Clock::time_point deadline() const;
  void on_time();
  void repeat_what_was_learnt() const;

 private:
  void receive_datagrams();
  void take(const Asker& asker, BytesView message);
  void take_query(const Asker& asker, BytesView message, const Query& query);
  void reply(const Asker& asker, const Bytes& message);
  void learn_own(const Question& question, const std::vector<Record>& records);
  void ask_again(const Question& question);

  EventSet events_;
  // One for all that is received. Its pages cost memory only once a message has been that long.
  std::unique_ptr<std::uint8_t[]> space_ = std::make_unique_for_overwrite<std::uint8_t[]>(kLargestMessage);
  Fd udp_;
  std::uint64_t udp_number_ = 0;
  Directory directory_;
  LocalAnswers local_answers_;
  std::unique_ptr<LearntAddresses> learnt_;
  Forwarder forwarder_;
  TcpClients tcp_clients_;
};

Server::Core::Core(Fd udp, Fd tcp, Directory directory, SocketMaker make_socket, const ServerOptions& options,
                   std::unique_ptr<LearntAddresses> learnt)
    : udp_(std::move(udp)),
      directory_(std::move(directory)),
      local_answers_(directory_),
      learnt_(std::move(learnt)),
      forwarder_(
          events_, {space_.get(), kLargestMessage}, std::move(make_socket), options,
          [this](const Asker& asker, const Bytes& message) { reply(asker, message); },
          [this](const Question& question, BytesView message) {
            if (learnt_) learnt_->learn(question, addresses_in(message), false, Clock::now());
          }),
      tcp_clients_(std::move(tcp), events_, {space_.get(), kLargestMessage}, options,
                   [this](std::uint64_t client, BytesView message) {
                     Asker asker;
                     asker.tcp_client = client;
                     take(asker, message);
                   }) {
  const std::optional<std::uint64_t> number = events_.add(udp_.get(), EPOLLIN);
  if (!number) throw SysError("epoll_ctl(EPOLL_CTL_ADD) of the name server's UDP socket");
  udp_number_ = *number;
}

void Server::Core::serve() {
  std::array<epoll_event, kEventsAtOnce> space{};
  for (const epoll_event& event : events_.ready(space)) {
    const std::uint64_t number = event.data.u64;
    if (number == udp_number_) {
      receive_datagrams();
    } else if (!tcp_clients_.on_event(number, event.events)) {
      forwarder_.on_event(number);
    }
  }
  tcp_clients_.settle();
}

Server::Clock::time_point Server::Core::deadline() const {
  const Clock::time_point first = std::min(forwarder_.deadline(), tcp_clients_.deadline());
  return learnt_ ? std::min(first, learnt_->deadline()) : first;
}

void Server::Core::on_time() {
  forwarder_.on_time();
  tcp_clients_.on_time();
  if (!learnt_) return;
  for (const Question& question : learnt_->on_time(Clock::now())) ask_again(question);
}

void Server::Core::repeat_what_was_learnt() const {
  if (learnt_) learnt_->repeat();
}

// As if the container had asked; there is nobody whom the answer goes to.
void Server::Core::ask_again(const Question& question) {
  const Bytes message = query_message(0, question.name, RecordType{question.type});
  if (!message.empty()) take(Asker{}, message);
}

void Server::Core::learn_own(const Question& question, const std::vector<Record>& records) {
  std::vector<AnsweredAddress> addresses;
  for (const Record& record : records) {
    if (!record.address.empty()) addresses.push_back({record.address, 0});
  }
  learnt_->learn(question, addresses, true, Clock::now());
}

void Server::Core::receive_datagrams() {
  for (int i = 0; i < kDatagramsAtOnce; ++i) {
    Asker asker;
    socklen_t address_size = SocketAddress::capacity();
    const ssize_t got = ::recvfrom(udp_.get(), space_.get(), kLargestQuery, MSG_TRUNC | MSG_DONTWAIT,
                                   asker.address.data(), &address_size);
    if (got < 0) return;
    const std::size_t size = static_cast<std::size_t>(got);
    // What did not fit is a message whose end is missing.
    take(asker, {space_.get(), std::min(size, kLargestQuery)});
  }
}

void Server::Core::take(const Asker& asker, BytesView message) {
  const ParsedQuery parsed = parse_query(message);
  if (parsed.query) {
    take_query(asker, message, *parsed.query);
  } else {
    reply(asker, parsed.error ? error_answer(message, *parsed.error) : Bytes{});
  }
}

void Server::Core::take_query(const Asker& asker, BytesView message, const Query& query) {
  const std::size_t largest = asker.is_tcp() ? kLargestMessage : query.largest_udp_answer();
  const auto answer_with = [&](ResponseCode code, const std::vector<Record>& records) {
    reply(asker, answer(message, query, code, records, largest));
  };
  if (query.edns_version != 0) return answer_with(ResponseCode::bad_version, {});
  if (query.question.dns_class != kClassInternet) return answer_with(ResponseCode::refused, {});
  if (is_transfer(query.question)) return answer_with(ResponseCode::refused, {});
  if (const std::optional<std::vector<Record>> records = local_answers_.records(query.question)) {
    if (learnt_) learn_own(query.question, *records);
    return answer_with(ResponseCode::no_error, *records);
  }
  const bool may_ask = !learnt_ || learnt_->may_ask(query.question.name);
  if (!directory_.forwards() || !may_ask) return answer_with(ResponseCode::name_error, {});
  forwarder_.forward(message, query, asker, directory_.upstreams());
}

// Without waiting, as the sockets are. A datagram that is lost here is asked for again.
void Server::Core::reply(const Asker& asker, const Bytes& message) {
  if (asker.is_tcp()) {
    tcp_clients_.reply(asker.tcp_client, message);
  } else if (!message.empty() && !asker.is_nobody()) {
    ::sendto(udp_.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT, asker.address.data(),
             asker.address.size());
  }
}

Server::Server(Fd udp, Fd tcp, Directory directory, SocketMaker make_socket, const ServerOptions& options,
               std::unique_ptr<LearntAddresses> learnt)
    : core_(std::make_unique<Core>(std::move(udp), std::move(tcp), std::move(directory), std::move(make_socket),
                                   options, std::move(learnt))) {}

Server::~Server() = default;

int Server::fd() const { return core_->fd(); }
void Server::serve() { core_->serve(); }
Server::Clock::time_point Server::deadline() const { return core_->deadline(); }
void Server::on_time() { core_->on_time(); }
void Server::repeat_what_was_learnt() const { core_->repeat_what_was_learnt(); }

}  // namespace minidock::names
