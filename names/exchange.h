// One question to one other server over one socket: the query goes out, its answer comes in.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/fd.h"
#include "names/message.h"
#include "names/socket_address.h"

namespace minidock::names {

class Exchange {
 public:
  enum class State { waiting, answered, failed };

  // `socket`: SOCK_DGRAM or SOCK_STREAM, nonblocking. `query` has the id that the answer must have.
  Exchange(Fd socket, bool stream, Bytes query, const Question& question);

  int fd() const { return socket_.get(); }
  // Connects, so that the kernel drops what others send, and sends what can be sent.
  State begin(const SocketAddress& server);
  // EPOLLIN, EPOLLOUT.
  std::uint32_t wanted_events() const;
  // To be called when one of them is there. Of UDP, datagrams that do not answer the question are passed over: anybody
  // can send them. `space`: kLargestMessage bytes to work in, shared with others.
  State proceed(std::span<std::uint8_t> space);
  // When answered.
  Bytes take_answer() { return std::move(answer_); }

 private:
  State send();
  State receive_datagrams(std::span<std::uint8_t> space);
  State receive_stream(std::span<std::uint8_t> space);
  std::size_t missing() const;

  Fd socket_;
  bool stream_;
  std::uint16_t id_;
  Question question_;
  Bytes query_;  // with its length in front when it is for a stream
  std::size_t sent_ = 0;
  Bytes answer_;  // of a stream: what is there of it, with its length in front
};

}  // namespace minidock::names
