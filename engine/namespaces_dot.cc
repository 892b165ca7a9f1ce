#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "engine/namespaces_graph.h"

namespace minidock {
namespace {

// The inside of a double-quoted string of the DOT language.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

const char* color_of(NamespaceUse::Owner owner) {
  switch (owner) {
    case NamespaceUse::Owner::own:
      return "#dbeafe";
    case NamespaceUse::Owner::host:
      return "#fee2e2";
    case NamespaceUse::Owner::shared:
      return "#fef3c7";
  }
  return "white";
}

}  // namespace

std::string map_text(const std::vector<runtime::IdMapping>& map) {
  if (map.empty()) return "as outside";
  std::vector<std::string> ranges;
  for (const runtime::IdMapping& range : map) {
    ranges.push_back(fmt::format("{} -> {} ({})", range.container_id, range.host_id, range.size));
  }
  return fmt::format("{}", fmt::join(ranges, ", "));
}

std::string namespaces_dot(const NamespacesReport& report) {
  std::string text =
      "graph namespaces {\n"
      "  rankdir=LR;\n"
      "  node [fontname=\"sans-serif\", fontsize=11];\n";
  std::set<std::string> nodes;
  std::string edges;
  for (const ContainerNamespaces& container : report.containers) {
    text += fmt::format("  \"{}\" [shape=box, label=\"{}\\n{}\\nuid {}\\ngid {}\"];\n", container.id,
                        escaped(container.name), container.id.substr(0, 12), map_text(container.uid_map),
                        map_text(container.gid_map));
    for (const NamespaceUse& use : container.namespaces) {
      const std::string node = fmt::format("{}:{}", use.type, use.inode);
      if (nodes.insert(node).second) {
        text += fmt::format("  \"{}\" [shape=ellipse, style=filled, fillcolor=\"{}\", label=\"{}\\n{}{}\"];\n", node,
                            color_of(use.owner), use.type, use.inode,
                            use.owner == NamespaceUse::Owner::host ? "\\n(host)" : "");
      }
      edges += fmt::format("  \"{}\" -- \"{}\";\n", container.id, node);
    }
  }
  return text + edges + "}\n";
}

}  // namespace minidock
