#include "engine/link_variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "base/port_range.h"
#include "base/text.h"

namespace minidock {
namespace {

// A run that is shorter has no variables of its own.
constexpr int kLeastRun = 3;

std::string as_variable(const std::string& text) {
  std::string name = upper_case(text);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// Consecutive ports of one protocol together; by number, tcp before the others.
std::vector<PortRange> runs_of(const std::vector<std::string>& exposed) {
  std::vector<PortRange> ports;
  for (const std::string& text : exposed) ports.push_back(parse_port_range(text));
  std::sort(ports.begin(), ports.end(), [](const PortRange& a, const PortRange& b) {
    return std::tuple(a.first, a.protocol != "tcp", a.protocol) < std::tuple(b.first, b.protocol != "tcp", b.protocol);
  });
  std::vector<PortRange> runs;
  for (const PortRange& port : ports) {
    const auto before = std::find_if(runs.begin(), runs.end(), [&](const PortRange& run) {
      return run.protocol == port.protocol && run.last + 1 == port.first;
    });
    if (before == runs.end()) {
      runs.push_back(port);
    } else {
      before->last = port.first;
    }
  }
  return runs;
}

class Variables {
 public:
  Variables(const std::string& alias, const std::string& address) : prefix_(as_variable(alias)), address_(address) {}

  void add_run(const PortRange& run) {
    const std::string name = name_of(run.first, run.protocol);
    add(name + "_START", url(run.first, run.protocol));
    add(name + "_ADDR", address_);
    add(name + "_PROTO", run.protocol);
    add(name + "_PORT_START", std::to_string(run.first));
    add(name + "_END", url(run.last, run.protocol));
    add(name + "_PORT_END", std::to_string(run.last));
  }

  void add_port(int port, const std::string& protocol) {
    const std::string name = name_of(port, protocol);
    add(name, url(port, protocol));
    add(name + "_ADDR", address_);
    add(name + "_PORT", std::to_string(port));
    add(name + "_PROTO", protocol);
  }

  void add_first_port(const PortRange& run) { add(prefix_ + "_PORT", url(run.first, run.protocol)); }
  void add_own(const std::string& name, const std::string& value) { add(prefix_ + "_" + name, value); }
  std::vector<std::string> take() { return std::move(variables_); }

 private:
  void add(const std::string& name, const std::string& value) {
    if (names_.insert(name).second) variables_.push_back(name + "=" + value);
  }
  std::string url(int port, const std::string& protocol) const {
    return fmt::format("{}://{}:{}", protocol, address_, port);
  }
  std::string name_of(int port, const std::string& protocol) const {
    return fmt::format("{}_PORT_{}_{}", prefix_, port, as_variable(protocol));
  }

  std::string prefix_;
  std::string address_;
  std::set<std::string> names_;
  std::vector<std::string> variables_;
};

}  // namespace

std::vector<std::string> link_variables(const std::string& name, const std::string& alias, const Container& linked) {
  Variables variables(alias, linked.state.on_default_network()->address);
  const std::vector<PortRange> runs = runs_of(linked.definition.config.exposed_ports);
  if (!runs.empty()) variables.add_first_port(runs.front());
  for (const PortRange& run : runs) {
    if (run.count() >= kLeastRun) variables.add_run(run);
  }
  for (const PortRange& run : runs) {
    for (int port = run.first; port <= run.last; ++port) variables.add_port(port, run.protocol);
  }
  variables.add_own("NAME", fmt::format("/{}/{}", name, alias));
  for (const std::string& variable : linked.definition.config.env) {
    const std::size_t equals = variable.find('=');
    const std::string key = variable.substr(0, equals);
    if (equals == std::string::npos || key == "PATH" || key == "HOME") continue;
    variables.add_own("ENV_" + key, variable.substr(equals + 1));
  }
  return variables.take();
}

}  // namespace minidock
