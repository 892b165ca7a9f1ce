#pragma once

#include <string>

#include "base/fd.h"

namespace minidock {

// --cidfile: opened before anything is made, and removed again when no container comes of it.
class CidFile {
 public:
  // "" for none. Refuses to overwrite, as docker does: ErrorKind::conflict.
  explicit CidFile(const std::string& path);
  CidFile(const CidFile&) = delete;
  CidFile& operator=(const CidFile&) = delete;
  ~CidFile();
  void write(const std::string& id);

 private:
  std::string path_;
  Fd file_;
  bool is_written_ = false;
};

}  // namespace minidock
