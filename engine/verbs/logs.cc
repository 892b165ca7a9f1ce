#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/path.h"
#include "base/rotated_files.h"
#include "base/syscall.h"
#include "engine/engine.h"
#include "engine/log_options.h"
#include "engine/log_reader.h"
#include "engine/running_containers.h"

namespace minidock {
namespace {

// ---- what is printed

constexpr std::size_t kMaxBatch = 64 * 1024;

// net/url's QueryEscape.
std::string query_escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
      result += c;
    } else {
      result += c == ' ' ? "+" : fmt::format("%{:02X}", byte);
    }
  }
  return result;
}

std::string details(const LogEntry& entry) {
  std::string result;
  for (const auto& [key, value] : entry.attributes) {
    result += (result.empty() ? "" : ",") + query_escaped(key) + "=" + query_escaped(value);
  }
  return result + " ";
}

// Entries of one stream in a row go out together.
class Printer {
 public:
  Printer(const LogsOptions& options, int out, int err) : options_(options), out_(out), err_(err) {}

  void print(const LogEntry& entry) {
    if (entry.is_stderr != is_stderr_ || batch_.size() > kMaxBatch) flush();
    is_stderr_ = entry.is_stderr;
    if (options_.timestamps) batch_ += format::rfc3339_nano_fixed(entry.time) + " ";
    if (options_.details) batch_ += details(entry);
    batch_ += entry.text;
  }
  void flush() {
    sys::write_all(is_stderr_ ? err_ : out_, batch_);
    batch_.clear();
  }

 private:
  const LogsOptions& options_;
  int out_;
  int err_;
  bool is_stderr_ = false;
  std::string batch_;
};

// False once an entry is past `until`: there is nothing more to show.
bool drain(LogReader& reader, const LogsOptions& options, Printer& printer) {
  bool more = true;
  while (more) {
    const std::optional<LogEntry> entry = reader.next();
    if (!entry) break;
    more = !options.until || entry->time <= *options.until;
    if (more && (!options.since || entry->time >= *options.since)) printer.print(*entry);
  }
  printer.flush();
  return more;
}

// ---- following

// Whether somebody may still write a container's log: its shim, which keeps the log through restarts and removes
// state.json when it has written the last of it.
class Writer {
 public:
  Writer(const storage::Instance& instance, const std::string& id)
      : state_file_(instance.container_state_dir(id) + "/state.json"),
        inotify_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    if (!inotify_) throw SysError("inotify_init1()");
    inotify_add_watch(inotify_.get(), instance.container_state_dir(id).c_str(), IN_DELETE | IN_DELETE_SELF);
    if (const auto state = read_running_state(instance, id)) shim_ = process::open_exact(state->shim);
  }

  bool has_ended() const {
    pollfd shim{shim_.get(), POLLIN, 0};
    return !shim_ || ::poll(&shim, 1, 0) > 0 || !file::exists(state_file_);
  }
  int shim() const { return shim_.get(); }
  int news() const { return inotify_.get(); }
  void forget_news() const {
    std::array<char, 4096> events;
    while (::read(inotify_.get(), events.data(), events.size()) > 0) {
    }
  }

 private:
  std::string state_file_;
  Fd inotify_;
  Fd shim_;  // pidfd
};

int milliseconds_until(std::optional<std::int64_t> moment) {
  if (!moment) return -1;
  const std::int64_t left = (*moment - format::now_ns()) / 1'000'000 + 1;
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000));
}

// Sleeps until the log grows, its writer ends, `until` has come, or the reader of our output is gone.
void wait_for_news(const LogReader& reader, const Writer& writer, const LogsOptions& options, int out) {
  pollfd entries[] = {{reader.news(), POLLIN, 0}, {writer.news(), POLLIN, 0}, {writer.shim(), POLLIN, 0}, {out, 0, 0}};
  if (::poll(entries, std::size(entries), milliseconds_until(options.until)) < 0 && errno != EINTR) {
    throw SysError("poll()");
  }
  if ((entries[3].revents & POLLERR) != 0) throw SysError(EPIPE, "logs: the reader of the output is gone");
  writer.forget_news();
}

void follow(LogReader& reader, const Writer& writer, const LogsOptions& options, Printer& printer, int out) {
  while (!writer.has_ended()) {
    if (!drain(reader, options, printer)) return;
    if (options.until && format::now_ns() > *options.until) return;
    wait_for_news(reader, writer, options, out);
  }
  reader.writer_has_ended();
  drain(reader, options, printer);
}

std::unique_ptr<LogReader> open_log(const Container& container, const storage::Instance& instance,
                                    const LogQuery& query) {
  const std::string& driver = container.definition.host.log.driver;
  const std::string file = log_file(container.definition, instance.container_dir(container.id()));
  if (!file.empty()) {
    return open_log_file(driver == "local" ? LogFormat::records : LogFormat::json_lines, file, query);
  }
  if (driver == "journald") return open_journal(container.id(), query);
  throw Error(ErrorKind::unsupported, "configured logging driver does not support reading");
}

}  // namespace

void Engine::logs(const LogsOptions& options, int out, int err) {
  const Container found = resolve(options.container);
  const Writer writer(instance_, found.id());
  const std::unique_ptr<LogReader> reader =
      open_log(found, instance_, {options.follow && !writer.has_ended(), options.tail, options.since});
  Printer printer(options, out, err);
  if (options.follow) {
    follow(*reader, writer, options, printer, out);
  } else {
    drain(*reader, options, printer);
  }
}

void Engine::clear_log(const std::string& name) {
  const Container found = resolve(name);
  const std::string path = log_file(found.definition, instance_.container_dir(found.id()));
  if (path.empty()) {
    throw Error(ErrorKind::unsupported, fmt::format("container {} has logging driver {}: there is no log file to clear",
                                                    found.name(), found.definition.host.log.driver));
  }
  if (!file::exists(path::parent_of(path))) return;  // never started
  // The shim appends whole entries under the file's lock and rotates under this one: no entry is cut, and what it
  // writes from now on is kept.
  const Fd names = rotated_files::lock(path, LOCK_EX);
  rotated_files::remove_predecessors(path);
  const Fd newest = sys::openat_unless(AT_FDCWD, path, O_WRONLY | O_NOFOLLOW, 0, ENOENT);
  if (newest) sys::ftruncate(newest.get(), 0);
}

}  // namespace minidock
