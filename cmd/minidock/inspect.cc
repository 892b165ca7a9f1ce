#include <fmt/format.h>

#include <functional>

#include "base/gotemplate.h"
#include "cmd/minidock/command.h"

namespace minidock::cmd {
namespace {

// Fields that docker's structs have and its JSON omits when they are empty.
const gotemplate::Options kOptions{.known_fields = {"Health", "ExposedPorts", "StopSignal", "Init", "Mounts"}};

using Finder = std::function<OrderedJson(Engine& engine, const std::string& name)>;

int inspect_with(const Invocation& invocation, const std::string& usage, const std::string& summary,
                 const std::function<Finder(const std::string& type)>& finder_for) {
  const auto app = make_app(invocation, usage, summary);
  std::string format;
  std::string type;
  app->add_option("-f,--format", format, "Format output using a Go template, or 'json'");
  app->add_option("--type", type, "Return JSON for specified type (container, image)");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(invocation, names, 1, -1);
  const Finder find = finder_for(type);
  std::optional<gotemplate::Template> compiled;
  if (!format.empty() && format != "json") compiled = gotemplate::Template::parse(format);

  Engine engine(invocation.engine);
  OrderedJson found = OrderedJson::array();
  const int code = for_each_name(names, false, [&](const std::string& name) {
    OrderedJson document = find(engine, name);
    if (compiled) {
      fmt::print("{}\n", compiled->execute(document, kOptions));
    } else {
      found.push_back(std::move(document));
    }
  });
  if (compiled) return code;
  const auto replace = OrderedJson::error_handler_t::replace;
  fmt::print("{}\n", format == "json" ? found.dump(-1, ' ', false, replace) : found.dump(4, ' ', false, replace));
  return code;
}

OrderedJson find_container_document(Engine& engine, const std::string& name) { return engine.inspect_container(name); }
OrderedJson find_image_document(Engine& engine, const std::string& name) { return engine.inspect_image(name); }

OrderedJson find_any(Engine& engine, const std::string& name) {
  try {
    return engine.inspect_container(name);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found) throw;
  }
  try {
    return engine.inspect_image(name);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found && error.kind() != ErrorKind::invalid_argument) throw;
    throw Error(ErrorKind::not_found, fmt::format("No such object: {}", name));
  }
}

}  // namespace

int inspect(const Invocation& invocation) {
  return inspect_with(invocation, "[OPTIONS] NAME|ID [NAME|ID...]",
                      "Return low-level information on containers and images", [](const std::string& type) -> Finder {
                        if (type == "container") return find_container_document;
                        if (type == "image") return find_image_document;
                        if (type.empty()) return find_any;
                        throw UsageError(fmt::format("\"{}\" is not a valid value for --type", type));
                      });
}

int container_inspect(const Invocation& invocation) {
  return inspect_with(invocation, "[OPTIONS] CONTAINER [CONTAINER...]",
                      "Display detailed information on one or more containers",
                      [](const std::string&) -> Finder { return find_container_document; });
}

int image_inspect(const Invocation& invocation) {
  return inspect_with(invocation, "[OPTIONS] IMAGE [IMAGE...]", "Display detailed information on one or more images",
                      [](const std::string&) -> Finder { return find_image_document; });
}

}  // namespace minidock::cmd
