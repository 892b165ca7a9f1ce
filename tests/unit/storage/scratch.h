// A directory of a test's own.
#pragma once

#include <stdlib.h>

#include <string>

#include "base/error.h"
#include "base/file.h"

namespace minidock {

class Scratch {
 public:
  explicit Scratch(const std::string& parent = "/tmp") : path_(parent + "/minidock-test-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) throw SysError("mkdtemp");
  }
  ~Scratch() {
    try {
      file::remove_tree(path_);
    } catch (const Error&) {
      // The test has its verdict.
    }
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace minidock
