// Dockerfile instructions that change an image's config (`import --change`). Source: the Dockerfile reference.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace minidock::image {

// Applies one instruction ("CMD [\"a\"]", "ENV A=1 B=2") to a config document's "config" part. CMD, ENTRYPOINT, ENV,
// EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME and WORKDIR; else ErrorKind::invalid_argument.
void apply_change(const std::string& instruction, OrderedJson& config);

// One after the other; an ENTRYPOINT that no CMD came before drops the Cmd that was there, as in a Dockerfile.
void apply_changes(const std::vector<std::string>& instructions, OrderedJson& config);

}  // namespace minidock::image
