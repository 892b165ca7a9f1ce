// docker's flags for memory, CPUs, processes and block I/O, the same for run, create and update.
#pragma once

#include <CLI/CLI.hpp>

#include "engine/definition.h"

namespace minidock::cmd {

// What `update` can change, too. A flag that is given sets its field; `resources` must live until the parse.
// UsageError in docker's words for values that are none.
void add_updatable_resource_options(CLI::App& app, Resources& resources);

// All of them: run and create.
void add_resource_options(CLI::App& app, Resources& resources);

}  // namespace minidock::cmd
