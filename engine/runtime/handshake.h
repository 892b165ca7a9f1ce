// What the parent and the processes that it clones say to each other over a SOCK_SEQPACKET pair. The child's end closes
// by itself when its exec succeeds.
//
//      main process                                        exec
//      parent                    child                     parent            joiner            child
//      (clone3) ───────────────► waits                     (clone3) ───────► setns, clone ───► …
//      id maps written, mapped ► becomes root, file                        ◄─ ready [terminal]    execs
//                                systems made, detached                     (its exec resumes the joiner)
//      rootfs [descriptor] ────► mounts                          ◄─ cloned{pid}
//      groups [descriptors] ───► enters them, pivot_root   (joiner ends) end of file
//        (with v1 hierarchies)
//                      ◄─ built
//      go ─────────────────────► user, limits …
//                      ◄─ ready [terminal]
//                                capabilities, filter, exec
//      end of file ◄──
//
//      At any time the other side may answer `failed` (kind, errno, message) and exit. End of file without `ready` is a
//      process that was killed.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/fd.h"

namespace minidock::runtime {

enum class Step : char {
  mapped = 'm',
  rootfs = 'r',
  groups = 'q',
  go = 'g',
  built = 'b',
  cloned = 'c',
  ready = 'x',
  failed = 'f'
};

struct StepMessage {
  Step step;
  std::string body;
  std::vector<Fd> fds;
};

void send_step(int channel, Step step, std::string_view body = {}, std::span<const int> fds = {});

// Never throws: the receiver may be gone.
void send_failure(int channel, const Error& error) noexcept;

// Nothing at end of file. A `failed` message is thrown as the error that it carries.
std::optional<StepMessage> receive_step(int channel);

// The next message, which has to be `step`; ErrorKind::internal for another one or end of file.
StepMessage expect_step(int channel, Step step);

}  // namespace minidock::runtime
