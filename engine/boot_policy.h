// Which containers are started after a boot: docker's policies as its daemon applies them when it starts.
#pragma once

#include "engine/container_store.h"

namespace minidock {

// `container` with its state put right; `was_alive`: its row said until then that it runs, so its end was the
// machine's.
//
//   always           every one that has ever run, also when the user has stopped it
//   unless-stopped   unless the user has stopped it
//   on-failure[:n]   what failed, or was cut off, as long as its restarts are not used up
//
// Of the last, one that the user has stopped stays down, as docker's manual says (its daemon starts those too whose
// program did not end with 0).
bool is_wanted_after_boot(const Container& container, bool was_alive);

}  // namespace minidock
