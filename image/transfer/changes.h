// Dockerfile instructions that change an image's config (`commit` and `import --change`). Source: the Dockerfile
// reference.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace minidock::image {

// Applies instructions ("CMD [\"a\"]", "ENV A=1 B=2") to a config document's "config" part, one after the other: CMD,
// ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME and WORKDIR; else
// ErrorKind::invalid_argument. An ENTRYPOINT that no CMD came before drops the Cmd that was there, as in a Dockerfile.
void apply_changes(const std::vector<std::string>& instructions, OrderedJson& config);

}  // namespace minidock::image
