// The namespaces of containers as a picture: every namespace is one node, a container leads to those that it is in.
#pragma once

#include <string>

#include "engine/namespaces_report.h"

namespace minidock {

// "0 -> 231072 (65536)", one a range; "as outside" without a map.
std::string map_text(const std::vector<runtime::IdMapping>& map);

// For graphviz.
std::string namespaces_dot(const NamespacesReport& report);

// A row for the host and each container, a column for each type; a namespace stands as a box where it is first met,
// from where a line leads to the others that are in it.
std::string namespaces_svg(const NamespacesReport& report);

}  // namespace minidock
