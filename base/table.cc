#include "base/table.h"

#include <algorithm>

#include "base/gotemplate.h"

namespace minidock::format {
namespace {

constexpr std::size_t kPadding = 3;

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// Code points: what a terminal shows of the names, images and commands of a list.
std::size_t width_of(std::string_view cell) {
  return static_cast<std::size_t>(
      std::count_if(cell.begin(), cell.end(), [](char c) { return (static_cast<unsigned char>(c) >> 6U) != 2; }));
}

void pad_column(std::vector<std::vector<std::string>>& table, std::size_t column, std::size_t first, std::size_t last,
                std::size_t minimum_width) {
  std::size_t width = minimum_width;
  for (std::size_t i = first; i < last; ++i) width = std::max(width, width_of(table[i][column]) + kPadding);
  for (std::size_t i = first; i < last; ++i) table[i][column].append(width - width_of(table[i][column]), ' ');
}

void replace_escapes(std::string& text) {
  for (std::size_t at = 0; (at = text.find('\\', at)) != std::string::npos; ++at) {
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (next == 't' || next == 'n') text.replace(at, 2, 1, next == 't' ? '\t' : '\n');
  }
}

std::string trim_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(' ') - first + 1));
}

std::string all_columns(const OrderedJson& headers) {
  std::string text;
  for (const auto& item : headers.items()) text += (text.empty() ? "{{." : "\t{{.") + item.key() + "}}";
  return text;
}

}  // namespace

std::string align_columns(const std::vector<std::string>& lines, std::size_t minimum_width) {
  std::vector<std::vector<std::string>> table;
  std::size_t columns = 0;
  for (const std::string& line : lines) {
    table.push_back(split(line, '\t'));
    columns = std::max(columns, table.back().size());
  }
  for (std::size_t column = 0; column + 1 < columns; ++column) {
    const auto has_column = [&](std::size_t i) { return table[i].size() > column + 1; };
    for (std::size_t first = 0; first < table.size();) {
      std::size_t last = first;
      while (last < table.size() && has_column(last)) ++last;
      if (last > first) pad_column(table, column, first, last, minimum_width);
      first = last + 1;
    }
  }
  std::string text;
  for (const std::vector<std::string>& cells : table) {
    for (const std::string& cell : cells) text += cell;
    text += '\n';
  }
  return text;
}

std::string render_list(std::string_view format, const OrderedJson& headers, const std::vector<OrderedJson>& rows) {
  const bool table = format.starts_with("table");
  std::string source = format == "json" ? "{{json .}}" : trim_blanks(table ? format.substr(5) : format);
  if (table && source.empty()) source = all_columns(headers);
  replace_escapes(source);
  const gotemplate::Template row_template = gotemplate::Template::parse(source);

  gotemplate::Options options;
  options.row = true;
  std::string text;
  for (const OrderedJson& row : rows) {
    text += row_template.execute(row, options) + "\n";
  }
  if (!table) return text;
  options.header = true;
  text.insert(0, row_template.execute(headers, options) + "\n");
  text.pop_back();  // align_columns ends each line by itself
  return align_columns(split(text, '\n'));
}

}  // namespace minidock::format
