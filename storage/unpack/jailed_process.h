// A forked process that handles foreign bytes on behalf of one that does not want to: it keeps the descriptors it is
// given and nothing else of the caller's, and says one thing at its end: a JSON document, or its error.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/json.h"

namespace minidock::storage {

class JailedProcess {
 public:
  // Runs in the child. `fds` are its copies of the descriptors, in their order; `parent` is the caller's pid. Has to
  // enter a jail before it looks at anything foreign.
  using Work = std::function<Json(const std::vector<int>& fds, pid_t parent)>;

  // `what` names the process in errors ("the process that reads files"). The caller must be single-threaded.
  static JailedProcess start(const std::vector<int>& descriptors, std::string what, const Work& work);
  JailedProcess(JailedProcess&& other) noexcept;
  JailedProcess& operator=(JailedProcess&&) = delete;
  JailedProcess(const JailedProcess&) = delete;
  ~JailedProcess();  // kills one that was not finished

  // Waits. The child's error is thrown. It may have been taken over: the answer is a foreign document.
  Json finish();

 private:
  JailedProcess(pid_t pid, Fd answer, std::string what)
      : pid_(pid), answer_(std::move(answer)), what_(std::move(what)) {}

  pid_t pid_;
  Fd answer_;
  std::string what_;
};

}  // namespace minidock::storage
