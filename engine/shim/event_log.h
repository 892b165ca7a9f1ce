// What happened in an instance, as `events` shows it: <state>/events.jsonl, one of docker's event objects a line. A
// file and no table of the database, because the shim writes it too: an event costs microseconds.
//
// Writers and the rotation:
// - An event is appended by one write(2) with O_APPEND, under a shared lock of the file, after looking whether the name
//   still leads to it. So a file that was renamed away gets nothing more.
// - Who finds the file too large renames it to events.jsonl.1 under the exclusive lock, unless somebody is writing:
//   then that one will.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"

namespace minidock::shim {

using EventAttributes = std::map<std::string, std::string>;

struct Event {
  std::string type;    // "container", "image", "network", "volume", "daemon"
  std::string action;  // "start", "exec_create: sh -c true"
  std::string id;      // of the container, image, network; a volume's name
  EventAttributes attributes;
  std::int64_t time_ns = 0;  // since the epoch; 0: when it is appended
};

// Engine API, "Monitor events": with the fields of old (status, id, from) where docker has them.
OrderedJson to_json(const Event& event);
// ErrorKind::corrupt_data.
Event event_from_json(const Json& document);

inline constexpr std::size_t kMaxEventFile = 4 * 1024 * 1024;

std::string event_file(const std::string& state_root);      // the one that is written
std::string old_event_file(const std::string& state_root);  // the one before

// In one piece, in this order. What cannot be written (disk full, no such directory) is lost: no verb fails for it.
void append_events(const std::string& state_root, std::vector<Event> events,
                   std::size_t max_file = kMaxEventFile) noexcept;
void append_event(const std::string& state_root, Event event) noexcept;

}  // namespace minidock::shim
