// --network, --pid, --ipc, --uts, --userns and --cgroupns: the words checked as docker does, the names in them looked
// up.
#pragma once

#include "engine/context.h"
#include "engine/spec_builder.h"

namespace minidock {

// What docker refuses while user namespaces are remapped, in its words, unless `--userns host`; and options that
// exclude each other. ErrorKind::invalid_argument.
void check_namespace_options(const ContainerConfig& config, const HostConfig& host, bool remapped);

// "container:NAME" becomes "container:ID": it is that container that is joined, whatever its name is later. What names
// no container stays.
void keep_joined_containers(const EngineContext& context, HostConfig& host);

// Whether root inside is another user outside in any case, told without looking anything up.
bool is_surely_remapped(const HostConfig& host, bool remapped);

// Looks the modes up. `remapped`: a container without a mode of its own gets a user namespace. A container whose
// network, PID or IPC namespace belongs to another's user namespace joins that too, since the kernel allows nothing
// else. ErrorKind::not_found for an unknown network or container, ErrorKind::conflict when the other one is not
// running.
NamespaceChoices choose_namespaces(EngineContext& context, const HostConfig& host, bool remapped);

}  // namespace minidock
