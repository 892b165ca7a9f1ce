// Rows of `stats`, with docker's fields and arithmetic.
#pragma once

#include <string>

#include "base/json.h"
#include "engine/engine.h"

namespace minidock {

// Field → column title, in docker's order.
OrderedJson stats_headers();

// `container` is what the user typed. The CPU's share is that of the time between both samples.
OrderedJson stats_row(const std::string& container, const UseSample& before, const UseSample& now, bool truncate);

// For a container about which nothing is known (any more): dashes.
OrderedJson unknown_stats_row(const std::string& container);

// docker's units.BytesSize: binary units, four significant digits: "1.5MiB".
std::string binary_size(double bytes);

// Percent of one CPU, as docker tells it.
double cpu_percent(const UseSample& before, const UseSample& now);

}  // namespace minidock
