#include "engine/event_filter.h"

#include <algorithm>

namespace minidock {
namespace {

using Values = std::vector<std::string>;

const std::vector<std::string_view> kNames{"container", "daemon", "event", "image", "label",
                                           "network",   "scope",  "type",  "volume"};

std::string attribute(const shim::Event& event, const std::string& key) {
  const auto found = event.attributes.find(key);
  return found == event.attributes.end() ? "" : found->second;
}

bool contains(const Values& values, const std::string& text) {
  return !text.empty() && std::find(values.begin(), values.end(), text) != values.end();
}

bool begins_with_one_of(const std::string& text, const Values& values) {
  return std::any_of(values.begin(), values.end(), [&](const std::string& value) { return text.starts_with(value); });
}

// "exec_create: sh -c true" and "health_status: healthy" are events of the name before the colon, too.
bool is_event(const std::string& action, const Values& values) {
  return contains(values, action) || contains(values, action.substr(0, action.find(": ")));
}

// "busybox" of "busybox:latest", but "localhost:5000/x" stays whole.
std::string without_tag(const std::string& reference) {
  const std::size_t colon = reference.rfind(':');
  if (colon == std::string::npos || reference.find('/', colon) != std::string::npos) return reference;
  return reference.substr(0, colon);
}

bool is_of_image(const shim::Event& event, const Values& values) {
  const std::string name = attribute(event, event.type == "image" ? "name" : "image");
  return contains(values, event.id) || contains(values, name) || contains(values, without_tag(event.id)) ||
         contains(values, without_tag(name));
}

}  // namespace

EventFilter::EventFilter(const std::vector<std::string>& texts) : filters_(texts, kNames) {}

bool EventFilter::matches(const shim::Event& event) const {
  return std::all_of(kNames.begin(), kNames.end(), [&](std::string_view view) {
    const std::string name(view);
    const Values& values = filters_.values(name);
    return values.empty() || matches_one(name, values, event);
  });
}

// Values of one filter are alternatives, but for labels, which must all be there.
bool EventFilter::matches_one(const std::string& name, const Values& values, const shim::Event& event) {
  if (name == "event") return is_event(event.action, values);
  if (name == "type") return contains(values, event.type);
  if (name == "scope") return contains(values, "local");
  if (name == "image") return is_of_image(event, values);
  if (name == "label") {
    return std::all_of(values.begin(), values.end(),
                       [&](const std::string& value) { return has_label(event.attributes, value); });
  }
  // container, daemon, network, volume: by the beginning of id or name of what the event is about.
  return event.type == name &&
         (begins_with_one_of(event.id, values) || begins_with_one_of(attribute(event, "name"), values));
}

}  // namespace minidock
