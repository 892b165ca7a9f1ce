// HEALTHCHECK of the image and --health-… of the user: merged, checked, and as the shim carries them out.
#pragma once

#include <optional>

#include "base/json.h"
#include "engine/definition.h"
#include "engine/shim/health_settings.h"

namespace minidock {

// An image's "Healthcheck" object; nothing for null.
std::optional<Healthcheck> healthcheck_from_image(const Json& document);

// The same object for `inspect` and `commit`; what is 0 is left out.
OrderedJson healthcheck_json(const Healthcheck& check);

// What the user gave goes before what the image says (docker: field by field). `labels` may say what happens to an
// unhealthy container where the command line cannot (compose): "org.minidock.health-on-failure".
// ErrorKind::invalid_argument with docker's words.
std::optional<Healthcheck> merge_healthcheck(std::optional<Healthcheck> user, std::optional<Healthcheck> image,
                                             const std::map<std::string, std::string>& labels);

// With docker's (and podman's) defaults for what is 0. No command for a check that is switched off. `shell` runs what
// is CMD-SHELL; empty: /bin/sh -c.
shim::HealthSettings health_settings(const Healthcheck& check, const std::vector<std::string>& shell);

}  // namespace minidock
