// The journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): one datagram an entry, with docker's fields.
#pragma once

#include <array>
#include <map>
#include <string>

#include "base/fd.h"
#include "engine/shim/log_driver.h"

namespace minidock::shim {

inline constexpr char kJournalSocket[] = "/run/systemd/journal/socket";

// ErrorKind::unavailable in docker's words when there is no journal on this host.
void require_journal();

class JournaldLog : public LogDriver {
 public:
  // `fields` go with each entry (CONTAINER_ID, CONTAINER_NAME, …). ErrorKind::unavailable when there is no journal.
  explicit JournaldLog(const std::map<std::string, std::string>& fields);

  void append(LogStream stream, std::string_view text, std::int64_t time) noexcept override;
  void flush() noexcept override {}

 private:
  // A line that is cut into several entries.
  struct Partial {
    std::string id;  // empty between lines
    int ordinal = 0;
  };
  void add_partial_fields(Partial& partial, bool last);
  void send() noexcept;
  void send_by_memory() noexcept;

  Fd socket_;
  std::string fields_;   // as they stand in a message
  std::string message_;  // the one at hand
  std::array<Partial, 2> partial_;
};

}  // namespace minidock::shim
