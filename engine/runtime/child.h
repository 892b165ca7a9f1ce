// PID 1 of a container until its exec.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "engine/runtime/container_process.h"
#include "engine/runtime/limited_groups.h"
#include "engine/runtime/mounts.h"
#include "engine/runtime/namespaces.h"
#include "engine/runtime/spec.h"

namespace minidock::runtime {

// What the parent made before the clone; the child has a copy of the memory and of the descriptors.
struct ContainerPlan {
  const Spec& spec;
  NamespacePlan namespaces;
  std::vector<PreparedMount> mounts;
  std::vector<Fd> devices;       // clones of the host's nodes, with a user namespace only
  std::vector<Fd> null_devices;  // one for each masked path, where the container has no /dev of ours
  std::vector<sock_filter> filter;
  StandardStreams streams;
  ChildGroups groups;
  std::vector<V1Directory> v1_groups;  // not made yet
};

// Runs in the clone. Every error goes to the parent through `channel`.
[[noreturn]] void child_main(ContainerPlan& plan, int channel) noexcept;

}  // namespace minidock::runtime
