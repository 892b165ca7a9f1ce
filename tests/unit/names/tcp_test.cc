// Clients that ask over TCP.
#include <algorithm>
#include <map>

#include "names/server.h"
#include "tests/unit/names/server_host.h"

namespace minidock::names {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

class Tcp : public ServerTest {
 protected:
  wire::Message receive_message(const Fd& socket) {
    const Bytes bytes = receive_framed(socket);
    if (bytes.empty()) {
      ADD_FAILURE() << "the stream has ended";
      return {};
    }
    return wire::read(bytes);
  }
  wire::Message answer_over(const Fd& socket, const Bytes& message) {
    send_stream(socket, framed(message));
    return receive_message(socket);
  }
  // A name whose answer over TCP has some 16 KB.
  void have_large_answer() {
    std::string text;
    for (int i = 0; i < 1000; ++i) text += fmt::format("10.1.{}.{} - c{} n{} pool\n", i / 250, i % 250, i, i);
    write_network(text + "10.0.0.2 - x web\n");
  }
};

TEST_F(Tcp, SeveralQueriesOnAConnection) {
  start();
  const Fd socket = connect_stream();
  EXPECT_THAT(answer_over(socket, wire::query(1, "web", wire::kA)).data(), ElementsAre("10.0.0.2"));
  Bytes both = framed(wire::query(2, "db", wire::kA));
  wire::put(both, framed(wire::query(3, "web", wire::kAaaa)));
  send_stream(socket, both);
  EXPECT_EQ(receive_message(socket).id, 2);
  EXPECT_THAT(receive_message(socket).data(), ElementsAre("fd00::2"));
}

TEST_F(Tcp, QueriesInPieces) {
  start();
  const Fd socket = connect_stream();
  for (const std::uint8_t byte : framed(wire::query(1, "web", wire::kA))) {
    EXPECT_FALSE(is_closed(socket));
    send_stream(socket, {byte});
    serve();
  }
  EXPECT_EQ(receive_message(socket).id, 1);
}

TEST_F(Tcp, LargeAnswersAreWhole) {
  have_large_answer();
  start();
  const wire::Message message = answer_over(connect_stream(), wire::query(1, "pool", wire::kA));
  EXPECT_FALSE(message.has(wire::kTruncated));
  EXPECT_EQ(message.answers.size(), 1000U);
}

TEST_F(Tcp, AnswersAreTakenInPieces) {
  have_large_answer();
  start();
  const Fd socket = connect_stream();
  Bytes queries;
  constexpr std::uint16_t kQueries = 100;  // 1.6 MB of answers, much more than the kernel keeps
  for (std::uint16_t id = 0; id < kQueries; ++id) wire::put(queries, framed(wire::query(id, "pool", wire::kA)));
  send_stream(socket, queries);
  serve();
  EXPECT_THAT(answer_to("web", wire::kA).data(), ElementsAre("10.0.0.2"));
  for (std::uint16_t id = 0; id < kQueries; ++id) {
    const wire::Message message = receive_message(socket);
    ASSERT_EQ(message.id, id);
    ASSERT_EQ(message.answers.size(), 1000U);
  }
}

TEST_F(Tcp, MalformedMessages) {
  start();
  const Fd socket = connect_stream();
  Bytes update = wire::query(1, "web", wire::kA);
  update[2] = 0x28;
  EXPECT_EQ(answer_over(socket, update).code(), 4);
  EXPECT_EQ(answer_over(socket, Bytes(12, 0)).code(), 1);
  // Neither is answered, nor counted as one whose answer is still to come.
  Bytes response = wire::query(2, "web", wire::kA);
  response[2] |= 0x80U;
  for (int i = 0; i < 100; ++i) send_stream(socket, framed(response));
  for (int i = 0; i < 100; ++i) send_stream(socket, framed({}));
  EXPECT_EQ(answer_over(socket, wire::query(3, "web", wire::kA)).id, 3);
}

TEST_F(Tcp, WhoSendsTooMuchIsClosed) {
  start();
  const Fd largest = connect_stream();
  Bytes message = wire::with_opt(wire::query(1, "web", wire::kA), wire::opt(512));
  const std::size_t padding = kLargestQuery - message.size();
  message[message.size() - 2] = static_cast<std::uint8_t>(padding >> 8U);
  message[message.size() - 1] = static_cast<std::uint8_t>(padding & 0xffU);
  message.resize(kLargestQuery);
  EXPECT_THAT(answer_over(largest, message).data(), ElementsAre("10.0.0.2"));
  send_stream(largest, {static_cast<std::uint8_t>((kLargestQuery + 1) >> 8U), (kLargestQuery + 1) & 0xffU});
  serve_until([&] { return is_closed(largest); });
}

TEST_F(Tcp, IdleClientsAreClosed) {
  options_.idle_client = std::chrono::milliseconds(20);
  start();
  const Fd socket = connect_stream();
  EXPECT_FALSE(is_closed(socket));
  pass_deadline();
  EXPECT_TRUE(is_closed(socket));
  EXPECT_EQ(server_->deadline(), Server::Clock::time_point::max());
}

TEST_F(Tcp, ClientsAreIdleOnlyAfterAWhile) {
  start();
  const Fd socket = connect_stream();
  server_->on_time();
  EXPECT_EQ(answer_over(socket, wire::query(1, "web", wire::kA)).id, 1);
}

TEST_F(Tcp, OneMoreClientClosesTheMostIdle) {
  start();
  std::vector<Fd> sockets;
  for (std::size_t i = 0; i < kMostTcpClients; ++i) sockets.push_back(connect_stream());
  EXPECT_EQ(answer_over(sockets[0], wire::query(1, "web", wire::kA)).id, 1);
  EXPECT_FALSE(is_closed(sockets[1]));
  const Fd one_more = connect_stream();
  EXPECT_EQ(answer_over(one_more, wire::query(2, "web", wire::kA)).id, 2);
  EXPECT_TRUE(is_closed(sockets[1]));
  for (std::size_t i = 0; i < kMostTcpClients; ++i) EXPECT_EQ(is_closed(sockets[i]), i == 1) << i;
}

TEST_F(Tcp, WhoEndsStillGetsTheAnswers) {
  have_servers({"127.0.0.2"});
  start();
  const Fd socket = connect_stream();
  Bytes both = framed(wire::query(1, "web", wire::kA));
  wire::put(both, framed(wire::query(2, "example.com", wire::kA)));
  send_stream(socket, both);
  ASSERT_EQ(shutdown(socket.get(), SHUT_WR), 0);
  EXPECT_EQ(receive_message(socket).id, 1);
  const Fd upstream = accepted(servers_[0]);
  EXPECT_FALSE(is_closed(socket));
  send_stream(upstream, framed(wire::reply_to(receive_framed(upstream), {"1.2.3.4"})));
  EXPECT_THAT(receive_message(socket).data(), ElementsAre("1.2.3.4"));
  serve_until([&] { return is_closed(socket); });
}

TEST_F(Tcp, WhoIsGoneIsForgotten) {
  have_servers({"127.0.0.2"});
  start();
  answer_to("web", wire::kA);  // the view is open from here on
  const std::size_t before = open_descriptors();
  Fd socket = connect_stream();
  send_stream(socket, framed(wire::query(2, "example.com", wire::kA)));
  Fd upstream = accepted(servers_[0]);
  const Bytes asked = receive_framed(upstream);
  const linger at_once{1, 0};
  ASSERT_EQ(setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
  socket.reset();
  serve();
  send_stream(upstream, framed(wire::reply_to(asked, {"1.2.3.4"})));
  serve_until([&] { return is_closed(upstream); });
  upstream.reset();
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Tcp, IsForwardedOverTcp) {
  have_servers({"127.0.0.2"});
  start();
  const Fd socket = connect_stream();
  const Bytes query = wire::query(500, "Example.com", wire::kA);
  send_stream(socket, framed(query));
  const Fd upstream = accepted(servers_[0]);
  const Bytes asked = receive_framed(upstream);
  EXPECT_EQ(Bytes(asked.begin() + 2, asked.end()), Bytes(query.begin() + 2, query.end()));
  // More than UDP would carry, in pieces.
  const Bytes whole = framed(wire::reply_to(asked, std::vector<std::string>(4000, "1.2.3.4")));
  for (std::size_t at = 0; at < whole.size(); at += 7919) {
    send_stream(upstream, Bytes(whole.begin() + static_cast<std::ptrdiff_t>(at),
                                whole.begin() + static_cast<std::ptrdiff_t>(std::min(at + 7919, whole.size()))));
    serve();
  }
  const wire::Message message = receive_message(socket);
  EXPECT_EQ(message.id, 500);
  EXPECT_EQ(message.answers.size(), 4000U);
  EXPECT_FALSE(receive_datagram(servers_[0].udp.get()));
  EXPECT_TRUE(is_closed(upstream));
}

TEST_F(Tcp, AsksTheNextServerWhenOneDoesNotSpeakIt) {
  options_.one_of_servers = std::chrono::milliseconds(20);
  have_servers({"127.0.0.2", "127.0.0.3", "127.0.0.4"});
  start();
  const Fd socket = connect_stream();
  servers_[0].tcp.reset();  // refuses connections
  send_stream(socket, framed(wire::query(500, "example.com", wire::kA)));
  {
    const Fd upstream = accepted(servers_[1]);
    // Half an answer, then the end.
    const Bytes whole = framed(wire::reply_to(receive_framed(upstream), {"6.6.6.6"}));
    send_stream(upstream, Bytes(whole.begin(), whole.end() - 3));
  }
  const Fd upstream = accepted(servers_[2]);
  const Bytes asked = receive_framed(upstream);
  send_stream(upstream, framed(wire::reply_to(asked, {"1.2.3.4"})));
  EXPECT_THAT(receive_message(socket).data(), ElementsAre("1.2.3.4"));
}

TEST_F(Tcp, WrongAnswersOfAServerAreNotPassedOn) {
  have_servers({"127.0.0.2"});
  start();
  const Fd socket = connect_stream();
  for (const std::size_t at : {0, 13}) {
    send_stream(socket, framed(wire::query(500, "example.com", wire::kA)));
    const Fd upstream = accepted(servers_[0]);
    Bytes wrong = wire::reply_to(receive_framed(upstream), {"6.6.6.6"});
    wrong[at] ^= 0x01U;
    send_stream(upstream, framed(wrong));
    EXPECT_EQ(receive_message(socket).code(), 2);
  }
}

TEST_F(Tcp, SilentServersRunOutOfTime) {
  options_.only_server = std::chrono::milliseconds(20);
  have_servers({"127.0.0.2"});
  start();
  const Fd socket = connect_stream();
  send_stream(socket, framed(wire::query(500, "example.com", wire::kA)));
  const Fd upstream = accepted(servers_[0]);
  send_stream(upstream, {0});
  serve();
  pass_deadline();
  EXPECT_EQ(receive_message(socket).code(), 2);
}

TEST_F(Tcp, AClientHasSoManyQueriesOnTheirWay) {
  have_servers({"127.0.0.2"});
  start();
  const Fd socket = connect_stream();
  Bytes queries;
  for (std::uint16_t id = 0; id < 2 * kMostOfTcpClient; ++id) {
    wire::put(queries, framed(wire::query(id, "example.com", wire::kA)));
  }
  send_stream(socket, queries);
  std::vector<Fd> upstreams;
  for (std::size_t i = 0; i < kMostOfTcpClient; ++i) upstreams.push_back(accepted(servers_[0]));
  serve();
  EXPECT_LT(::accept4(servers_[0].tcp.get(), nullptr, nullptr, 0), 0);
  // Each answer lets another query go.
  std::vector<bool> answered(2 * kMostOfTcpClient);
  for (std::size_t i = 0; i < 2 * kMostOfTcpClient; ++i) {
    send_stream(upstreams[i], framed(wire::reply_to(receive_framed(upstreams[i]), {"1.2.3.4"})));
    answered.at(receive_message(socket).id) = true;
    if (upstreams.size() < 2 * kMostOfTcpClient) upstreams.push_back(accepted(servers_[0]));
  }
  EXPECT_THAT(answered, testing::Each(true));
}

TEST_F(Tcp, WhoDoesNotTakeAnswersIsClosed) {
  have_servers({"127.0.0.2"});
  start();
  const Fd socket = connect_stream();
  // Answers of 64 KB, sixteen at a time, of which none is taken.
  Bytes queries;
  for (std::uint16_t id = 0; id < 200; ++id) wire::put(queries, framed(wire::query(id, "example.com", wire::kA)));
  send_stream(socket, queries);
  std::vector<Fd> upstreams;
  serve_until([&] {
    Fd upstream(::accept4(servers_[0].tcp.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (upstream) upstreams.push_back(std::move(upstream));
    if (upstreams.size() < kMostOfTcpClient) return false;
    for (const Fd& each : upstreams) {
      const Bytes asked = receive_framed(each);
      if (asked.empty()) continue;
      send_stream(each, framed(wire::reply_to(asked, std::vector<std::string>(4000, "1.2.3.4"))));
    }
    serve();
    upstreams.clear();
    pollfd waiting{socket.get(), 0, 0};
    return ::poll(&waiting, 1, 0) > 0;  // reset
  });
  EXPECT_THAT(answer_to("web", wire::kA).data(), ElementsAre("10.0.0.2"));
}

}  // namespace
}  // namespace minidock::names
