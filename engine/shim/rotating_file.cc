#include "engine/shim/rotating_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/process.h"
#include "base/rotated_files.h"
#include "base/syscall.h"

namespace minidock::shim {
namespace {

constexpr mode_t kMode = 0640;
constexpr int kLowestPriority = 19;

// The kernel appends under the inode's lock: a file that somebody else empties meanwhile gets no hole.
Fd open_log(const std::string& path) {
  Fd file = sys::open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, kMode);
  sys::fchmod(file.get(), kMode);
  return file;
}

}  // namespace

RotatingFile::RotatingFile(std::string path, FileLimits limits, WholeEntries whole_entries)
    : path_(std::move(path)), limits_(std::move(limits)), file_(open_log(path_)), rotate_at_(limits_.max_size) {
  const off_t size = sys::fstat(file_.get()).st_size;
  size_ = whole_entries(file_.get(), size);
  if (size_ != size) sys::ftruncate(file_.get(), size_);
}

void RotatingFile::append(std::string_view entries) noexcept {
  // `logs --clear` may have emptied it.
  struct stat status {};
  if (::fstat(file_.get(), &status) == 0) size_ = status.st_size;
  if (limits_.max_size > 0 && size_ >= rotate_at_) rotate();
  const char* data = entries.data();
  std::size_t left = entries.size();
  while (left > 0) {
    const ssize_t written = ::write(file_.get(), data, left);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    data += written;
    left -= static_cast<std::size_t>(written);
  }
  const auto appended = static_cast<std::int64_t>(entries.size() - left);
  if (left == 0) {
    size_ += appended;
  } else if (appended > 0) {
    // Half an entry would spoil the next one. Should this fail, the next opening cuts it.
    [[maybe_unused]] const int ignored = ::ftruncate(file_.get(), size_);
  }
}

void RotatingFile::rotate() {
  try {
    const Fd lock = rotated_files::try_lock(path_);
    if (!lock) return;  // somebody looks at the names just now: the next append will do
    rotated_files::rotate(path_, limits_.max_files);
    file_ = open_log(path_);
    size_ = 0;
    rotate_at_ = limits_.max_size;
    if (!limits_.compress_command.empty() && helper_pid_ == 0) start_helper();
  } catch (const Error&) {
    // A read-only or full file system, no descriptor left: goes on in the file that it has, and tries again later.
    rotate_at_ = size_ + limits_.max_size;
  }
}

void RotatingFile::start_helper() {
  process::SpawnOptions options;
  options.program = limits_.compress_command.front();
  options.arguments = limits_.compress_command;
  helper_pid_ = process::spawn(options);
  setpriority(PRIO_PROCESS, static_cast<id_t>(helper_pid_), kLowestPriority);
  helper_ = sys::pidfd_open(helper_pid_);
}

void RotatingFile::reap_helper() noexcept {
  if (helper_pid_ == 0) return;
  while (::waitpid(helper_pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  helper_pid_ = 0;
  helper_.reset();
}

void RotatingFile::end_helper() noexcept {
  limits_.compress_command.clear();
  if (helper_pid_ != 0) ::kill(helper_pid_, SIGKILL);
  reap_helper();
}

}  // namespace minidock::shim
