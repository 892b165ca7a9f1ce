// system boot and system shutdown: what comes up again after the machine was switched off, and in which order.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <sstream>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;

Arguments compose_labels(const std::string& service, const std::string& depends_on) {
  return {"-l", "com.docker.compose.project=shop",
          "-l", "com.docker.compose.service=" + service,
          "-l", "com.docker.compose.depends_on=" + depends_on};
}

class Boot : public FunctionalTest {
 protected:
  // Leaves what a machine leaves that lost its power: files of --root, and nothing of processes, /run, cgroups,
  // interfaces and firewall.
  void reboot() {
    const std::string cgroups = cgroup_parent();
    for (const std::string& id : lines_of(box.minidock_ok({"ps", "-aq", "--no-trunc"}))) kill_shim_of(id);
    std::filesystem::remove_all(box.path("state"));
    box.shell("rm -f /run/netns/*");
    box.shell("nft flush ruleset; ip -o link show type bridge | cut -d: -f2 | xargs -rn1 ip link delete");
    box.shell("echo 0 > /proc/sys/net/ipv4/ip_forward");
    if (!cgroups.empty()) box.remove_cgroups_like("*" + cgroups + "*");
  }

  // "/minidock-…" of what runs; "" when nothing does.
  std::string cgroup_parent() {
    const std::string running = box.minidock_ok({"ps", "-q"});
    if (running.empty()) return "";
    std::istringstream groups(read_file("/proc/" + std::to_string(box.pid_of(lines_of(running)[0])) + "/cgroup"));
    for (std::string line; std::getline(groups, line);) {
      if (line.starts_with("0::")) return line.substr(3, line.rfind('/') - 3);
    }
    return "";
  }

  void kill_shim_of(const std::string& id) {
    const std::string state = read_file(box.path("state/containers/" + id + "/state.json"));
    for (const char* who : {"shim", "init"}) {
      const std::size_t at = state.find("\"pid\":", state.find(std::string("\"") + who + "\":"));
      const pid_t pid = at == std::string::npos ? 0 : atoi(state.c_str() + at + 6);
      if (pid <= 1) continue;
      ::kill(pid, SIGKILL);
      EXPECT_TRUE(Sandbox::eventually([&] {
        // This process inherits them, and the last of a PID namespace goes when the others are reaped.
        while (waitpid(-1, nullptr, WNOHANG) > 0) {
        }
        const std::string left = status_field(pid, "State");
        return left.empty() || left.starts_with('Z');
      }));
    }
  }

  // The names that `system boot` tells, in order.
  std::string booted(const Arguments& options = {}) {
    Arguments command = {"system", "boot"};
    command.insert(command.end(), options.begin(), options.end());
    std::string names;
    for (const std::string& line : lines_of(box.minidock_ok(command))) names += (names.empty() ? "" : " ") + line;
    return names;
  }

  std::string sorted(const std::string& words) {
    std::istringstream stream(words);
    std::vector<std::string> list;
    for (std::string word; stream >> word;) list.push_back(word);
    std::sort(list.begin(), list.end());
    std::string result;
    for (const std::string& word : list) result += (result.empty() ? "" : " ") + word;
    return result;
  }

  std::string status(const std::string& name) { return box.inspect(name, "{{.State.Status}} {{.State.ExitCode}}"); }

  std::string sleeper(const std::string& name, const Arguments& options) {
    Arguments all = {"--name", name, "--stop-timeout", "1"};
    all.insert(all.end(), options.begin(), options.end());
    return box.run_detached(all, {"sleep", "600"});
  }
};

