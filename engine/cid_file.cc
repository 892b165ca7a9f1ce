#include "engine/cid_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/syscall.h"

namespace minidock {

CidFile::CidFile(const std::string& path) : path_(path) {
  if (path.empty()) return;
  file_.reset(::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644));
  if (!file_ && errno == EEXIST) {
    throw Error(ErrorKind::conflict,
                fmt::format("container ID file found, make sure the other container isn't running or delete {}", path));
  }
  if (!file_) throw SysError(fmt::format("failed to create the container ID file {}", path));
}

CidFile::~CidFile() {
  if (file_ && !is_written_) ::unlink(path_.c_str());
}

void CidFile::write(const std::string& id) {
  if (!file_) return;
  sys::write_all(file_.get(), id);
  is_written_ = true;
}

}  // namespace minidock
