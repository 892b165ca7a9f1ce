// One row of `ps` and of `images`, in docker's words: the fields that --format templates name.
#pragma once

#include <vector>

#include "base/json.h"
#include "engine/container_store.h"
#include "image/image_store.h"

namespace minidock {

// `truncate`: short ids and commands (no --no-trunc).
OrderedJson container_row(const Container& container, bool truncate);
OrderedJson container_headers();

// A row a tag; one with "<none>" for an image without.
std::vector<OrderedJson> image_rows(const image::Image& image, bool truncate);
OrderedJson image_headers();

// "Up 5 minutes", "Exited (0) 2 hours ago", "Created"
std::string status_text(const ContainerState& state);

// "0.0.0.0:8080->80/tcp, 443/tcp"
std::string ports_text(const Container& container);

}  // namespace minidock