TEST_F(Boot, ThePolicyDecidesWhoComesBack) {
  for (const char* policy : {"no", "always", "unless-stopped", "on-failure"}) {
    sleeper(policy, {"--restart", policy});
    sleeper(std::string(policy) + "-stopped", {"--restart", policy});
    box.minidock_ok({"stop", "-t", "0", std::string(policy) + "-stopped"});
  }
  box.run_detached({"--name", "succeeded", "--restart", "on-failure"}, {"true"});
  box.run_detached({"--name", "gave-up", "--restart", "on-failure:1"}, {"false"});
  box.minidock_ok({"wait", "succeeded"});
  EXPECT_TRUE(Sandbox::eventually([&] { return status("gave-up") == "exited 1"; }));
  box.minidock_ok({"create", "--name", "never-ran", "--restart", "always", "busybox", "true"});
  sleeper("volatile", {"--rm"});
  reboot();

  EXPECT_EQ(sorted(booted()), "always always-stopped on-failure unless-stopped");
  EXPECT_EQ(status("no"), "exited 137");
  EXPECT_EQ(status("unless-stopped-stopped"), "exited 137");
  EXPECT_EQ(status("never-ran"), "created 0");
  EXPECT_NE(box.minidock({"inspect", "volatile"}).exit_code, 0);
  EXPECT_EQ(booted(), "");  // who runs is left alone
}

TEST_F(Boot, NetworkPortsAndNamesAreThereAgain) {
  box.run_detached({"--name", "web", "--restart", "always", "-p", "18085:80"},
                   {"httpd", "-f", "-p", "80", "-h", "/etc"});
  const std::string address = box.address_of("web");
  reboot();
  EXPECT_EQ(booted(), "web");
  EXPECT_EQ(box.shell("ls /run/netns"), "web");
  EXPECT_TRUE(Sandbox::eventually([&] {
    return box.host({"wget", "-qO-", "http://127.0.0.1:18085/passwd"}).exit_code == 0;
  }));
  EXPECT_NE(box.address_of("web"), "");
  box.minidock_ok({"stop", "-t", "0", "web"});
}

TEST_F(Boot, WhoJoinsLinksOrBorrowsComesAfterTheOther) {
  sleeper("zoo", {"--restart", "always"});
  sleeper("a-joins", {"--restart", "always", "--network", "container:zoo"});
  sleeper("b-links", {"--restart", "always", "--link", "zoo:animals"});
  sleeper("c-borrows", {"--restart", "always", "--volumes-from", "a-joins", "--pid", "container:b-links"});
  reboot();
  const std::string order = booted();
  EXPECT_TRUE(order == "zoo a-joins b-links c-borrows" || order == "zoo b-links a-joins c-borrows") << order;
}

TEST_F(Boot, ComposeServicesWaitUntilTheirDependenciesAreHealthy) {
  Arguments db = compose_labels("db", "");
  db.insert(db.end(), {"--restart", "always", "--health-cmd", "test -e /ready", "--health-interval", "100ms"});
  db.insert(db.end(), {"--health-retries", "1000", "--name", "shop-db-1"});
  box.run_detached(db, {"sh", "-c", "rm -f /ready; sleep 1.5; touch /ready; exec sleep 600"});
  Arguments web = compose_labels("web", "db:service_healthy:false");
  web.insert(web.end(), {"--restart", "always"});
  sleeper("shop-web-1", web);
  reboot();
  EXPECT_EQ(booted(), "shop-db-1 shop-web-1");
  EXPECT_EQ(box.inspect("shop-db-1", "{{.State.Health.Status}}"), "healthy");
  const std::string gap =
      box.shell("echo $(( $(date -d \"" + box.inspect("shop-web-1", "{{.State.StartedAt}}") +
                "\" +%s%3N) - $(date -d \"" + box.inspect("shop-db-1", "{{.State.StartedAt}}") + "\" +%s%3N) ))");
  EXPECT_GE(atoi(gap.c_str()), 1500);
}

