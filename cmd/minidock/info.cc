// info (system info): docker's text, or a template on its document.
#include <fmt/format.h>

#include "base/format.h"
#include "base/gotemplate.h"
#include "cmd/minidock/command.h"
#include "cmd/minidock/version.h"

namespace minidock::cmd {
namespace {

std::string text_of(const OrderedJson& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  return value.dump();
}

void print_line(const char* title, const OrderedJson& value) { fmt::print(" {}: {}\n", title, text_of(value)); }

void print_words(const char* title, const OrderedJson& list) {
  std::string words;
  for (const OrderedJson& word : list) words += " " + text_of(word);
  fmt::print("  {}:{}\n", title, words);
}

void print_security_options(const OrderedJson& options) {
  fmt::print(" Security Options:\n");
  // "name=seccomp,profile=default"
  for (const OrderedJson& option : options) {
    const std::string text = text_of(option);
    const std::size_t comma = text.find(',');
    fmt::print("  {}\n", text.substr(text.find('=') + 1, comma - text.find('=') - 1));
    if (comma == std::string::npos) continue;
    const std::string rest = text.substr(comma + 1);
    if (rest.starts_with("profile=")) fmt::print("   Profile: {}\n", rest.substr(rest.find('=') + 1));
  }
}

void print_storage(const OrderedJson& info) {
  print_line("Storage Driver", info["Driver"]);
  for (const OrderedJson& pair : info["DriverStatus"]) fmt::print("  {}: {}\n", text_of(pair[0]), text_of(pair[1]));
  print_line("Logging Driver", info["LoggingDriver"]);
  print_line("Cgroup Driver", info["CgroupDriver"]);
  print_line("Cgroup Version", info["CgroupVersion"]);
  fmt::print(" Plugins:\n");
  for (const char* kind : {"Volume", "Network", "Log"}) print_words(kind, info["Plugins"][kind]);
}

void print_machine(const OrderedJson& info) {
  print_line("Kernel Version", info["KernelVersion"]);
  print_line("Operating System", info["OperatingSystem"]);
  print_line("OSType", info["OSType"]);
  print_line("Architecture", info["Architecture"]);
  print_line("CPUs", info["NCPU"]);
  fmt::print(" Total Memory: {:.4g}GiB\n", info["MemTotal"].get<double>() / (1024.0 * 1024 * 1024));
  print_line("Name", info["Name"]);
}

void print_info(const OrderedJson& info) {
  fmt::print("Client:\n Version:    {}\n Debug Mode: {}\n\nServer:\n", kVersion, text_of(info["Debug"]));
  print_line("Containers", info["Containers"]);
  for (const char* state : {"Running", "Paused", "Stopped"}) {
    fmt::print("  {}: {}\n", state, text_of(info[std::string("Containers") + state]));
  }
  print_line("Images", info["Images"]);
  print_line("Server Version", info["ServerVersion"]);
  print_storage(info);
  print_line("Swarm", info["Swarm"]["LocalNodeState"]);
  print_line("Default Runtime", info["DefaultRuntime"]);
  print_line("Init Binary", info["InitBinary"]);
  print_security_options(info["SecurityOptions"]);
  print_machine(info);
  print_line("Docker Root Dir", info["DockerRootDir"]);
  print_line("Debug Mode", info["Debug"]);
  print_line("Experimental", info["ExperimentalBuild"]);
  fmt::print(" Insecure Registries:\n");
  for (const auto& [name, registry] : info["RegistryConfig"]["IndexConfigs"].items()) {
    if (!registry["Secure"].get<bool>()) fmt::print("  {}\n", name);
  }
  for (const OrderedJson& cidr : info["RegistryConfig"]["InsecureRegistryCIDRs"]) fmt::print("  {}\n", text_of(cidr));
  print_line("Live Restore Enabled", info["LiveRestoreEnabled"]);
  fmt::print("\n");
}

}  // namespace

int info(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS]", "Display system-wide information");
  std::string format;
  app->add_option("-f,--format", format, "Format output using a Go template, or 'json'");
  expect_positionals(*app, parse(*app, invocation), 0, 0);
  std::optional<gotemplate::Template> compiled;
  if (!format.empty() && format != "json") compiled = compile_template(format);
  OrderedJson document = Engine(invocation.engine).info();
  document["ServerVersion"] = kVersion;
  document["ClientInfo"] = {
      {"Debug", document["Debug"]}, {"Context", "default"}, {"Plugins", OrderedJson::array()}, {"Warnings", nullptr}};
  if (compiled) {
    fmt::print("{}\n", compiled->execute(document));
  } else if (format == "json") {
    fmt::print("{}\n", document.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
  } else {
    print_info(document);
    std::fflush(stdout);
    for (const OrderedJson& warning : document["Warnings"]) fmt::print(stderr, "{}\n", text_of(warning));
  }
  return 0;
}

}  // namespace minidock::cmd
