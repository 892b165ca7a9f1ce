// The last words between a shim and the command that started it, if that is still there.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/fd.h"
#include "engine/shim/protocol.h"

namespace minidock::shim {

// How long the end waits for others: for a client to take its output, for the command to say `removing`.
inline constexpr std::chrono::seconds kFarewellTime{2};
// How long a client may leave output untaken after the end before it is given up.
inline constexpr std::chrono::minutes kStalledClientTime{10};

// The command may be gone: that is no error.
void tell_started(int start_channel, const RunningState& state);

// Sends `exited` of a run that is followed by another: the command goes.
void tell_restarting(Fd start_channel, const ExitRecord& record);

// Sends `exited`; true when the command answers that it cleans up itself.
bool hand_over_cleanup(Fd start_channel, const ExitRecord& record);

// Starts the clean-up in a session of its own; it inherits nothing and outlives the shim. An empty command starts
// nothing. A failure leaves the clean-up to the next command.
void start_cleanup(const std::vector<std::string>& command);

}  // namespace minidock::shim
