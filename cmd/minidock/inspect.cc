#include <fmt/format.h>

#include "base/gotemplate.h"
#include "cmd/minidock/command.h"
#include "cmd/minidock/documents.h"
#include "cmd/minidock/inspect_types.h"

namespace minidock::cmd {
namespace {

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
  }
  if (engine.volume_exists(name)) return engine.inspect_volume(name);
  if (engine.network_exists(name)) return engine.inspect_network(name);
  throw Error(ErrorKind::not_found, fmt::format("No such object: {}", name));
}

// docker's --size: what the container wrote, and that with its image.
DocumentFinder with_size(DocumentFinder find) {
  return [find = std::move(find)](Engine& engine, const std::string& name) {
    OrderedJson document = find(engine, name);
    if (!document.contains("GraphDriver") || !document.contains("HostConfig")) return document;
    const ContainerSize size = engine.container_size(document["Id"].get<std::string>());
    document["SizeRw"] = size.written;
    document["SizeRootFs"] = size.written + size.image;
    return document;
  };
}

DocumentFinder finder_for(const std::string& type) {
  if (type == "container") return find_container_document;
  if (type == "image") return find_image_document;
  if (type == "volume") return [](Engine& engine, const std::string& name) { return engine.inspect_volume(name); };
  if (type == "network") return [](Engine& engine, const std::string& name) { return engine.inspect_network(name); };
  if (type.empty()) return find_any;
  throw Error(ErrorKind::invalid_argument, fmt::format("\"{}\" is not a valid value for --type", type));
}

}  // namespace

int print_documents(const Invocation& invocation, const std::vector<std::string>& names, const std::string& format,
                    const DocumentFinder& find) {
  std::optional<gotemplate::Template> compiled;
  if (!format.empty() && format != "json") compiled = compile_template(format);
  Engine engine(invocation.engine);
  OrderedJson found = OrderedJson::array();
  const int code = for_each_name(names, false, [&](const std::string& name) {
    OrderedJson document = find(engine, name);
    if (compiled) {
      fmt::print("{}\n", compiled->execute(document, inspect_options(document)));
    } else {
      found.push_back(std::move(document));
    }
  });
  if (compiled) return code;
  const auto replace = OrderedJson::error_handler_t::replace;
  fmt::print("{}\n", format == "json" ? found.dump(-1, ' ', false, replace) : found.dump(4, ' ', false, replace));
  return code;
}

int inspect_documents(const Invocation& invocation, const std::string& usage, const std::string& summary,
                      const DocumentFinder& find) {
  const auto app = make_app(invocation, usage, summary);
  std::string format;
  app->add_option("-f,--format", format, "Format output using a Go template, or 'json'");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, -1);
  return print_documents(invocation, names, format, find);
}

int inspect(const Invocation& invocation) {
  const auto app =
      make_app(invocation, "[OPTIONS] NAME|ID [NAME|ID...]", "Return low-level information on minidock objects");
  std::string format;
  std::string type;
  bool size = false;
  app->add_option("-f,--format", format, "Format output using a Go template, or 'json'");
  app->add_flag("-s,--size", size, "Display total file sizes if the type is container");
  app->add_option("--type", type, "Return JSON for specified type (container, image, network, volume)");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, -1);
  return print_documents(invocation, names, format, size ? with_size(finder_for(type)) : finder_for(type));
}

int container_inspect(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] CONTAINER [CONTAINER...]",
                            "Display detailed information on one or more containers");
  std::string format;
  bool size = false;
  app->add_option("-f,--format", format, "Format output using a Go template, or 'json'");
  app->add_flag("-s,--size", size, "Display total file sizes");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, -1);
  return print_documents(invocation, names, format,
                         size ? with_size(find_container_document) : DocumentFinder(find_container_document));
}

int image_inspect(const Invocation& invocation) {
  return inspect_documents(invocation, "[OPTIONS] IMAGE [IMAGE...]",
                           "Display detailed information on one or more images", find_image_document);
}

}  // namespace minidock::cmd
