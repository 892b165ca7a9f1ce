#include "engine/shim/event_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/format.h"
#include "base/syscall.h"
#include "base/trace.h"

namespace minidock::shim {

namespace {

constexpr std::int64_t kNsInASecond = 1'000'000'000;
constexpr mode_t kFileMode = 0600;

std::string attribute(const Event& event, const char* key) {
  const auto found = event.attributes.find(key);
  return found == event.attributes.end() ? "" : found->second;
}

}  // namespace

OrderedJson to_json(const Event& event) {
  OrderedJson document = OrderedJson::object();
  if (event.type == "container" || event.type == "image") {
    document["status"] = event.action;
    document["id"] = event.id;
    if (event.type == "container") document["from"] = attribute(event, "image");
  }
  document["Type"] = event.type;
  document["Action"] = event.action;
  document["Actor"] = OrderedJson{{"ID", event.id}, {"Attributes", event.attributes}};
  document["scope"] = "local";
  document["time"] = event.time_ns / kNsInASecond;
  document["timeNano"] = event.time_ns;
  return document;
}

Event event_from_json(const Json& document) {
  Event event;
  event.type = json::get_string(document, "Type");
  event.action = json::get_string(document, "Action");
  event.time_ns = json::get_int(document, "timeNano");
  const auto actor = document.find("Actor");
  if (event.type.empty() || actor == document.end()) {
    throw Error(ErrorKind::corrupt_data, "not an event: Type or Actor is missing");
  }
  event.id = json::get_string(*actor, "ID");
  const auto attributes = actor->find("Attributes");
  if (attributes == actor->end()) return event;
  for (const auto& [key, value] : attributes->items()) {
    if (value.is_string()) event.attributes[key] = value.get<std::string>();
  }
  return event;
}

std::string event_file(const std::string& state_root) { return state_root + "/events.jsonl"; }
std::string old_event_file(const std::string& state_root) { return state_root + "/events.jsonl.1"; }

namespace {

bool is_still_at(const Fd& file, const std::string& path) {
  struct stat named {};
  if (::stat(path.c_str(), &named) != 0) return false;
  const struct stat opened = sys::fstat(file.get());
  return named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

// With the shared lock, and not renamed away while it is held.
Fd open_to_append(const std::string& path) {
  for (;;) {
    Fd file = sys::open(path, O_WRONLY | O_APPEND | O_CREAT, kFileMode);
    sys::flock(file.get(), LOCK_SH);
    if (is_still_at(file, path)) return file;
  }
}

void rotate(const Fd& file, const std::string& state_root) {
  if (!sys::try_flock(file.get(), LOCK_EX) || !is_still_at(file, event_file(state_root))) return;
  sys::renameat(AT_FDCWD, event_file(state_root), AT_FDCWD, old_event_file(state_root));
}

}  // namespace

void append_events(const std::string& state_root, std::vector<Event> events, std::size_t max_file) noexcept {
  try {
    const Fd file = open_to_append(event_file(state_root));
    std::string lines;
    for (Event& event : events) {
      if (event.time_ns == 0) event.time_ns = format::now_ns();
      lines += to_json(event).dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
    }
    sys::write_all(file.get(), lines);
    if (static_cast<std::size_t>(sys::fstat(file.get()).st_size) >= max_file) rotate(file, state_root);
  } catch (const std::exception& error) {
    trace::note(error.what());
  }
}

void append_event(const std::string& state_root, Event event) noexcept {
  try {
    std::vector<Event> events;
    events.push_back(std::move(event));
    append_events(state_root, std::move(events));
  } catch (const std::bad_alloc&) {
    // As above: lost.
  }
}

}  // namespace minidock::shim
