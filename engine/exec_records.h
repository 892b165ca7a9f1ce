// What `exec` has started in a container and has not ended yet: <container state dir>/execs/<id>, so that a process can
// be named by inspect and by `kill --exec`. A record whose process is gone means nothing: it was left by a command that
// was killed.
#pragma once

#include <string>
#include <vector>

#include "base/process.h"
#include "storage/instance.h"

namespace minidock {

struct ExecRecord {
  std::string id;  // 64 hex digits
  ProcessId process;
};

// Removes the record at its end.
class OwnedExecRecord {
 public:
  OwnedExecRecord(const storage::Instance& instance, const std::string& container_id, const ExecRecord& record);
  OwnedExecRecord(const OwnedExecRecord&) = delete;
  OwnedExecRecord& operator=(const OwnedExecRecord&) = delete;
  ~OwnedExecRecord() { remove(); }
  void remove() noexcept;
  // Leaves it to somebody else.
  void release() { path_.clear(); }

 private:
  std::string path_;
};

// Of one container, those that are alive; ordered by id.
std::vector<ExecRecord> list_execs(const storage::Instance& instance, const std::string& container_id);

// By whole id or unique beginning, in all containers. ErrorKind::not_found "No such exec instance: X", ErrorKind::
// conflict for the beginning of several.
ExecRecord find_exec(const storage::Instance& instance, const std::string& name);

}  // namespace minidock
