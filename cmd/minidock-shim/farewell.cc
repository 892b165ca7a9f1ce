#include "cmd/minidock-shim/farewell.h"

#include <poll.h>

#include <cerrno>
#include <optional>

#include "base/process.h"

namespace minidock::shim {
namespace {

// False when the command is gone.
bool try_send(int channel, const StartMessage& message) {
  try {
    send(channel, message);
    return true;
  } catch (const SysError& error) {
    if (error.error_number() == EPIPE || error.error_number() == ECONNRESET) return false;
    throw;
  }
}

}  // namespace

void tell_started(int start_channel, const RunningState& state) { try_send(start_channel, Started{state}); }

void tell_restarting(Fd start_channel, const ExitRecord& record) {
  if (start_channel) try_send(start_channel.get(), Exited{record, true});
}

bool hand_over_cleanup(Fd start_channel, const ExitRecord& record) {
  if (!start_channel || !try_send(start_channel.get(), Exited{record})) return false;
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline = Clock::now() + kFarewellTime;
  pollfd waited{start_channel.get(), POLLIN, 0};
  int ready = 0;
  do {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    ready = ::poll(&waited, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) return false;
  const std::optional<StartMessage> answer = receive(start_channel.get());
  return answer && std::holds_alternative<Removing>(*answer);
}

void start_cleanup(const std::vector<std::string>& command) {
  if (command.empty()) return;
  process::SpawnOptions options;
  options.program = command.front();
  options.arguments = command;
  options.new_session = true;
  try {
    process::spawn(options);
  } catch (const SysError&) {
    // The program was removed or the machine is out of memory: nobody is left to be told.
  }
}

}  // namespace minidock::shim
