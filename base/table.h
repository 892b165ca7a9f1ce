// docker's list output: `--format` as "table {{…}}\t{{…}}" with aligned columns and headers, or a plain template a row,
// or "json".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace minidock::format {

// Columns separated by tabs, aligned as Go's text/tabwriter does for docker (padding 3, blanks). A
// column is as wide as its widest cell in an unbroken run of lines that have it; the last cell of a line is not padded.
// Each line ends with a newline.
std::string align_columns(const std::vector<std::string>& lines, std::size_t minimum_width = 10);

// Renders `rows` by a docker list format: "json" (one object a line), "table TEMPLATE" (headers from `headers`: field
// name → column title; "table" alone shows all of them) or a plain template (one line a row). The two characters \t and
// \n in a format mean tab and newline. Rows are objects of strings; a field that holds an object is a method that takes
// a key (`.Label "x"`) and is no part of "json". ErrorKind::invalid_argument as gotemplate.
std::string render_list(std::string_view format, const OrderedJson& headers, const std::vector<OrderedJson>& rows);

}  // namespace minidock::format
