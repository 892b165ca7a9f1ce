// The picture's grid:
//
//             mnt        uts        …
//   host      [4026…]    [4026…]
//   web       [4026…]    |            a box: a namespace, where it is first met
//   db        [4026…]    o            a dot at the end of a line: in the namespace that the line comes from
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/namespaces_graph.h"

namespace minidock {
namespace {

constexpr int kMargin = 24;
constexpr int kNameWidth = 250;
constexpr int kBoxWidth = 96;
constexpr int kBoxHeight = 30;
constexpr int kRowHeight = 84;
constexpr int kHeaderHeight = 40;
constexpr int kGap = 16;        // between columns
constexpr int kLaneWidth = 10;  // for each line that runs down a column
constexpr int kLegendHeight = 44;
constexpr std::size_t kLongestName = 28;

constexpr char kOwnColor[] = "#dbeafe";
constexpr char kHostColor[] = "#fee2e2";
constexpr char kSharedColor[] = "#fef3c7";

// Text and attribute values of XML; characters that XML does not allow are left out.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20) result += c;
    }
  }
  return result;
}

std::string shortened(const std::string& name) {
  return name.size() <= kLongestName ? name : name.substr(0, kLongestName - 2) + "..";
}

// One namespace of a column: the row of its box and of those that share it.
struct Group {
  std::uint64_t inode = 0;
  std::vector<std::size_t> rows;
  bool shared = false;  // maybe with containers that are not in the picture
};

// Row 0 is the host's, then one a container.
struct Column {
  std::string type;
  std::vector<Group> groups;
  std::size_t lanes = 0;  // groups of more than one row
  int left = 0;
  int width() const { return static_cast<int>(lanes) * kLaneWidth + kBoxWidth; }
};

Column make_column(const NamespacesReport& report, std::size_t type) {
  Column column;
  column.type = kNamespaceTypes[type];
  const auto add = [&](std::uint64_t inode, std::size_t row, bool shared) {
    const auto known = std::find_if(column.groups.begin(), column.groups.end(),
                                    [&](const Group& group) { return group.inode == inode; });
    if (known == column.groups.end()) {
      column.groups.push_back({inode, {row}, shared});
    } else {
      known->rows.push_back(row);
    }
  };
  if (report.host[type] != 0) add(report.host[type], 0, true);
  for (std::size_t i = 0; i < report.containers.size(); ++i) {
    for (const NamespaceUse& use : report.containers[i].namespaces) {
      if (use.type == column.type) add(use.inode, i + 1, use.owner == NamespaceUse::Owner::shared);
    }
  }
  column.lanes = static_cast<std::size_t>(std::count_if(column.groups.begin(), column.groups.end(),
                                                        [](const Group& group) { return group.rows.size() > 1; }));
  return column;
}

std::vector<Column> lay_out(const NamespacesReport& report) {
  std::vector<Column> columns;
  int left = kMargin + kNameWidth;
  for (std::size_t type = 0; type < kNamespaceTypes.size(); ++type) {
    columns.push_back(make_column(report, type));
    columns.back().left = left;
    left += columns.back().width() + kGap;
  }
  return columns;
}

int row_middle(std::size_t row) {
  return kMargin + kHeaderHeight + static_cast<int>(row) * kRowHeight + kRowHeight / 2;
}

class Picture {
 public:
  Picture(int width, int height) {
    text_ = fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
        "font-family=\"sans-serif\" font-size=\"12\">\n"
        "<title>Namespaces of containers</title>\n"
        "<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n",
        width, height);
  }

  void words(int x, int y, const std::string& text, const char* style) {
    text_ += fmt::format("<text x=\"{}\" y=\"{}\" {}>{}</text>\n", x, y, style, escaped(text));
  }
  void box(int x, int y, int width, const char* color, const std::string& tip) {
    text_ += fmt::format(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"{}\" stroke=\"#475569\">"
        "<title>{}</title></rect>\n",
        x, y, width, kBoxHeight, color, escaped(tip));
  }
  void line(int x1, int y1, int x2, int y2, const char* color) {
    text_ += fmt::format("<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{}\"/>\n", x1, y1, x2, y2, color);
  }
  void dot(int x, int y, const std::string& tip) {
    text_ += fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"5\" fill=\"#475569\"><title>{}</title></circle>\n", x, y,
                         escaped(tip));
  }
  std::string finished() { return text_ + "</svg>\n"; }

 private:
  std::string text_;
};