TEST_F(Boot, WaitsNoLongerThanAsked) {
  Arguments db = compose_labels("db", "");
  db.insert(db.end(), {"--restart", "always", "--health-cmd", "false", "--health-retries", "1000"});
  sleeper("db", db);
  Arguments web = compose_labels("web", "db:service_healthy:false");
  web.insert(web.end(), {"--restart", "always"});
  sleeper("web", web);
  reboot();
  const Result result = box.minidock({"system", "boot", "--wait", "1"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "db\nweb\n");
  EXPECT_THAT(result.err, HasSubstr("container web is started though db, on which it depends, is not healthy"));
}

TEST_F(Boot, WaitsForAJobToComplete) {
  Arguments job = compose_labels("job", "");
  job.insert(job.end(), {"--restart", "on-failure", "--name", "job"});
  box.run_detached(job, {"sh", "-c", "test -e /again || { touch /again; sleep 600; }; sleep 1"});
  Arguments web = compose_labels("web", "job:service_completed_successfully:false");
  web.insert(web.end(), {"--restart", "always"});
  sleeper("web", web);
  reboot();
  EXPECT_EQ(booted(), "job web");
  EXPECT_EQ(status("job"), "exited 0");
}

TEST_F(Boot, ACircleIsToldAndBroken) {
  for (const char* name : {"bb", "aa"}) {
    Arguments options = compose_labels(name, "aa:service_started:true,bb:service_started:true");
    options.insert(options.end(), {"--restart", "always"});
    sleeper(name, options);
  }
  reboot();
  const Result result = box.minidock({"system", "boot"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "aa\nbb\n");
  EXPECT_THAT(result.err, HasSubstr("containers aa, bb depend on each other in a circle"));
}

TEST_F(Boot, AFailedStartIsNamedAndStopsNobodyElse) {
  sleeper("gone", {});
  const std::string id = box.minidock_ok({"inspect", "-f", "{{.Id}}", "gone"});
  sleeper("broken", {"--restart", "always", "--network", "container:gone"});
  sleeper("after", {"--restart", "always", "--volumes-from", "broken"});
  sleeper("other", {"--restart", "always"});
  reboot();
  box.minidock_ok({"rm", "gone"});
  const Result result = box.minidock({"system", "boot"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err, "Error: container broken: No such container: " + id + "\n");
  EXPECT_EQ(sorted(result.out), "after other");
  EXPECT_EQ(status("other"), "running 0");
}

TEST_F(Boot, ShutdownStopsTheDependentFirstAndNobodyForGood) {
  box.run_detached({"--name", "base", "--restart", "unless-stopped"},
                   {"sh", "-c", "trap 'echo end; exit 3' TERM; while :; do sleep 0.1; done"});
  sleeper("user", {"--restart", "unless-stopped", "--volumes-from", "base"});
  sleeper("waits", {"--restart", "unless-stopped"});
  sleeper("stopped", {"--restart", "unless-stopped"});
  box.minidock_ok({"stop", "-t", "0", "stopped"});
  const Result result = box.minidock({"system", "shutdown"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(sorted(result.out), "base user waits");
  EXPECT_LT(result.out.find("user"), result.out.find("base"));
  EXPECT_EQ(status("base"), "exited 3");
  EXPECT_EQ(box.minidock_ok({"logs", "base"}), "end");
  reboot();
  EXPECT_EQ(sorted(booted()), "base user waits");
  EXPECT_EQ(status("stopped"), "exited 137");
}

TEST_F(Boot, AUsersStopDuringTheShutdownCounts) {
  box.run_detached({"--name", "cx", "--restart", "unless-stopped", "--stop-timeout", "2"}, {"sleep", "600"});
  Background shutdown = box.start({"system", "shutdown"});
  const std::string request = box.path("state/containers/" + box.inspect("cx", "{{.Id}}") + "/shutdown-requested");
  EXPECT_TRUE(Sandbox::eventually([&] { return std::filesystem::exists(request); }));
  box.minidock_ok({"stop", "cx"});
  EXPECT_EQ(shutdown.wait().exit_code, 0);
  EXPECT_EQ(booted(), "");
}

TEST_F(Boot, ShutdownEndsTheWaitBetweenTwoRunsWithoutForgettingIt) {
  box.run_detached({"--name", "cx", "--restart", "unless-stopped"}, {"false"});
  EXPECT_TRUE(Sandbox::eventually([&] { return status("cx") == "restarting 1"; }));
  EXPECT_EQ(box.minidock_ok({"system", "shutdown"}), "cx");
  EXPECT_EQ(status("cx"), "exited 1");
  EXPECT_EQ(booted(), "cx");
}

}  // namespace
}  // namespace minidock::functional
