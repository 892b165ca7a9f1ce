#pragma once

#include <string>

#include "base/fd.h"

namespace minidock {

// A file of the user's that appears when it is whole, in the place of an earlier one; a command that fails or is killed
// leaves nothing.
class OutputFile {
 public:
  // ErrorKind::invalid_argument in docker's words when the directory does not exist or `path` is a directory or device.
  explicit OutputFile(const std::string& path);
  int fd() const { return file_.get(); }
  void commit();

 private:
  std::string directory_path_;
  std::string name_;
  Fd directory_;
  Fd file_;
};

// The check alone, as docker makes it before anything else: ErrorKind::invalid_argument "invalid output path: …".
void check_output_path(const std::string& path);

}  // namespace minidock
