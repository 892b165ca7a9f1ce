// `events --filter`: which events are shown. Source: docker's documentation of `docker events`.
#pragma once

#include <string>
#include <vector>

#include "engine/filters.h"
#include "engine/shim/event_log.h"

namespace minidock {

class EventFilter {
 public:
  // "name=value" each. ErrorKind::invalid_argument for another form or name.
  explicit EventFilter(const std::vector<std::string>& texts);

  bool matches(const shim::Event& event) const;

 private:
  static bool matches_one(const std::string& name, const std::vector<std::string>& values, const shim::Event& event);

  Filters filters_;
};

}  // namespace minidock
