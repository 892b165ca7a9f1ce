// docker's json-file log: one line an entry,
// {"log":"…\n","stream":"stdout","attrs":{"label":"value"},"time":"RFC3339Nano"}; "attrs" only where there are any.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "engine/shim/log_driver.h"
#include "engine/shim/rotating_file.h"

namespace minidock::shim {

class JsonLog : public LogDriver {
 public:
  // Opens or creates the file. Throws SysError.
  JsonLog(const std::string& path, FileLimits limits, const std::map<std::string, std::string>& attributes);

  void append(LogStream stream, std::string_view text, std::int64_t time) noexcept override;
  void flush() noexcept override;
  void rest() noexcept override { batch_.reset(); }
  int helper() const noexcept override { return file_.helper(); }
  void reap_helper() noexcept override { file_.reap_helper(); }
  void end_helper() noexcept override { file_.end_helper(); }

 private:
  void put(std::string_view text) noexcept { end_ += text.copy(batch_.get() + end_, text.size()); }

  RotatingFile file_;
  std::string attributes_;  // as it stands in an entry
  std::int64_t time_ = 0;
  std::string time_text_;          // of time_
  std::size_t room_;               // of the batch
  std::unique_ptr<char[]> batch_;  // whole entries; from the first one on
  std::size_t end_ = 0;
};

}  // namespace minidock::shim
