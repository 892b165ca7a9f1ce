#include "names/exchange.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

#include "names/stream_message.h"

namespace minidock::names {
namespace {

constexpr int kDatagramsAtOnce = 8;

bool is_passing(int err) { return err == EAGAIN || err == EINTR; }

}  // namespace

Exchange::Exchange(Fd socket, bool stream, Bytes query, const Question& question)
    : socket_(std::move(socket)), stream_(stream), id_(message_id(query)), question_(question) {
  query_ = stream ? with_length(query) : std::move(query);
}

Exchange::State Exchange::begin(const SocketAddress& server) {
  if (::connect(socket_.get(), server.data(), server.size()) < 0) {
    return stream_ && errno == EINPROGRESS ? State::waiting : State::failed;
  }
  return send();
}

std::uint32_t Exchange::wanted_events() const { return sent_ < query_.size() ? EPOLLIN | EPOLLOUT : EPOLLIN; }

Exchange::State Exchange::send() {
  if (sent_ == query_.size()) return State::waiting;
  const ssize_t sent = ::send(socket_.get(), query_.data() + sent_, query_.size() - sent_, MSG_NOSIGNAL);
  if (sent < 0) return stream_ && is_passing(errno) ? State::waiting : State::failed;
  sent_ += static_cast<std::size_t>(sent);
  return State::waiting;
}

Exchange::State Exchange::proceed(std::span<std::uint8_t> space) {
  if (send() == State::failed) return State::failed;
  return stream_ ? receive_stream(space) : receive_datagrams(space);
}

Exchange::State Exchange::receive_datagrams(std::span<std::uint8_t> space) {
  for (int i = 0; i < kDatagramsAtOnce; ++i) {
    const ssize_t got = ::recv(socket_.get(), space.data(), space.size(), 0);
    if (got < 0) return is_passing(errno) ? State::waiting : State::failed;
    const BytesView message = space.first(static_cast<std::size_t>(got));
    if (!answers(message, id_, question_)) continue;
    answer_.assign(message.begin(), message.end());
    return State::answered;
  }
  return State::waiting;
}

// Of the length, or of the answer once the length is there.
std::size_t Exchange::missing() const {
  const std::optional<std::size_t> whole = framed_size(answer_);
  return whole.value_or(kLengthSize) - answer_.size();
}

Exchange::State Exchange::receive_stream(std::span<std::uint8_t> space) {
  while (missing() > 0) {
    const ssize_t got = ::recv(socket_.get(), space.data(), std::min(missing(), space.size()), 0);
    if (got < 0 && is_passing(errno)) return State::waiting;
    if (got <= 0) return State::failed;
    answer_.insert(answer_.end(), space.begin(), space.begin() + got);
  }
  answer_.erase(answer_.begin(), answer_.begin() + kLengthSize);
  return answers(answer_, id_, question_) ? State::answered : State::failed;
}

}  // namespace minidock::names
