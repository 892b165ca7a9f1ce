// Paths with a time, kept for the end of unpacking in an unlinked file: a layer may have millions of directories, and
// the memory of whoever unpacks it stays flat.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <functional>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace minidock::storage {

class PathLog {
 public:
  // A new nameless file on the file system of `directory`.
  static PathLog create(int directory);
  // Takes the file of a log that another process has written.
  explicit PathLog(Fd file) : file_(std::move(file)) {}

  int fd() const { return file_.get(); }  // borrowed
  void append(std::string_view path, const timespec& time = {});
  void flush();
  // Every record in order, from the file's beginning. A malformed file is ErrorKind::corrupt_data.
  void for_each(const std::function<void(const std::string& path, const timespec& time)>& handle);

 private:
  Fd file_;
  std::string buffer_;
};

}  // namespace minidock::storage
