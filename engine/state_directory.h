#pragma once

#include <string>

#include "storage/instance.h"

namespace minidock {

// Removes the run-time directory of a container whose row is gone. Another command may just make it again, to take the
// lock and then find that there is nothing left to do: so this tries again for a while.
void remove_state_directory(const storage::Instance& instance, const std::string& id);

}  // namespace minidock
