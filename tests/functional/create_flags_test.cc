// Options of `run` and `create`, each by its effect.
#include <gmock/gmock.h>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;

class CreateFlags : public FunctionalTest {
 protected:
  std::string output(const Arguments& options, const std::string& script) {
    const Result result = box.run(options, {"sh", "-c", script});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return trimmed(result.out);
  }
  void expect_refused(const Arguments& options, const std::string& message, int exit_code = 125) {
    const Result result = box.run(options, {"true"});
    EXPECT_EQ(result.exit_code, exit_code) << testing::PrintToString(options);
    EXPECT_THAT(result.err, HasSubstr(message));
  }
};

TEST_F(CreateFlags, Ulimits) {
  EXPECT_EQ(output({"--ulimit", "nofile=123:456"}, "ulimit -Sn; ulimit -Hn"), "123\n456");
  expect_refused({"--ulimit", "nofile=5:4"}, "ulimit soft limit must be less than or equal to hard limit: 5 > 4");
  expect_refused({"--ulimit", "frobs=1"}, "invalid ulimit type: frobs");
}

TEST_F(CreateFlags, GroupsUmaskAndOomScore) {
  EXPECT_EQ(output({"--group-add", "1234", "-u", "1000:1000"}, "id -G"), "1000 1234");
  EXPECT_EQ(output({"--umask", "0077"}, "umask"), "0077");
  EXPECT_EQ(output({"--oom-score-adj", "321"}, "cat /proc/self/oom_score_adj"), "321");
  expect_refused({"--oom-score-adj", "1001"}, "range for oom score adj is [-1000, 1000]");
}

TEST_F(CreateFlags, SharedMemorySize) {
  EXPECT_EQ(output({"--shm-size", "7m"}, "df -k /dev/shm | tail -1 | awk '{print $2}'"), "7168");
  expect_refused({"--shm-size", "much"}, "invalid argument \"much\" for \"--shm-size\" flag");
}

TEST_F(CreateFlags, Sysctls) {
  EXPECT_EQ(output({"--sysctl", "net.ipv4.ip_default_ttl=77"}, "cat /proc/sys/net/ipv4/ip_default_ttl"), "77");
  expect_refused({"--sysctl", "vm.swappiness=1"}, "sysctl 'vm.swappiness=1' is not allowed");
}

TEST_F(CreateFlags, HostsAndResolvers) {
  const std::string hosts = output({"--add-host", "db:10.1.2.3", "--add-host", "gw:host-gateway"}, "cat /etc/hosts");
  EXPECT_THAT(hosts, HasSubstr("10.1.2.3\tdb"));
  EXPECT_THAT(hosts, testing::ContainsRegex("172\\.[0-9.]+\tgw"));
  EXPECT_EQ(
      output({"--dns", "9.9.9.9", "--dns-search", "example.org", "--dns-option", "ndots:3"}, "cat /etc/resolv.conf"),
      "search example.org\nnameserver 9.9.9.9\noptions ndots:3");
  expect_refused({"--dns", "nonsense"}, "nonsense is not an ip address");
  expect_refused({"--add-host", "nonsense"}, "bad format for add-host: \"nonsense\"");
}

TEST_F(CreateFlags, MacAddress) {
  EXPECT_EQ(output({"--mac-address", "92:d0:c6:0a:29:33"}, "cat /sys/class/net/eth0/address"), "92:d0:c6:0a:29:33");
  expect_refused({"--mac-address", "nonsense"}, "nonsense is not a valid mac address");
}

TEST_F(CreateFlags, Links) {
  box.run_detached({"--name", "db", "--expose", "5432", "-e", "SECRET=x"}, {"sleep", "600"});
  const std::string address = box.address_of("db");
  const std::string seen = output({"--link", "db:store", "--name", "web"}, "cat /etc/hosts; env");
  EXPECT_THAT(seen, HasSubstr(address + "\tstore "));
  EXPECT_THAT(seen, HasSubstr("STORE_PORT_5432_TCP=tcp://" + address + ":5432"));
  EXPECT_THAT(seen, HasSubstr("STORE_NAME=/web/store"));
  EXPECT_THAT(seen, HasSubstr("STORE_ENV_SECRET=x"));
  expect_refused({"--link", "missing:m"}, "could not get container for missing: No such container: missing");
}

TEST_F(CreateFlags, PublishAll) {
  box.run_detached({"--name", "cx", "--expose", "8000", "-P"}, {"sleep", "600"});
  EXPECT_THAT(box.minidock_ok({"port", "cx"}), testing::MatchesRegex("8000/tcp -> 0\\.0\\.0\\.0:[0-9]+"));
}

TEST_F(CreateFlags, NoNewPrivileges) {
  EXPECT_THAT(output({"--security-opt", "no-new-privileges"}, "grep NoNewPrivs /proc/self/status"), HasSubstr("1"));
  EXPECT_THAT(output({}, "grep NoNewPrivs /proc/self/status"), HasSubstr("0"));
}

