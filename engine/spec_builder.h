// A container's definition → the OCI runtime-spec that its shim carries out: docker's defaults in one place.
#pragma once

#include <optional>
#include <string>

#include "engine/container_store.h"
#include "engine/daemon_config.h"
#include "engine/runtime/spec.h"
#include "engine/subordinate_ids.h"
#include "storage/instance.h"

namespace minidock {

// One namespace option ("host", "container:NAME", "ns:PATH", "none", "private", …) after the names in it were looked
// up.
struct NamespaceChoice {
  enum class Kind { own, host, joined, none };  // none: network only, an own namespace without an interface
  Kind kind = Kind::own;
  std::string path;                    // joined: the namespace's file
  std::optional<ProcessId> container;  // joined by container:NAME: that container's main process
  std::string container_id;            // and its id
};

struct NamespaceChoices {
  NamespaceChoice network, pid, ipc, uts, user, cgroup;
};

struct SpecInputs {
  const storage::Instance& instance;
  const DaemonConfig& config;
  const ContainerDefinition& definition;
  const NamespaceChoices& namespaces;
  const IdMappings& mappings;  // of the user namespace, own or joined; empty without one
  const std::vector<std::string>& link_env;
};

runtime::Spec build_spec(const SpecInputs& inputs);

// The environment of the main process: docker's PATH, HOSTNAME and TERM, then that of links, the image's and the
// user's.
std::vector<std::string> process_environment(const ContainerDefinition& definition,
                                             const std::vector<std::string>& link_env);

// What no container sees of /proc and /sys, or cannot write to, unless it is privileged.
void set_hidden_paths(runtime::Spec& spec);

// As `base`, with each "K=V" of `overrides` replacing an earlier K; "K" alone removes it.
std::vector<std::string> merge_environment(const std::vector<std::string>& base,
                                           const std::vector<std::string>& overrides);

}  // namespace minidock
