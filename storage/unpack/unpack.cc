#include "storage/unpack/unpack.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/syscall.h"
#include "storage/unpack/growing_blob.h"
#include "storage/unpack/path_log.h"
#include "storage/unpack/tar_to_directory.h"
#include "storage/unpack/worker.h"

namespace minidock::storage {

struct Unpacker::Parts {
  Parts(int directory, PathLog log) : directory_fd(sys::dup_cloexec(directory)), opaque(std::move(log)) {}
  ~Parts() {
    if (pid <= 0) return;
    ::kill(pid, SIGKILL);
    // Before the caller removes what the worker might still be writing.
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  BlobProgress progress;
  Fd directory_fd;
  PathLog opaque;
  Fd answer;
  pid_t pid = -1;
};

Unpacker Unpacker::start(int blob, int directory, const UnpackLimits& limits) {
  auto parts = std::make_unique<Parts>(directory, PathLog::create(directory));
  SocketPair sockets = sys::socketpair(SOCK_SEQPACKET);
  WorkerInput input;
  input.blob = blob;
  input.directory = directory;
  input.opaque_log = parts->opaque.fd();
  input.answer = sockets.theirs.get();
  input.progress = &parts->progress;
  input.limits = limits;
  input.parent = getpid();
  parts->pid = sys::checked([] { return std::string("fork()"); }, [] { return fork(); });
  if (parts->pid == 0) worker_main(input);
  parts->answer = std::move(sockets.ours);
  return Unpacker(parts.release());
}

Unpacker::Unpacker(Unpacker&& other) noexcept : parts_(std::exchange(other.parts_, nullptr)) {}

Unpacker::~Unpacker() { delete parts_; }

void Unpacker::blob_grew(std::uint64_t available) { parts_->progress.grew(available); }

void Unpacker::blob_complete(std::uint64_t size) { parts_->progress.complete(size); }

int Unpacker::ended_fd() const { return parts_->answer.get(); }

bool Unpacker::ended() const {
  pollfd answer{parts_->answer.get(), POLLIN, 0};
  return ::poll(&answer, 1, 0) == 1;
}

UnpackedLayer Unpacker::finish() {
  const std::string answer = sys::receive_message(parts_->answer.get()).data;
  const int status = sys::waitpid(std::exchange(parts_->pid, -1));
  if (answer.empty()) {
    if (WIFSIGNALED(status)) {
      throw Error(ErrorKind::internal, fmt::format("the process that unpacked the layer was killed by signal {} ({})",
                                                   WTERMSIG(status), strsignal(WTERMSIG(status))));
    }
    throw Error(
        ErrorKind::internal,
        fmt::format("the process that unpacked the layer ended without an answer (exit code {})", WEXITSTATUS(status)));
  }
  UnpackedLayer layer = parse_worker_answer(answer);
  // Only the caller may set trusted attributes; the worker has ended, so nobody changes the tree meanwhile.
  mark_opaque(parts_->directory_fd.get(), parts_->opaque);
  return layer;
}

}  // namespace minidock::storage
