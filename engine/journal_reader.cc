#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/syscall.h"
#include "engine/log_reader.h"
#include "engine/shim/journald_log.h"

namespace minidock {
namespace {

constexpr std::size_t kBlock = 64 * 1024;
constexpr char kJournalctl[] = "/usr/bin/journalctl";

// A journalctl at work; ended with its owner.
class Journalctl {
 public:
  explicit Journalctl(std::vector<std::string> arguments) {
    if (!file::exists(kJournalctl)) {
      throw Error(
          ErrorKind::unsupported,
          fmt::format("the logs of this container are in the journal, and {} is not there to read them", kJournalctl));
    }
    Pipe pipe = sys::pipe();
    process::SpawnOptions options;
    options.program = kJournalctl;
    options.arguments = std::move(arguments);
    options.arguments.insert(options.arguments.begin(), "journalctl");
    options.fds = {{pipe.write.get(), 1}};
    pid_ = process::spawn(options);
    output_ = std::move(pipe.read);
  }
  Journalctl(const Journalctl&) = delete;
  Journalctl& operator=(const Journalctl&) = delete;
  ~Journalctl() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  int output() const { return output_.get(); }

 private:
  pid_t pid_;
  Fd output_;
};

// What was sent to the journal before this is in its files after it.
void write_out_journal() {
  const Journalctl sync({"--sync"});
  char nothing = 0;
  sys::read(sync.output(), &nothing, 1);
}

// ---- entries (systemd.io/JOURNAL_EXPORT_FORMATS, JSON)

// A string; bytes that are no text come as a list of numbers.
std::string field_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  std::string text;
  if (value.is_array()) {
    for (const Json& byte : value) {
      if (byte.is_number_integer()) text += static_cast<char>(byte.get<int>());
    }
  }
  return text;
}

// Fields that every entry has; the others are what --log-opt labels and env have added.
bool is_attribute(const std::string& key) {
  static constexpr const char* kKnown[] = {"MESSAGE",           "PRIORITY",          "CONTAINER_ID",
                                           "CONTAINER_ID_FULL", "CONTAINER_NAME",    "CONTAINER_TAG",
                                           "IMAGE_NAME",        "SYSLOG_IDENTIFIER", "SYSLOG_TIMESTAMP"};
  return !key.starts_with('_') && !key.starts_with("CONTAINER_PARTIAL_") &&
         std::find(std::begin(kKnown), std::end(kKnown), key) == std::end(kKnown);
}

LogEntry entry_from(const Json& fields) {
  LogEntry entry;
  const auto text = [&](const char* key) {
    const auto found = fields.find(key);
    return found == fields.end() ? std::string() : field_text(*found);
  };
  entry.text = text("MESSAGE");
  if (text("CONTAINER_PARTIAL_MESSAGE") != "true") entry.text += '\n';
  entry.is_stderr = text("PRIORITY") == "3";
  entry.time = std::strtoll(text("__REALTIME_TIMESTAMP").c_str(), nullptr, 10) * 1000;
  for (const auto& [key, value] : fields.items()) {
    if (is_attribute(key)) entry.attributes[key] = field_text(value);
  }
  return entry;
}

// First what is there, then what comes: journalctl ends after the one, and after the other it does not tell when it has
// shown everything. So each begins behind the last entry that was given.
class JournalReader : public LogReader {
 public:
  JournalReader(const std::string& container_id, const LogQuery& query)
      : match_("CONTAINER_ID_FULL=" + container_id), wants_to_follow_(query.follow) {
    shim::require_journal();
    write_out_journal();
    std::vector<std::string> selection;
    // None at all: one, to know where the end is.
    if (query.tail) selection.push_back(fmt::format("--lines={}", std::max<std::int64_t>(*query.tail, 1)));
    if (query.since && !query.tail) selection.push_back(fmt::format("--since=@{}", *query.since / 1'000'000'000));
    start(selection);
    if (query.tail && *query.tail == 0) next();
  }

  std::optional<LogEntry> next() override {
    for (;;) {
      const std::size_t end = buffer_.find('\n', consumed_);
      if (end != std::string::npos) {
        const Json fields = json::parse(std::string_view(buffer_).substr(consumed_, end - consumed_), "journalctl");
        consumed_ = end + 1;
        cursor_ = json::get_string(fields, "__CURSOR");
        return entry_from(fields);
      }
      if (fill()) continue;
      if (!wants_to_follow_ || following_) return std::nullopt;
      following_ = true;
      start({"--follow", "--no-tail"});
    }
  }

  int news() const override { return journal_->output(); }

  void writer_has_ended() override {
    wants_to_follow_ = following_ = false;
    write_out_journal();
    start({});
  }

 private:
  // Entries that match `selection` behind the last one that was given.
  void start(std::vector<std::string> selection) {
    selection.insert(selection.end(), {"--output=json", "--all", "--quiet", "--no-pager"});
    if (!cursor_.empty()) selection.push_back("--after-cursor=" + cursor_);
    selection.push_back(match_);
    journal_ = std::make_unique<Journalctl>(std::move(selection));
    buffer_.clear();
    consumed_ = 0;
  }

  // False when there is nothing more: at the end, or for the moment when it follows.
  bool fill() {
    pollfd output{journal_->output(), POLLIN, 0};
    if (following_ && ::poll(&output, 1, 0) <= 0) return false;
    buffer_.erase(0, consumed_);
    consumed_ = 0;
    const std::size_t used = buffer_.size();
    buffer_.resize(used + kBlock);
    const std::size_t got = sys::read(journal_->output(), buffer_.data() + used, kBlock);
    buffer_.resize(used + got);
    return got > 0;
  }

  std::string match_;
  bool wants_to_follow_;
  bool following_ = false;
  std::unique_ptr<Journalctl> journal_;
  std::string cursor_;  // of the last entry
  std::string buffer_;
  std::size_t consumed_ = 0;
};

}  // namespace

std::unique_ptr<LogReader> open_journal(const std::string& container_id, const LogQuery& query) {
  return std::make_unique<JournalReader>(container_id, query);
}

}  // namespace minidock
