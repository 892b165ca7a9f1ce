// secret create, ls, inspect, rm, exists.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file.h"
#include "base/format.h"
#include "base/table.h"
#include "cmd/minidock/command.h"
#include "cmd/minidock/documents.h"
#include "cmd/minidock/words.h"

namespace minidock::cmd {
namespace {

constexpr char kSecretTable[] = "table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.CreatedAt}}\t{{.UpdatedAt}}";

// A file, "-" for standard input, or (--env) a variable.
std::string read_data(const std::string& source, bool from_environment) {
  if (from_environment) {
    const char* value = std::getenv(source.c_str());
    if (value == nullptr)
      throw Error(ErrorKind::not_found, fmt::format("cannot read secret data from environment variable {}", source));
    return value;
  }
  if (source == "-") {
    if (::isatty(STDIN_FILENO) != 0) throw UsageError("if `-` is used, data must be passed into stdin");
    return file::read(STDIN_FILENO);
  }
  const std::optional<std::string> data = file::read_if_exists(source);
  if (!data) throw Error(ErrorKind::not_found, fmt::format("open {}: no such file or directory", source));
  return *data;
}

OrderedJson secret_headers() {
  return OrderedJson{
      {"CreatedAt", "CREATED"}, {"Driver", "DRIVER"}, {"ID", "ID"}, {"Name", "NAME"}, {"UpdatedAt", "UPDATED"}};
}

OrderedJson secret_row(const Secret& secret) {
  const std::string age = format::human_duration(format::now_ns() - secret.created) + " ago";
  return OrderedJson{
      {"CreatedAt", age}, {"Driver", "file"}, {"ID", secret.id}, {"Name", secret.name}, {"UpdatedAt", age}};
}

}  // namespace

int secret_create(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] NAME FILE|-", "Create a new secret");
  CreateSecretOptions options;
  std::vector<std::string> labels;
  bool from_environment = false;
  app->add_option("-d,--driver", options.driver, "Secret driver (only \"file\")");
  app->add_flag("--env", from_environment, "Read the data from the named environment variable");
  add_list(*app, "-l,--label", labels, "Labels of the secret");
  app->add_flag("--replace", options.replace, "Replace a secret of the same name");
  const std::vector<std::string> positionals = parse(*app, invocation);
  expect_positionals(*app, positionals, 2, 2);
  options.name = positionals[0];
  options.data = read_data(positionals[1], from_environment);
  options.labels = key_value_map(labels);
  fmt::print("{}\n", Engine(invocation.engine).create_secret(options));
  return 0;
}

int secret_ls(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS]", "List secrets");
  std::vector<std::string> filters;
  std::string format;
  bool quiet = false;
  add_list(*app, "-f,--filter", filters, "Filter output based on conditions provided (id, name)");
  app->add_option("--format", format, "Format output using a Go template, 'table TEMPLATE' or 'json'");
  app->add_flag("-q,--quiet", quiet, "Only display IDs");
  expect_positionals(*app, parse(*app, invocation), 0, 0);
  std::vector<OrderedJson> rows;
  for (const Secret& secret : Engine(invocation.engine).secrets(filters)) rows.push_back(secret_row(secret));
  if (format.empty() || format == "table") format = kSecretTable;
  if (quiet) format = "{{.ID}}";
  fmt::print("{}", format::render_list(format, secret_headers(), rows));
  return 0;
}

int secret_inspect(const Invocation& invocation) {
  const auto app =
      make_app(invocation, "[OPTIONS] SECRET [SECRET...]", "Display detailed information on one or more secrets");
  std::string format;
  bool reveal = false;
  app->add_option("-f,--format", format, "Format output using a Go template, or 'json'");
  app->add_flag("--showsecret", reveal, "Show the data too");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, -1);
  return print_documents(invocation, names, format,
                         [&](Engine& engine, const std::string& name) { return engine.inspect_secret(name, reveal); });
}

int secret_rm(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] SECRET [SECRET...]", "Remove one or more secrets");
  bool all = false;
  app->add_flag("-a,--all", all, "Remove all secrets");
  std::vector<std::string> names = parse(*app, invocation);
  if (names.empty() != all)
    throw UsageError(fmt::format("`{}` requires one argument, or the --all flag", invocation.program));
  Engine engine(invocation.engine);
  if (all) {
    for (const Secret& secret : engine.secrets({})) names.push_back(secret.id);
  }
  return for_each_name(names, false, [&](const std::string& name) { fmt::print("{}\n", engine.remove_secret(name)); });
}

int secret_exists(const Invocation& invocation) {
  const auto app = make_app(invocation, "SECRET", "Tell by the exit code whether a secret exists");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, 1);
  return Engine(invocation.engine).secret_exists(names.front()) ? 0 : 1;
}

}  // namespace minidock::cmd
