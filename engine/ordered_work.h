// Does something with many containers, each when those before it are done: side by side where nothing forbids it.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/start_dependencies.h"

namespace minidock {

struct WorkItem {
  std::string id;
  std::string name;               // for messages, and the order within a circle
  std::vector<Dependency> after;  // may name containers that are no items: nothing is to be done with those
};

// A circle of dependencies has no first one: its items are put one behind the other in the order of their names. One
// message for each circle.
std::vector<std::string> break_circles(std::vector<WorkItem>& items);

// An item whose work has ended.
struct WorkEnd {
  std::string id;
  std::optional<std::string> error;
};

// More than "started" may take a container some time.
enum class Outlook { ready, possible, hopeless };

struct WorkCallbacks {
  // Begins the work on an item; does not wait for its end. Throws Error when it cannot.
  std::function<void(const WorkItem& item)> begin;
  // The works that have ended, waiting at most `patience` for one.
  std::function<std::vector<WorkEnd>(std::chrono::milliseconds patience)> wait;
  // Whether what is more than "started" has come true; asked again while it is possible.
  std::function<Outlook(const Dependency& dependency)> look;
  // An item goes on though that did not come true.
  std::function<void(const WorkItem& item, const Dependency& dependency)> waited_in_vain;
  std::function<void(const WorkItem& item, const std::optional<std::string>& error)> done;
};

// Calls `done` for each item. A dependency orders the work and never forbids it: whatever became of the containers
// before it, each item's turn comes, at the latest `patience` after the last work that it waits for has ended. `items`
// must have no circle. `at_once`: how many works may be under way.
void do_in_order(const std::vector<WorkItem>& items, std::size_t at_once, std::chrono::milliseconds patience,
                 const WorkCallbacks& callbacks);

}  // namespace minidock
