// The secrets of a container.
#pragma once

#include "engine/context.h"
#include "engine/definition.h"
#include "engine/runtime/spec.h"

namespace minidock {

// ErrorKind::not_found for one that does not exist.
void check_secrets(const EngineContext& context, const HostConfig& host);

// Files in memory below /run/secrets (or where the target says), variables in the environment.
void add_secrets(const EngineContext& context, const HostConfig& host, runtime::Spec& spec);

}  // namespace minidock
