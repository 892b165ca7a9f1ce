// docker's list output: `--format` as "table {{…}}\t{{…}}" with aligned columns and headers, or a plain template a row,
// or "json".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace minidock::format {

// Columns separated by tabs, aligned as Go's tabwriter does for docker (min width 20, padding 3, spaces).
std::string align_columns(const std::vector<std::string>& lines);

// Renders `rows` (flat objects of strings) by a docker list format: "json" (one object a line), "table TEMPLATE"
// (headers from `headers`: field name → column title) or a plain template (one line a row).
std::string render_list(std::string_view format, const OrderedJson& headers, const std::vector<OrderedJson>& rows);

}  // namespace minidock::format
