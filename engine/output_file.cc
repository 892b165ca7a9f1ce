#include "engine/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/error.h"
#include "base/random.h"
#include "base/syscall.h"
#include "engine/copy_paths.h"

namespace minidock {

void check_output_path(const std::string& path) {
  const std::string directory = copy::split_entry(path).directory;
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0 && errno == ENOENT) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("invalid output path: directory \"{}\" does not exist", directory), ENOENT);
  }
  if (::stat(path.c_str(), &status) != 0 || S_ISDIR(status.st_mode) || S_ISREG(status.st_mode)) return;
  throw Error(ErrorKind::invalid_argument,
              fmt::format("invalid output path: \"{}\" must be a directory or a regular file: got {}", path,
                          S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode) ? "a device" : "an irregular file"));
}

OutputFile::OutputFile(const std::string& path) {
  check_output_path(path);
  const copy::PathEntry entry = copy::split_entry(path);
  directory_path_ = entry.directory;
  name_ = entry.base;
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    throw Error(ErrorKind::invalid_argument, fmt::format("invalid output path: \"{}\" is a directory", path), EISDIR);
  }
  directory_ = sys::open(directory_path_, O_RDONLY | O_DIRECTORY);
  file_ = sys::openat_unless(directory_.get(), ".", O_TMPFILE | O_WRONLY, 0600, EOPNOTSUPP);
  if (!file_) {
    throw Error(
        ErrorKind::unsupported,
        fmt::format("the file system of {} has no files without a name; write to standard output and redirect it",
                    directory_path_));
  }
}

void OutputFile::commit() {
  // A link cannot replace a file; a rename can.
  const std::string beside = fmt::format(".minidock-{}", random::hex(8));
  sys::linkat(AT_FDCWD, fmt::format("/proc/self/fd/{}", file_.get()), directory_.get(), beside, AT_SYMLINK_FOLLOW);
  try {
    sys::renameat(directory_.get(), beside, directory_.get(), name_);
  } catch (const Error&) {
    sys::unlinkat_if_present(directory_.get(), beside, 0);
    throw;
  }
}

}  // namespace minidock
