// `ns`: which namespaces the running containers are in, and who shares them.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/process.h"
#include "engine/runtime/spec.h"

namespace minidock {

// In the order in which they are shown; the names of /proc/PID/ns.
inline constexpr std::array<std::string_view, 8> kNamespaceTypes = {"mnt", "uts",  "ipc",    "pid",
                                                                    "net", "user", "cgroup", "time"};

// What is known of a running container.
struct NamespaceMember {
  std::string id;
  std::string name;
  ProcessId process;
};

struct NamespaceUse {
  enum class Owner { own, host, shared };
  std::string type;
  std::uint64_t inode = 0;
  Owner owner = Owner::own;
  std::vector<std::string> shared_with;  // names of the other containers in it; of `host` none are listed
};
std::string_view to_string(NamespaceUse::Owner owner);

struct ContainerNamespaces {
  std::string id;
  std::string name;
  pid_t pid = 0;
  std::vector<NamespaceUse> namespaces;
  std::vector<runtime::IdMapping> uid_map;
  std::vector<runtime::IdMapping> gid_map;
};

// Inodes by type, as in kNamespaceTypes; 0 for a type that the kernel does not have.
using NamespaceInodes = std::array<std::uint64_t, kNamespaceTypes.size()>;

struct NamespacesReport {
  NamespaceInodes host{};  // minidock's own: what --network host and the like mean
  std::vector<ContainerNamespaces> containers;
};

// The namespaces of a process: "self" or a number.
NamespaceInodes namespaces_of(const std::string& process);

// Who owns what, from the inodes alone: `inodes[i]` are those of `members[i]`. Without id maps.
std::vector<ContainerNamespaces> compare_namespaces(const NamespaceInodes& host,
                                                    const std::vector<NamespaceMember>& members,
                                                    const std::vector<NamespaceInodes>& inodes);

// A process that ends meanwhile is left out.
NamespacesReport report_namespaces(const std::vector<NamespaceMember>& running);

}  // namespace minidock
