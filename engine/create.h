#pragma once

#include <string>

#include "engine/context.h"
#include "engine/definition.h"
#include "engine/engine.h"
#include "image/image_store.h"

namespace minidock {

// The user's options and the image's config become one definition (docker's rules for entrypoint, command, environment,
// labels, ports, volumes, stop signal). Only checks and names: nothing is reserved yet.
ContainerDefinition make_definition(const EngineContext& context, const CreateOptions& options,
                                    const image::Image& image);

}  // namespace minidock
