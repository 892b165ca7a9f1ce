// Something is broken, found, left alone, and repaired.
#pragma once

#include <gmock/gmock.h>

#include <csignal>

#include "tests/functional/network_fixture.h"

namespace minidock::functional {

class Check : public Network {
 protected:
  // "KIND OBJECT FINDING", a line each.
  std::vector<std::string> findings() {
    const Result result = box.minidock({"system", "check", "--format", "{{.Kind}} {{.Object}} {{.Finding}}"});
    EXPECT_EQ(result.exit_code, result.out.empty() ? 0 : 1) << result.out << result.err;
    EXPECT_EQ(result.err, "");
    return lines_of(result.out);
  }
  // "KIND OBJECT: REPAIR", a line each.
  std::vector<std::string> repairs() {
    const Result result =
        box.minidock({"system", "check", "--repair", "--format", "{{.Kind}} {{.Object}}: {{.Repair}}"});
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
    return lines_of(result.out);
  }
  void expect_clean() {
    const Result result = box.minidock({"system", "check"});
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
    EXPECT_EQ(result.out, "Nothing is wrong.\n");
  }
  // Exactly these are found, again and again until they are repaired.
  void expect_found_and_repaired(const std::vector<std::string>& wanted, const std::vector<std::string>& repaired) {
    EXPECT_THAT(findings(), testing::UnorderedElementsAreArray(wanted));
    EXPECT_THAT(findings(), testing::UnorderedElementsAreArray(wanted)) << "the first check has changed something";
    EXPECT_THAT(repairs(), testing::UnorderedElementsAreArray(repaired));
    expect_clean();
  }

  void sleeper(const std::string& name, const Arguments& options = {}) {
    Arguments all = {"--name", name};
    all.insert(all.end(), options.begin(), options.end());
    box.run_detached(all, {"sleep", "600"});
  }
  // Its end is nobody's to tidy up.
  void kill_shim_of(const std::string& container) {
    const pid_t main = box.pid_of(container);
    kill_process(std::stoi(status_field(main, "PPid")), SIGKILL);
    const auto has_ended = [&] {
      const std::string state = status_field(main, "State");
      return state.empty() || state.front() == 'Z';
    };
    EXPECT_TRUE(Sandbox::eventually(has_ended)) << "the program outlives its shim";
  }
  std::string id_of(const std::string& container) { return box.inspect(container, "{{.Id}}"); }
  // "minidock-…": of the firewall's tables and of the parent of all cgroups.
  std::string instance() {
    return box.shell("nft list tables | awk '/^table inet minidock-/ {print $3}' | grep -v user");
  }
  std::string network_id(const std::string& network) {
    return box.minidock_ok({"network", "inspect", "--format", "{{.Id}}", network});
  }
  std::string bridge_of(const std::string& network) {
    const std::string gateway = box.minidock_ok(
        {"network", "inspect", "--format", "{{with index .IPAM.Config 0}}{{.Gateway}}{{end}}", network});
    return box.shell("ip -o -4 addr show to " + gateway + " | awk '{print $2}'");
  }
  // The host's end of a container that is on one network.
  std::string interface_of(const std::string& container) {
    return "md" + box.inspect(container, "{{range .NetworkSettings.Networks}}{{.EndpointID}}{{end}}").substr(0, 13);
  }
  // The number that the instance's interfaces carry.
  std::string group() { return box.shell("ip -j link show " + bridge_of("bridge") + " | jq -r '.[0].group'"); }

  // What no container has.
  const std::string nobody_ = "000000000000000000000000000000000000000000000000000000000000cafe";
};

}  // namespace minidock::functional
