// ns: the namespaces of containers as a table, JSON or a picture.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/table.h"
#include "cmd/minidock/command.h"
#include "engine/namespaces_graph.h"

namespace minidock::cmd {

namespace {

constexpr char kTable[] =
    "table {{.Container}}\t{{.Type}}\t{{.Inode}}\t{{.Owner}}\t{{.SharedWith}}\t{{.UidMap}}\t{{.GidMap}}";

const OrderedJson kHeaders{{"Container", "CONTAINER"},    {"ID", "CONTAINER ID"}, {"Pid", "PID"},
                           {"Type", "NAMESPACE"},         {"Inode", "INODE"},     {"Owner", "OWNER"},
                           {"SharedWith", "SHARED WITH"}, {"UidMap", "UID MAP"},  {"GidMap", "GID MAP"}};

// The maps belong to the user namespace.
OrderedJson row_of(const ContainerNamespaces& container, const NamespaceUse& use) {
  const bool is_user = use.type == "user";
  return OrderedJson{{"Container", container.name},
                     {"ID", container.id.substr(0, 12)},
                     {"Pid", std::to_string(container.pid)},
                     {"Type", use.type},
                     {"Inode", std::to_string(use.inode)},
                     {"Owner", std::string(to_string(use.owner))},
                     {"SharedWith", fmt::format("{}", fmt::join(use.shared_with, ","))},
                     {"UidMap", is_user ? map_text(container.uid_map) : ""},
                     {"GidMap", is_user ? map_text(container.gid_map) : ""}};
}

std::string table(const NamespacesReport& report, const std::string& format) {
  std::vector<OrderedJson> rows;
  for (const ContainerNamespaces& container : report.containers) {
    for (const NamespaceUse& use : container.namespaces) rows.push_back(row_of(container, use));
  }
  return format::render_list(format, kHeaders, rows);
}

OrderedJson map_json(const std::vector<runtime::IdMapping>& map) {
  OrderedJson list = OrderedJson::array();
  for (const runtime::IdMapping& range : map) {
    list.push_back({{"ContainerID", range.container_id}, {"HostID", range.host_id}, {"Size", range.size}});
  }
  return list;
}

// One object a container.
std::string json_lines(const NamespacesReport& report) {
  std::string text;
  for (const ContainerNamespaces& container : report.containers) {
    OrderedJson namespaces = OrderedJson::array();
    for (const NamespaceUse& use : container.namespaces) {
      namespaces.push_back({{"Type", use.type},
                            {"Inode", use.inode},
                            {"Owner", std::string(to_string(use.owner))},
                            {"SharedWith", use.shared_with}});
    }
    const OrderedJson document{{"ID", container.id},
                               {"Name", container.name},
                               {"Pid", container.pid},
                               {"Namespaces", namespaces},
                               {"UidMap", map_json(container.uid_map)},
                               {"GidMap", map_json(container.gid_map)}};
    text += document.dump() + "\n";
  }
  return text;
}

// The option's value may be left out, and is never the next word: that is a container.
Invocation with_default_graph(Invocation invocation) {
  for (std::string& word : invocation.arguments) {
    if (word == "--") break;
    if (word == "--graph") word = "--graph=svg";
  }
  return invocation;
}

}  // namespace

int ns(const Invocation& given) {
  const Invocation invocation = with_default_graph(given);
  const auto app = make_app(invocation, "[OPTIONS] [CONTAINER...]",
                            "Show the namespaces of running containers, and who shares them");
  std::string format;
  std::string graph;
  app->add_option("--format", format, "Format output using a Go template, 'table TEMPLATE' or 'json'");
  app->add_option("--graph", graph, "Draw a picture: --graph[=svg] or --graph=dot (for graphviz)");
  const std::vector<std::string> names = parse(*app, invocation);
  const bool draws = app->count("--graph") > 0;
  if (draws && graph != "svg" && graph != "dot") {
    throw UsageError(fmt::format("invalid argument \"{}\" for \"--graph\" flag: it is svg or dot", graph));
  }
  if (draws && !format.empty()) throw UsageError("Conflicting options: --graph and --format");
  const NamespacesReport report = Engine(invocation.engine).namespaces(names);
  if (graph == "svg") {
    fmt::print("{}", namespaces_svg(report));
  } else if (graph == "dot") {
    fmt::print("{}", namespaces_dot(report));
  } else if (format == "json") {
    fmt::print("{}", json_lines(report));
  } else {
    fmt::print("{}", table(report, format.empty() || format == "table" ? kTable : format));
  }
  return 0;
}

}  // namespace minidock::cmd