TEST_F(CreateFlags, SeccompProfiles) {
  EXPECT_THAT(output({"--security-opt", "seccomp=unconfined"}, "grep Seccomp: /proc/self/status"), HasSubstr("0"));
  const std::string profile = box.write_file(
      "profile.json",
      R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]})");
  EXPECT_EQ(output({"--security-opt", "seccomp=" + profile}, "mkdir /x 2>/dev/null || echo refused"), "refused");
  expect_refused({"--security-opt", "seccomp=/no/such/file"}, "opening seccomp profile (/no/such/file) failed");
  expect_refused({"--security-opt", "nonsense"}, "Invalid --security-opt: \"nonsense\"");
}

TEST_F(CreateFlags, SystemPaths) {
  EXPECT_THAT(
      output({"--security-opt", "systempaths=unconfined"}, "grep -c ' /proc/keys ' /proc/self/mountinfo || true"), "0");
  EXPECT_EQ(output({}, "grep -c ' /proc/keys ' /proc/self/mountinfo"), "1");
}

TEST_F(CreateFlags, Devices) {
  EXPECT_EQ(output({"--device", "/dev/null:/dev/nothing"}, "test -c /dev/nothing && echo there"), "there");
  expect_refused({"--device", "/dev/no-such-node"},
                 "error gathering device information while adding custom device \"/dev/no-such-node\"", 127);
  expect_refused({"--device", "/dev/null:/dev/x:zzz"}, "bad mode specified: zzz");
  expect_refused({"--device-cgroup-rule", "nonsense"}, "invalid device cgroup format 'nonsense'");
}

TEST_F(CreateFlags, DeviceRuleOpensADevice) {
  const std::string script =
      "mknod /tmp/kmsg c 1 11 && head -c 1 /tmp/kmsg >/dev/null 2>&1 && echo open || echo closed";
  EXPECT_EQ(output({"--userns", "host", "--cap-add", "SYSLOG"}, script), "closed");
  EXPECT_EQ(output({"--userns", "host", "--cap-add", "SYSLOG", "--device-cgroup-rule", "c 1:11 r"}, script), "open");
}

TEST_F(CreateFlags, PidAndCidFile) {
  const std::string id =
      box.run_detached({"--name", "cx", "--pidfile", box.path("pid"), "--cidfile", box.path("cid")}, {"sleep", "600"});
  EXPECT_EQ(read_file(box.path("pid")), std::to_string(box.pid_of("cx")));
  EXPECT_EQ(read_file(box.path("cid")), id);
  expect_refused({"--cidfile", box.path("cid")}, "container ID file found");
}

TEST_F(CreateFlags, EnvironmentOfTheHost) {
  Arguments words{"env", "FROM_HOST=yes"};
  box.load("busybox");
  for (const std::string& word : box.command({"run", "--rm", "--env-host", "busybox", "sh", "-c", "echo $FROM_HOST"})) {
    words.push_back(word);
  }
  EXPECT_EQ(box.host_ok(words), "yes");
}

TEST_F(CreateFlags, WhatIsNotSupportedSaysSo) {
  expect_refused({"--gpus", "all"}, "--gpus is not supported");
  expect_refused({"--use-api-socket"}, "--use-api-socket is not supported");
  expect_refused({"--runtime", "kata"}, "unknown or invalid runtime name: kata");
  expect_refused({"--isolation", "hyperv"}, "invalid isolation \"hyperv\"");
  expect_refused({"--storage-opt", "size=1g"}, "--storage-opt is not supported");
  expect_refused({"--ip", "10.0.0.1"}, "user specified IP address is supported on user defined networks only");
  expect_refused({"--network-alias", "x"},
                 "network-scoped alias is supported only for containers in user defined networks");
  expect_refused({"--tz", "Mars/Olympus"}, "unknown time zone Mars/Olympus");
}

TEST_F(CreateFlags, DiscardedOptionsWarn) {
  const Result result = box.run({"--cpu-count", "2"}, {"true"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("WARNING: "));
}

TEST_F(CreateFlags, DefaultsOfDaemonJsonAreTakenWhereNothingElseIsSaid) {
  box.load("busybox");
  const std::string config =
      box.write_file("daemon.json", R"({"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 100, "Hard": 200}},
                         "no-new-privileges": true})");
  const auto shown = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"--config-file", config, "run", "--rm"});
    options.insert(options.end(), {"busybox", "sh", "-c", "ulimit -Sn; ulimit -Hn; grep NoNewPrivs /proc/self/status"});
    return box.minidock_ok(options);
  };
  EXPECT_EQ(shown({}), "100\n200\nNoNewPrivs:\t1");
  EXPECT_EQ(shown({"--ulimit", "nofile=50", "--security-opt", "no-new-privileges=false"}), "50\n50\nNoNewPrivs:\t0");
}

}  // namespace
}  // namespace minidock::functional
