#include "engine/namespaces_report.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/error.h"
#include "engine/subordinate_ids.h"

namespace minidock {

std::string_view to_string(NamespaceUse::Owner owner) {
  switch (owner) {
    case NamespaceUse::Owner::own:
      return "own";
    case NamespaceUse::Owner::host:
      return "host";
    case NamespaceUse::Owner::shared:
      return "shared";
  }
  return "";
}

NamespaceInodes namespaces_of(const std::string& process) {
  NamespaceInodes inodes{};
  for (std::size_t type = 0; type < kNamespaceTypes.size(); ++type) {
    const std::string link = fmt::format("/proc/{}/ns/{}", process, kNamespaceTypes[type]);
    struct stat info {};
    if (::stat(link.c_str(), &info) == 0) inodes[type] = info.st_ino;
  }
  return inodes;
}

std::vector<ContainerNamespaces> compare_namespaces(const NamespaceInodes& host,
                                                    const std::vector<NamespaceMember>& members,
                                                    const std::vector<NamespaceInodes>& inodes) {
  std::vector<ContainerNamespaces> containers;
  for (std::size_t index = 0; index < members.size(); ++index) {
    ContainerNamespaces container{members[index].id, members[index].name, members[index].process.pid, {}, {}, {}};
    for (std::size_t type = 0; type < kNamespaceTypes.size(); ++type) {
      NamespaceUse use{std::string(kNamespaceTypes[type]), inodes[index][type], NamespaceUse::Owner::own, {}};
      if (use.inode == 0) continue;
      for (std::size_t other = 0; other < members.size(); ++other) {
        if (other != index && inodes[other][type] == use.inode) use.shared_with.push_back(members[other].name);
      }
      if (!use.shared_with.empty()) use.owner = NamespaceUse::Owner::shared;
      if (use.inode == host[type]) {
        use.owner = NamespaceUse::Owner::host;
        use.shared_with.clear();
      }
      container.namespaces.push_back(std::move(use));
    }
    containers.push_back(std::move(container));
  }
  return containers;
}

NamespacesReport report_namespaces(const std::vector<NamespaceMember>& running) {
  std::vector<NamespaceMember> members;
  std::vector<NamespaceInodes> inodes;
  std::vector<IdMappings> mappings;
  for (const NamespaceMember& member : running) {
    IdMappings maps;
    NamespaceInodes found{};
    try {
      found = namespaces_of(std::to_string(member.process.pid));
      maps = mappings_of_process(member.process.pid);
    } catch (const Error&) {
      continue;  // it has just ended
    }
    // Whatever was read was its own when it is alive still.
    if (!process::is_alive(member.process)) continue;
    members.push_back(member);
    inodes.push_back(found);
    mappings.push_back(std::move(maps));
  }
  NamespacesReport report{namespaces_of("self"), {}};
  report.containers = compare_namespaces(report.host, members, inodes);
  for (std::size_t index = 0; index < mappings.size(); ++index) {
    report.containers[index].uid_map = std::move(mappings[index].uids);
    report.containers[index].gid_map = std::move(mappings[index].gids);
  }
  return report;
}

}  // namespace minidock
