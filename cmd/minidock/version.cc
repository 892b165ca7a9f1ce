// version: docker's two parts, which are one program here.
#include <fmt/format.h>
#include <sys/utsname.h>

#include "base/gotemplate.h"
#include "cmd/minidock/command.h"
#include "cmd/minidock/version.h"
#include "engine/platform_option.h"

namespace minidock::cmd {
namespace {

OrderedJson version_document() {
  const MachinePlatform platform = machine_platform();
  utsname kernel{};
  uname(&kernel);
  OrderedJson client{{"Platform", {{"Name", ""}}},    {"Version", kVersion},  {"Os", platform.os},
                     {"Arch", platform.architecture}, {"Context", "default"}, {"Experimental", false}};
  OrderedJson server{
      {"Platform", {{"Name", ""}}},      {"Version", kVersion},  {"Os", platform.os}, {"Arch", platform.architecture},
      {"KernelVersion", kernel.release}, {"Experimental", false}};
  return {{"Client", std::move(client)}, {"Server", std::move(server)}};
}

void print_part(const OrderedJson& part, const char* indent) {
  const auto line = [&](const char* title, const std::string& text) {
    fmt::print("{}{:<18} {}\n", indent, title, text);
  };
  line("Version:", part["Version"].get<std::string>());
  line("OS/Arch:", part["Os"].get<std::string>() + "/" + part["Arch"].get<std::string>());
}

}  // namespace

int version(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS]", "Show the version of minidock");
  std::string format;
  app->add_option("-f,--format", format, "Format output using a Go template, or 'json'");
  expect_positionals(*app, parse(*app, invocation), 0, 0);
  const OrderedJson document = version_document();
  if (!format.empty()) {
    fmt::print("{}\n", compile_template(format).execute(document));
    return 0;
  }
  fmt::print("Client:\n");
  print_part(document["Client"], " ");
  fmt::print("\nServer:\n Engine:\n");
  print_part(document["Server"], "  ");
  return 0;
}

}  // namespace minidock::cmd
