// ps and images: docker's tables, templates and JSON lines.
#include <fmt/format.h>

#include "base/table.h"
#include "cmd/minidock/client_config.h"
#include "cmd/minidock/command.h"
#include "engine/list_rows.h"

namespace minidock::cmd {
namespace {

constexpr char kContainerTable[] =
    "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";
constexpr char kImageTable[] = "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
constexpr char kImageDigestTable[] =
    "table {{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";

}  // namespace

int ps(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS]", "List containers");
  ListOptions options;
  bool quiet = false;
  bool no_truncate = false;
  bool latest = false;
  bool size = false;
  std::string format;
  app->add_flag("-a,--all", options.all, "Show all containers (default shows just running)");
  app->add_flag("-q,--quiet", quiet, "Only display container IDs");
  app->add_flag("-l,--latest", latest, "Show the latest created container (includes all states)");
  app->add_option("-n,--last", options.last, "Show n last created containers (includes all states)");
  app->add_flag("--no-trunc", no_truncate, "Don't truncate output");
  app->add_flag("-s,--size", size, "Display total file sizes");
  add_filters(*app, "-f,--filter", options.filters);
  app->add_option("--format", format, "Format output using a Go template, 'table TEMPLATE' or 'json'");
  expect_positionals(*app, parse(*app, invocation), 0, 0);
  if (latest) options.last = 1;
  take_configured_format(format, "psFormat", quiet);
  if (format.empty() || format == "table") {
    format = quiet ? "{{.ID}}" : std::string(kContainerTable) + (size ? "\t{{.Size}}" : "");
  }
  // A template that names it asks for it.
  size = size || format.find(".Size") != std::string::npos;
  Engine engine(invocation.engine);
  std::vector<OrderedJson> rows;
  for (const Container& container : engine.list(options)) {
    rows.push_back(container_row(container, !no_truncate));
    if (size) rows.back()["Size"] = size_text(engine.container_size(container.id()));
  }
  fmt::print("{}", format::render_list(format, container_headers(), rows));
  return 0;
}

int images(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] [REPOSITORY[:TAG]]", "List images");
  bool quiet = false;
  bool no_truncate = false;
  bool digests = false;
  bool all = false;
  std::string format;
  app->add_flag("-a,--all", all, "Show all images (there are no intermediate ones: the same list)");
  app->add_flag("-q,--quiet", quiet, "Only show image IDs");
  app->add_flag("--digests", digests, "Show digests");
  app->add_flag("--no-trunc", no_truncate, "Don't truncate output");
  app->add_option("--format", format, "Format output using a Go template, 'table TEMPLATE' or 'json'");
  const std::vector<std::string> positionals = parse(*app, invocation);
  expect_positionals(*app, positionals, 0, 1);
  const std::string wanted = positionals.empty() ? "" : positionals.front();
  std::vector<OrderedJson> rows;
  for (const image::Image& image : Engine(invocation.engine).images()) {
    for (OrderedJson& row : image_rows(image, !no_truncate)) {
      const std::string repository = row["Repository"].get<std::string>();
      const std::string name = repository + ":" + row["Tag"].get<std::string>();
      if (wanted.empty() || wanted == repository || wanted == name) rows.push_back(std::move(row));
    }
  }
  take_configured_format(format, "imagesFormat", quiet);
  if (format.empty() || format == "table") format = quiet ? "{{.ID}}" : digests ? kImageDigestTable : kImageTable;
  fmt::print("{}", format::render_list(format, image_headers(), rows));
  return 0;
}

}  // namespace minidock::cmd
