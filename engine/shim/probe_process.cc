#include "engine/shim/probe_process.h"

#include <fcntl.h>

#include "base/syscall.h"
#include "engine/runtime/exec_process.h"
#include "engine/shim/nonblocking.h"
#include "engine/shim/running_container.h"

namespace minidock::shim {

Probe start_probe(const std::string& container_dir, const ProcessId& init, const std::vector<std::string>& command) {
  const runtime::Spec spec = read_config(container_dir).spec;
  runtime::Process process = spec.process;
  process.args = command;
  process.terminal = false;
  const Fd null = sys::open("/dev/null", O_RDONLY);
  Pipe output = sys::pipe();
  runtime::ExecProcess child =
      runtime::exec_in_container(spec, init, process, {null.get(), output.write.get(), output.write.get()});
  set_nonblocking(output.read.get());
  return Probe{child.pid, std::move(child.pidfd), std::move(output.read)};
}

}  // namespace minidock::shim
