// One row of `ps` and of `images`, in docker's words: the fields that --format templates name.
#pragma once

#include <vector>

#include "base/json.h"
#include "engine/container_store.h"
#include "engine/disk_usage.h"
#include "engine/volume_store.h"
#include "image/image_store.h"

namespace minidock {

// `truncate`: short ids and commands (no --no-trunc).
OrderedJson container_row(const Container& container, bool truncate);
OrderedJson container_headers();

// A row a tag; one with "<none>" for an image without.
std::vector<OrderedJson> image_rows(const image::Image& image, bool truncate);
OrderedJson image_headers();

OrderedJson volume_row(const Volume& volume, const storage::Instance& instance);
OrderedJson volume_headers();

// "2026-01-02 03:04:05 +0000 UTC"
std::string created_at(std::int64_t ns);

// "key=value,other=value"
std::string labels_text(const std::map<std::string, std::string>& labels);

// "0B (virtual 1.98MB)"
std::string size_text(const ContainerSize& size);

// "Up 5 minutes", "Exited (0) 2 hours ago", "Created"
std::string status_text(const ContainerState& state);

// "0.0.0.0:8080->80/tcp, 443/tcp"
std::string ports_text(const Container& container);

}  // namespace minidock
