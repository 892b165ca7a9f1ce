// top: the host's ps, reduced to the container's processes.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <charconv>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/syscall.h"
#include "engine/engine.h"
#include "engine/events.h"
#include "engine/option_words.h"
#include "engine/resources.h"
#include "engine/runtime/cgroup_v2.h"

namespace minidock {
namespace {

using Words = std::vector<std::string>;

// ps is told to show some pids only; its own title for them has to stay, or they could not be found in the output.
void check_arguments(const Words& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::size_t equals = arguments[i].find('=');
    if (equals == std::string::npos) continue;
    const std::string key = arguments[i].substr(0, equals);
    std::string value = arguments[i].substr(equals + 1);
    if (value.empty() && i + 1 < arguments.size()) value = arguments[i + 1];
    if (value.starts_with("PID") && key != "pid") {
      throw Error(ErrorKind::invalid_argument, fmt::format("specifying \"{}={}\" is not allowed", key, value));
    }
  }
}

// docker makes one line of them and splits it at each blank: "o pid,cmd" is two words.
Words split_arguments(const Words& typed) {
  std::string line = fmt::format("{}", fmt::join(typed, " "));
  if (line.empty()) line = "-ef";
  return options::split(line, ' ');
}

std::string find_ps() {
  for (const char* path : {"/bin/ps", "/usr/bin/ps"}) {
    if (file::exists(path)) return path;
  }
  throw Error(ErrorKind::not_found, "exec: \"ps\": executable file not found in $PATH (install procps)");
}

struct Output {
  int exit_code = 0;
  std::string out;
  std::string err;
};

Output run_ps(Words arguments) {
  arguments.insert(arguments.begin(), "ps");
  Pipe out = sys::pipe();
  Pipe err = sys::pipe();
  process::SpawnOptions options;
  options.program = find_ps();
  options.arguments = std::move(arguments);
  options.fds = {{out.write.get(), STDOUT_FILENO}, {err.write.get(), STDERR_FILENO}};
  const pid_t pid = process::spawn(options);
  out.write.reset();
  err.write.reset();
  Output output;
  output.out = file::read(out.read.get());
  output.err = file::read(err.read.get());
  output.exit_code = process::exit_code(sys::waitpid(pid));
  return output;
}

std::string list_processes(const Words& arguments, const std::vector<pid_t>& pids) {
  Words with_pids = arguments;
  with_pids.push_back(fmt::format("-q{}", fmt::join(pids, ",")));
  Output output = run_ps(with_pids);
  if (output.exit_code == 0) return std::move(output.out);
  // Some options (f) exclude a list of pids.
  output = run_ps(arguments);
  if (output.exit_code == 0) return std::move(output.out);
  const std::string first_line = output.err.substr(0, output.err.find('\n'));
  throw Error(ErrorKind::invalid_argument,
              first_line.empty() ? fmt::format("ps: exit status {}", output.exit_code) : first_line);
}

Words fields_of(std::string_view line) {
  Words fields;
  for (std::size_t at = 0; (at = line.find_first_not_of(" \t\r", at)) != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(" \t\r", at), line.size());
    fields.emplace_back(line.substr(at, end - at));
    at = end;
  }
  return fields;
}

Words lines_of(std::string_view text) {
  Words lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// What is behind the last title has blanks in it: a command line.
Words join_last(Words fields, std::size_t columns) {
  if (fields.size() <= columns) return fields;
  const std::string rest =
      fmt::format("{}", fmt::join(fields.begin() + static_cast<std::ptrdiff_t>(columns) - 1, fields.end(), " "));
  fields.resize(columns);
  fields.back() = rest;
  return fields;
}

ProcessTable parse_processes(const std::string& text, const std::vector<pid_t>& pids) {
  const Words lines = lines_of(text);
  ProcessTable table;
  if (!lines.empty()) table.titles = fields_of(lines.front());
  const auto title = std::find(table.titles.begin(), table.titles.end(), "PID");
  if (title == table.titles.end()) throw Error(ErrorKind::invalid_argument, "Couldn't find PID field in ps output");
  const auto column = static_cast<std::size_t>(title - table.titles.begin());
  const std::set<pid_t> wanted(pids.begin(), pids.end());
  bool is_thread_of_wanted = false;
  for (auto line = lines.begin() + 1; line != lines.end(); ++line) {
    Words fields = fields_of(*line);
    if (fields.size() <= column) continue;
    // "-" is a thread of the process above (ps -m).
    if (fields[column] != "-") {
      pid_t pid = 0;
      std::from_chars(fields[column].data(), fields[column].data() + fields[column].size(), pid);
      is_thread_of_wanted = wanted.contains(pid);
    }
    if (is_thread_of_wanted) table.processes.push_back(join_last(std::move(fields), table.titles.size()));
  }
  return table;
}

}  // namespace

ProcessTable Engine::top(const std::string& name, const std::vector<std::string>& typed) {
  const Words arguments = split_arguments(typed);
  check_arguments(arguments);
  const Container found = resolve(name);
  if (!found.running()) {
    throw Error(ErrorKind::conflict, fmt::format("Container {} is not running", found.id()));
  }
  const Fd cgroup = runtime::open_v2_cgroup(cgroups_path(instance_, found.definition));
  const std::vector<pid_t> pids = cgroup ? runtime::processes_of_cgroup(cgroup.get()) : std::vector<pid_t>();
  ProcessTable table = parse_processes(list_processes(arguments, pids), pids);
  record_container_event(instance_, found.definition, "top");
  return table;
}

}  // namespace minidock
