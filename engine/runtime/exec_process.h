// A further process inside a running container, with the same capabilities, filter, cgroup and limits as its main one.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/process.h"
#include "engine/runtime/container_process.h"
#include "engine/runtime/spec.h"

namespace minidock::runtime {

struct ExecProcess {
  pid_t pid = 0;  // a child of the caller
  Fd pidfd;
  Fd terminal;  // master side when process.terminal, else invalid
};

// `container` is the main process, checked by start time through its pidfd; `spec` is the container's document, for the
// namespaces to join, the cgroup and the filter. The caller must be single-threaded. The child's own error is thrown.
// `cgroup`: directory of the v2 cgroup to be in instead of the container's, borrowed; -1 for that.
// A container without a user namespace could overwrite the executable that enters it (CVE-2019-5736): there the caller
// must itself run from process::open_read_only_executable.
ExecProcess exec_in_container(const Spec& spec, const ProcessId& container, const Process& process,
                              const StandardStreams& streams, int cgroup = -1);

}  // namespace minidock::runtime