void draw_group(Picture& picture, const Column& column, const Group& group, std::size_t lane) {
  const std::string name = fmt::format("{}:[{}]", column.type, group.inode);
  const int box_left = column.left + static_cast<int>(column.lanes) * kLaneWidth;
  const int first = row_middle(group.rows.front());
  if (group.rows.size() > 1) {
    const int x = column.left + static_cast<int>(lane) * kLaneWidth;
    picture.line(x, first, x, row_middle(group.rows.back()), "#475569");
    picture.line(x, first, box_left, first, "#475569");
    for (auto row = group.rows.begin() + 1; row != group.rows.end(); ++row) {
      picture.line(x, row_middle(*row), box_left + kBoxWidth / 2, row_middle(*row), "#475569");
      picture.dot(box_left + kBoxWidth / 2, row_middle(*row), name);
    }
  }
  const char* color = group.rows.front() == 0 ? kHostColor : group.shared ? kSharedColor : kOwnColor;
  picture.box(box_left, first - kBoxHeight / 2, kBoxWidth, color, name);
  picture.words(box_left + kBoxWidth / 2, first + 4, std::to_string(group.inode), "text-anchor=\"middle\"");
}

void draw_names(Picture& picture, const NamespacesReport& report, int width) {
  constexpr char kBold[] = "font-weight=\"bold\"";
  constexpr char kSmall[] = "font-size=\"10\" fill=\"#475569\"";
  picture.words(kMargin, row_middle(0) + 4, "host", kBold);
  for (std::size_t i = 0; i < report.containers.size(); ++i) {
    const ContainerNamespaces& container = report.containers[i];
    const int middle = row_middle(i + 1);
    picture.line(kMargin, middle - kRowHeight / 2, width - kMargin, middle - kRowHeight / 2, "#e2e8f0");
    picture.words(kMargin, middle - 18, shortened(container.name), kBold);
    picture.words(kMargin, middle - 2, fmt::format("{}, pid {}", container.id.substr(0, 12), container.pid), kSmall);
    picture.words(kMargin, middle + 13, "uid " + map_text(container.uid_map), kSmall);
    picture.words(kMargin, middle + 27, "gid " + map_text(container.gid_map), kSmall);
  }
}

void draw_legend(Picture& picture, int top) {
  int x = kMargin;
  for (const auto& [color, meaning] : {std::pair{kOwnColor, "its own"}, std::pair{kSharedColor, "shared by containers"},
                                       std::pair{kHostColor, "the host's"}}) {
    picture.box(x, top, kBoxHeight, color, meaning);
    picture.words(x + kBoxHeight + 8, top + kBoxHeight / 2 + 4, meaning, "");
    x += 190;
  }
}

}  // namespace

std::string namespaces_svg(const NamespacesReport& report) {
  const std::vector<Column> columns = lay_out(report);
  const int width = columns.back().left + columns.back().width() + kMargin;
  const int legend_top = row_middle(report.containers.size() + 1) - kRowHeight / 2 + 8;
  Picture picture(width, legend_top + kLegendHeight);
  draw_names(picture, report, width);
  for (const Column& column : columns) {
    const int middle = column.left + static_cast<int>(column.lanes) * kLaneWidth + kBoxWidth / 2;
    picture.words(middle, kMargin + kHeaderHeight / 2, column.type, "text-anchor=\"middle\" font-weight=\"bold\"");
    std::size_t lane = 0;
    for (const Group& group : column.groups) draw_group(picture, column, group, group.rows.size() > 1 ? lane++ : 0);
  }
  draw_legend(picture, legend_top);
  return picture.finished();
}

}  // namespace minidock
