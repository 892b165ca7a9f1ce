#include "engine/ordered_work.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/error.h"

namespace minidock {
namespace {

using Clock = std::chrono::steady_clock;

// ---- circles

// Tarjan's strongly connected components over indices.
class Components {
 public:
  explicit Components(std::vector<std::vector<std::size_t>> edges)
      : edges_(std::move(edges)), number_(edges_.size()), low_(edges_.size()), on_stack_(edges_.size()) {
    for (std::size_t i = 0; i < edges_.size(); ++i) {
      if (number_[i] == 0) visit(i);
    }
  }
  const std::vector<std::vector<std::size_t>>& found() const { return found_; }

 private:
  void visit(std::size_t at) {
    number_[at] = low_[at] = ++counter_;
    stack_.push_back(at);
    on_stack_[at] = true;
    for (const std::size_t next : edges_[at]) {
      if (number_[next] == 0) {
        visit(next);
        low_[at] = std::min(low_[at], low_[next]);
      } else if (on_stack_[next]) {
        low_[at] = std::min(low_[at], number_[next]);
      }
    }
    if (low_[at] != number_[at]) return;
    std::vector<std::size_t> component;
    do {
      component.push_back(stack_.back());
      on_stack_[stack_.back()] = false;
      stack_.pop_back();
    } while (component.back() != at);
    found_.push_back(std::move(component));
  }

  std::vector<std::vector<std::size_t>> edges_;
  std::vector<std::size_t> number_;  // in the order of the visits, from 1; 0: not yet
  std::vector<std::size_t> low_;
  std::vector<bool> on_stack_;
  std::vector<std::size_t> stack_;
  std::size_t counter_ = 0;
  std::vector<std::vector<std::size_t>> found_;
};

std::vector<std::vector<std::size_t>> edges_of(const std::vector<WorkItem>& items) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < items.size(); ++i) places[items[i].id] = i;
  std::vector<std::vector<std::size_t>> edges(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (const Dependency& dependency : items[i].after) {
      if (const auto place = places.find(dependency.id); place != places.end()) edges[i].push_back(place->second);
    }
  }
  return edges;
}

// The message.
std::string put_in_a_row(std::vector<WorkItem>& items, std::vector<std::size_t> circle) {
  std::sort(circle.begin(), circle.end(), [&](std::size_t a, std::size_t b) { return items[a].name < items[b].name; });
  std::set<std::string> members;
  std::vector<std::string> names;
  for (const std::size_t at : circle) {
    members.insert(items[at].id);
    names.push_back(items[at].name);
  }
  for (std::size_t i = 0; i < circle.size(); ++i) {
    WorkItem& item = items[circle[i]];
    std::erase_if(item.after, [&](const Dependency& dependency) { return members.contains(dependency.id); });
    if (i > 0) item.after.push_back({items[circle[i - 1]].id, Readiness::started});
  }
  return fmt::format("containers {} depend on each other in a circle: taken in the order of their names",
                     fmt::join(names, ", "));
}

// ---- the work

constexpr std::chrono::milliseconds kBetweenLooks{50};

class Run {
 public:
  Run(const std::vector<WorkItem>& items, std::size_t at_once, std::chrono::milliseconds patience,
      const WorkCallbacks& callbacks)
      : at_once_(at_once), patience_(patience), callbacks_(callbacks) {
    for (const WorkItem& item : items) {
      items_[item.id] = &item;
      waiting_.push_back(&item);
    }
  }

  void operator()() {
    while (!waiting_.empty() || under_way_ > 0) {
      begin_what_may();
      // Somebody who waits for more than the end of a work is looked at again soon.
      if (under_way_ > 0 || !waiting_.empty()) take_ends(callbacks_.wait(kBetweenLooks));
    }
  }

 private:
  void begin_what_may() {
    for (std::size_t i = 0; i < waiting_.size() && under_way_ < at_once_;) {
      if (!may_begin(*waiting_[i])) {
        ++i;
        continue;
      }
      const WorkItem& item = *waiting_[i];
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
      begin(item);
      i = 0;  // the end of one that failed at once may let others go that were passed already
    }
  }

  void begin(const WorkItem& item) {
    try {
      callbacks_.begin(item);
      ++under_way_;
    } catch (const Error& error) {
      end(item.id, error.message());
    }
  }

  bool may_begin(const WorkItem& item) {
    if (!std::all_of(item.after.begin(), item.after.end(), [&](const Dependency& d) { return is_done(d.id); })) {
      return false;
    }
    const auto began_to_wait = waits_since_.try_emplace(item.id, Clock::now()).first->second;
    std::vector<const Dependency*> in_vain;
    for (const Dependency& dependency : item.after) {
      if (dependency.readiness == Readiness::started) continue;
      const Outlook outlook = callbacks_.look(dependency);
      if (outlook == Outlook::possible && Clock::now() < began_to_wait + patience_) return false;
      if (outlook != Outlook::ready) in_vain.push_back(&dependency);
    }
    for (const Dependency* dependency : in_vain) callbacks_.waited_in_vain(item, *dependency);
    return true;
  }

  bool is_done(const std::string& id) const { return !items_.contains(id) || done_.contains(id); }

  void take_ends(const std::vector<WorkEnd>& ends) {
    for (const WorkEnd& work : ends) {
      --under_way_;
      end(work.id, work.error);
    }
  }

  void end(const std::string& id, const std::optional<std::string>& error) {
    done_.insert(id);
    callbacks_.done(*items_.at(id), error);
  }

  const std::size_t at_once_;
  const std::chrono::milliseconds patience_;
  const WorkCallbacks& callbacks_;
  std::map<std::string, const WorkItem*> items_;
  std::vector<const WorkItem*> waiting_;
  std::set<std::string> done_;
  std::map<std::string, Clock::time_point> waits_since_;
  std::size_t under_way_ = 0;
};

}  // namespace

std::vector<std::string> break_circles(std::vector<WorkItem>& items) {
  std::vector<std::string> messages;
  const Components components(edges_of(items));
  for (const std::vector<std::size_t>& component : components.found()) {
    if (component.size() > 1) messages.push_back(put_in_a_row(items, component));
  }
  return messages;
}

void do_in_order(const std::vector<WorkItem>& items, std::size_t at_once, std::chrono::milliseconds patience,
                 const WorkCallbacks& callbacks) {
  Run(items, at_once, patience, callbacks)();
}

}  // namespace minidock
