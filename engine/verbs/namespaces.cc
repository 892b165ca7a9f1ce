#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "engine/engine.h"
#include "engine/namespaces_report.h"

namespace minidock {
namespace {

bool is_wanted(const ContainerNamespaces& container, const std::vector<std::string>& ids) {
  return ids.empty() || std::find(ids.begin(), ids.end(), container.id) != ids.end();
}

}  // namespace

NamespacesReport Engine::namespaces(const std::vector<std::string>& names) {
  std::vector<std::string> ids;
  for (const std::string& name : names) {
    const Container found = resolve(name);
    if (!found.running()) {
      throw Error(ErrorKind::conflict,
                  fmt::format("Container {} is not running: its namespaces are made when it starts", name));
    }
    ids.push_back(found.id());
  }
  // All that run are looked at, whichever are asked for: they may share.
  std::vector<NamespaceMember> members;
  for (const Container& container : list({})) {
    if (container.running()) {
      members.push_back({container.id(), container.name(), container.state.running.init});
    }
  }
  std::reverse(members.begin(), members.end());  // oldest first: who joins stands behind whom it joins
  NamespacesReport report = report_namespaces(members);
  std::erase_if(report.containers, [&](const ContainerNamespaces& container) { return !is_wanted(container, ids); });
  return report;
}

}  // namespace minidock
