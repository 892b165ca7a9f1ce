// system boot and system shutdown: every container whose policy wants it, in the order of their dependencies.
//
//   boot                                          shutdown
//   rows put right: who ran is dead now           who is alive
//   who is wanted (boot_policy.h)
//   what each depends on (start_dependencies.h)   the same, the other way round
//   circles broken                                circles broken
//   `minidock internal-start ID` side by side     `minidock internal-shut-down ID` side by side
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "engine/boot_policy.h"
#include "engine/engine.h"
#include "engine/lifecycle.h"
#include "engine/ordered_work.h"
#include "engine/own_command.h"

namespace minidock {
namespace {

// A start is work for a processor; a stop is mostly waiting.
constexpr std::size_t kStartsAtOnce = 8;
constexpr std::size_t kStopsAtOnce = 64;

Outlook outlook_of(const Container& container, Readiness readiness) {
  const ContainerState& state = container.state;
  if (readiness == Readiness::completed) {
    if (container.alive()) return Outlook::possible;
    return state.status == ContainerStatus::exited && state.exit_code == 0 ? Outlook::ready : Outlook::hopeless;
  }
  if (state.health == "healthy") return Outlook::ready;
  // One without health checks never becomes healthy.
  const bool may_become = container.restarting() || (container.running() && state.health == "starting");
  return may_become ? Outlook::possible : Outlook::hopeless;
}

const char* what_did_not_come(Readiness readiness) {
  return readiness == Readiness::healthy ? "is not healthy" : "has not completed successfully";
}

// Each work is a command of its own: one that hangs (a dead NFS server) holds up nobody but those who wait for it.
class Work {
 public:
  Work(const EngineContext& context, const WorkReport& report)
      : context_(context), report_(report), commands_(context) {
    callbacks_.wait = [this](std::chrono::milliseconds patience) { return commands_.wait(patience); };
    callbacks_.done = [this](const WorkItem& item, const std::optional<std::string>& error) {
      error ? report_.failed(item.name, *error) : report_.done(item.name);
      all_went_well_ = all_went_well_ && !error;
    };
  }

  WorkCallbacks& callbacks() { return callbacks_; }

  bool run(std::vector<WorkItem> items, const std::string& verb, std::size_t at_once, std::chrono::seconds patience) {
    callbacks_.begin = [this, &verb](const WorkItem& item) { commands_.begin(verb, item.id); };
    for (const std::string& message : break_circles(items)) context_.warn(message);
    do_in_order(items, at_once, patience, callbacks_);
    return all_went_well_;
  }

 private:
  const EngineContext& context_;
  const WorkReport& report_;
  OwnCommands commands_;
  WorkCallbacks callbacks_;
  bool all_went_well_ = true;
};

}  // namespace

bool Engine::boot(std::chrono::seconds patience, const WorkReport& report) {
  EngineContext here = context();
  bool all_readable = true;
  std::vector<Container> containers;
  std::set<std::string> wanted;
  for (const Container& row : load_containers(here.database)) {
    try {
      const Container container = settle(here, row);
      if (!find_container(here.database, row.id())) continue;  // --rm: its end was its removal
      if (is_wanted_after_boot(container, row.alive())) wanted.insert(container.id());
      containers.push_back(container);
    } catch (const Error& error) {
      // One that is damaged must not keep the others down.
      report.failed(row.name(), error.message());
      all_readable = false;
    }
  }

  std::vector<WorkItem> items;
  std::map<std::string, std::string> names;
  for (const Container& container : containers) {
    names[container.id()] = container.name();
    if (!wanted.contains(container.id())) continue;
    items.push_back({container.id(), container.name(), start_dependencies(container, containers)});
  }
  // Those that nothing forbids to start at once come in the order in which they were made.
  std::reverse(items.begin(), items.end());

  Work work(here, report);
  work.callbacks().look = [this](const Dependency& dependency) {
    return outlook_of(resolve(dependency.id), dependency.readiness);
  };
  work.callbacks().waited_in_vain = [&](const WorkItem& item, const Dependency& dependency) {
    here.warn(fmt::format("container {} is started though {}, on which it depends, {}", item.name,
                          names.at(dependency.id), what_did_not_come(dependency.readiness)));
  };
  return work.run(std::move(items), "internal-start", kStartsAtOnce, patience) && all_readable;
}

bool Engine::shutdown(const WorkReport& report) {
  EngineContext here = context();
  std::vector<Container> alive = list_all();
  std::erase_if(alive, [](const Container& container) { return !container.alive(); });
  std::map<std::string, WorkItem> items;
  for (const Container& container : alive) items[container.id()] = {container.id(), container.name(), {}};
  for (const Container& container : alive) {
    for (const Dependency& dependency : start_dependencies(container, alive)) {
      items.at(dependency.id).after.push_back({container.id(), Readiness::started});
    }
  }
  std::vector<WorkItem> list;
  for (auto& [id, item] : items) list.push_back(std::move(item));
  Work work(here, report);
  return work.run(std::move(list), "internal-shut-down", kStopsAtOnce, std::chrono::seconds(0));
}

void Engine::shut_down_container(const std::string& id) {
  stop_container(id, std::nullopt, "", shim::StopReason::shutdown);
}

}  // namespace minidock
