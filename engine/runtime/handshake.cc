#include "engine/runtime/handshake.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>

#include "base/syscall.h"

namespace minidock::runtime {
namespace {

std::string_view name_of(Step step) {
  switch (step) {
    case Step::mapped:
      return "mapped";
    case Step::rootfs:
      return "rootfs";
    case Step::groups:
      return "groups";
    case Step::go:
      return "go";
    case Step::built:
      return "built";
    case Step::cloned:
      return "cloned";
    case Step::ready:
      return "ready";
    case Step::failed:
      return "failed";
  }
  return "unknown";
}

// "<kind> <errno> <message>"
Error parse_failure(std::string_view body) {
  const std::size_t first = body.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : body.find(' ', first + 1);
  if (second == std::string_view::npos) return Error(ErrorKind::internal, std::string(body));
  int err = 0;
  std::from_chars(body.data() + first + 1, body.data() + second, err);
  return Error(error_kind_from_string(body.substr(0, first)), std::string(body.substr(second + 1)), err);
}

sys::Message receive(int channel) {
  for (;;) {
    try {
      return sys::receive_message(channel);
    } catch (const SysError& error) {
      // The peer ended with something unread: reported once, before what it had sent.
      if (error.error_number() != ECONNRESET) throw;
    }
  }
}

}  // namespace

void send_step(int channel, Step step, std::string_view body, std::span<const int> fds) {
  std::string data(1, static_cast<char>(step));
  data += body;
  sys::send_message(channel, data, fds);
}

void send_failure(int channel, const Error& error) noexcept {
  try {
    // A message never grows beyond what the receiver takes.
    send_step(channel, Step::failed,
              fmt::format("{} {} {}", to_string(error.kind()), error.error_number(), error.message().substr(0, 16384)));
  } catch (const std::exception&) {
    // Nobody is left to be told; the exit status stays.
  }
}

std::optional<StepMessage> receive_step(int channel) {
  sys::Message message = receive(channel);
  if (message.data.empty()) return std::nullopt;
  StepMessage result{static_cast<Step>(message.data[0]), message.data.substr(1), std::move(message.fds)};
  if (result.step == Step::failed) throw parse_failure(result.body);
  return result;
}

StepMessage expect_step(int channel, Step step) {
  std::optional<StepMessage> message = receive_step(channel);
  if (!message) {
    throw Error(ErrorKind::internal, fmt::format("expected \"{}\", but the other process ended", name_of(step)));
  }
  if (message->step != step) {
    throw Error(ErrorKind::internal, fmt::format("expected \"{}\", got \"{}\"", name_of(step), name_of(message->step)));
  }
  return std::move(*message);
}

}  // namespace minidock::runtime
