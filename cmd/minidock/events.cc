#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "cmd/minidock/command.h"
#include "cmd/minidock/moment.h"

namespace minidock::cmd {
namespace {

// docker's struct has these names, its JSON others.
const gotemplate::Options kOptions{.fields = {},
                                   .aliases = {{"Status", "status"},
                                               {"ID", "id"},
                                               {"From", "from"},
                                               {"Scope", "scope"},
                                               {"Time", "time"},
                                               {"TimeNano", "timeNano"}}};

std::string text_line(const shim::Event& event) {
  std::string line = fmt::format("{} {} {} {}", local_time(event.time_ns), event.type, event.action, event.id);
  std::vector<std::string> attributes;
  for (const auto& [key, value] : event.attributes) attributes.push_back(fmt::format("{}={}", key, value));
  if (!attributes.empty()) line += fmt::format(" ({})", fmt::join(attributes, ", "));
  return line + "\n";
}

EventRenderer renderer_for(const std::string& format) {
  if (format.empty()) return text_line;
  const auto compiled = std::make_shared<gotemplate::Template>(compile_template(format));
  try {
    compiled->execute(shim::to_json(shim::Event()), kOptions);  // before any is there: no such field, no output at all
  } catch (const Error& error) {
    throw TemplateError(error.kind(), error.message());
  }
  return [compiled](const shim::Event& event) { return compiled->execute(shim::to_json(event), kOptions) + "\n"; };
}

}  // namespace

int events(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS]", "Get real time events of this instance");
  EventsOptions options;
  std::string since;
  std::string until;
  std::string format;
  add_filters(*app, "-f,--filter", options.filters);
  app->add_option("--since", since, "Show all events created since timestamp or relative (e.g. \"42m\")");
  app->add_option("--until", until, "Stream events until this timestamp");
  app->add_option("--format", format, "Format the output using a Go template, or 'json'");
  expect_positionals(*app, parse(*app, invocation), 0, 0);
  if (!since.empty()) options.since = parse_moment(since, "since");
  if (!until.empty()) options.until = parse_moment(until, "until");
  if (options.since && options.until && *options.since > *options.until) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("`since` time ({}) cannot be after `until` time ({})", moment_text(since, *options.since),
                            moment_text(until, *options.until)));
  }
  const EventRenderer render = renderer_for(format);
  try {
    Engine(invocation.engine).events(options, STDOUT_FILENO, render);
  } catch (const SysError& error) {
    if (error.error_number() != EPIPE) throw;  // `events | head` has what it wanted
  }
  return 0;
}

}  // namespace minidock::cmd
