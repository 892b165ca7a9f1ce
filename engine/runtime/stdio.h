// Standard streams of a container's process.
#pragma once

#include <sys/types.h>

#include "engine/runtime/container_process.h"
#include "engine/runtime/spec.h"

namespace minidock::runtime {

// Gives anonymous pipes to `uid`, so that the program may open /dev/stdout again; the rest stays as it is: a file of
// the user's on the host keeps its owner. `gid` -1 keeps the group.
void own_pipes(const StandardStreams& streams, uid_t uid, gid_t gid);

// To root inside, as the document's id maps have it: from there the child, which has power only over mapped ids, passes
// them on to the program's user.
void parent_own_pipes(const StandardStreams& streams, const Spec& spec);

// Puts the streams on 0, 1 and 2, whatever numbers they have.
void child_take_streams(const StandardStreams& streams);

// Lets the descriptors survive exec, from 3 on. What else has one of their new numbers is closed.
void child_keep_descriptors(const PreservedDescriptors& preserved);

}  // namespace minidock::runtime
