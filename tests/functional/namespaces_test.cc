// Namespaces and remapped users, as the transcripts of docker's documentation show them.
#include <unistd.h>

#include <gmock/gmock.h>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class Namespaces : public FunctionalTest {
 protected:
  static std::string namespace_of(const std::string& pid, const std::string& type) {
    char target[64] = {};
    const std::string link = "/proc/" + pid + "/ns/" + type;
    return readlink(link.c_str(), target, sizeof target - 1) > 0 ? target : "";
  }
  static std::string first_subordinate_id() {
    for (const std::string& line : lines_of(read_file("/etc/subuid"))) {
      if (line.starts_with("dockremap:")) return line.substr(10, line.find(':', 10) - 10);
    }
    return "";
  }
};

TEST_F(Namespaces, AllSixDifferFromTheHosts) {
  box.run_detached({"--name", "web5"}, {"sleep", "600"});
  const std::string pid = std::to_string(box.pid_of("web5"));
  for (const char* type : {"mnt", "uts", "ipc", "pid", "net", "user", "cgroup"}) {
    EXPECT_THAT(namespace_of(pid, type), MatchesRegex("[a-z]+:.[0-9]+.")) << type;
    EXPECT_NE(namespace_of(pid, type), namespace_of("self", type)) << type;
  }
}

TEST_F(Namespaces, MainProcessIsPidOneAndChildOfTheShim) {
  box.load("webapp");
  const std::string id = box.minidock_ok({"run", "-d", "--name", "web31", "training/webapp", "python", "app.py"});
  EXPECT_THAT(id, MatchesRegex("[0-9a-f]{64}"));
  const std::string parent = trimmed(status_field(box.pid_of("web31"), "PPid"));
  EXPECT_EQ(trimmed(read_file("/proc/" + parent + "/comm")), "minidock-shim");
  const std::string processes = box.minidock_ok({"exec", "web31", "ps", "-e", "-o", "pid=,ppid=,args="});
  EXPECT_THAT(processes, MatchesRegex(" *1 +0 python app.py\n(.|\n)*"));
  EXPECT_EQ(box.minidock_ok({"exec", "web31", "hostname"}), id.substr(0, 12));
}

TEST_F(Namespaces, RootInsideIsTheFirstSubordinateIdOutside) {
  box.run_detached({"--name", "mapped"}, {"sleep", "600"});
  const pid_t pid = box.pid_of("mapped");
  const std::string first = first_subordinate_id();
  ASSERT_FALSE(first.empty()) << read_file("/etc/subuid");
  EXPECT_NE(first, "0");
  EXPECT_EQ(box.host_ok({"awk", "{print $1, $2, $3}", "/proc/" + std::to_string(pid) + "/uid_map"}),
            "0 " + first + " 65536");
  EXPECT_THAT(status_field(pid, "Uid"), testing::StartsWith(first + "\t"));
  EXPECT_EQ(box.minidock_ok({"exec", "mapped", "id", "-u"}), "0");
}

TEST_F(Namespaces, FilesOfTheImageBelongToTheContainersUsers) {
  EXPECT_EQ(box.run({}, {"stat", "-c", "%u:%g", "/bin/busybox", "/var/www"}).out, "0:0\n33:33\n");
  box.run_detached({"--name", "owner"}, {"sh", "-c", "touch /made; chown 33 /made; sleep 600"});
  EXPECT_EQ(box.minidock_ok({"exec", "owner", "stat", "-c", "%u", "/made", "/var/www"}), "33\n33");
}

TEST_F(Namespaces, OneStoreServesMappedAndUnmappedContainers) {
  const std::string mapped = box.run({}, {"stat", "-c", "%u:%g", "/var/www/index.html"}).out;
  const std::string unmapped = box.run({"--userns", "host"}, {"stat", "-c", "%u:%g", "/var/www/index.html"}).out;
  EXPECT_EQ(mapped, "33:33\n");
  EXPECT_EQ(unmapped, "33:33\n");
  // No file of the store was given to the range.
  EXPECT_EQ(box.shell("find " + box.path("root") + "/layers -uid +99999 | wc -l"), "0");
}

TEST_F(Namespaces, RootInsideCannotTouchTheHostsFiles) {
  const std::string directory = box.path("hostbin");
  box.host_ok({"mkdir", directory});
  const Result refused = box.run({"-v", directory + ":/host/bin"}, {"touch", "/host/bin/x"});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.err, HasSubstr("Permission denied"));
  EXPECT_NE(access((directory + "/x").c_str(), F_OK), 0);
}

TEST_F(Namespaces, UsernsHostIsRootOutsideToo) {
  const std::string directory = box.path("hostbin");
  box.host_ok({"mkdir", directory});
  box.run_detached({"--name", "web37", "--userns", "host", "-v", directory + ":/host/bin"}, {"sleep", "600"});
  EXPECT_THAT(status_field(box.pid_of("web37"), "Uid"), testing::StartsWith("0\t"));
  EXPECT_EQ(namespace_of(std::to_string(box.pid_of("web37")), "user"), namespace_of("self", "user"));
  box.minidock_ok({"exec", "web37", "touch", "/host/bin/x"});
  EXPECT_EQ(access((directory + "/x").c_str(), F_OK), 0);
}

TEST_F(Namespaces, HostPidIsRefusedWithUserNamespaces) {
  const Result result = box.run({"--pid", "host"}, {"true"});
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_THAT(result.err, HasSubstr("cannot share the host PID namespace when user namespaces are enabled"));
}

TEST_F(Namespaces, HostNetworkIsRefusedWithUserNamespaces) {
  const Result result = box.run({"--network", "host"}, {"true"});
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_THAT(result.err, HasSubstr("cannot share the host's network namespace when user namespaces are enabled"));
}

TEST_F(Namespaces, PrivilegedIsRefusedWithUserNamespaces) {
  const Result result = box.run({"--privileged"}, {"true"});
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_THAT(result.err, HasSubstr("privileged mode is incompatible with user namespaces.  You must run the container "
                                    "in the host namespace when running privileged mode"));
}

TEST_F(Namespaces, PidHostSeesTheHostsProcesses) {
  box.run_detached({"--name", "all", "--pid", "host", "--userns", "host"}, {"sleep", "601"});
  const std::string own = std::to_string(getpid());
  EXPECT_EQ(box.minidock_ok({"exec", "all", "cat", "/proc/" + own + "/comm"}), trimmed(read_file("/proc/self/comm")));
  EXPECT_THAT(box.minidock_ok({"exec", "all", "ps"}), HasSubstr("sleep 601"));
}

TEST_F(Namespaces, UtsHostHasTheHostsName) {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  box.run_detached({"--name", "named", "--uts", "host"}, {"sleep", "600"});
  EXPECT_EQ(box.minidock_ok({"exec", "named", "hostname"}), name);
}

TEST_F(Namespaces, IpcHostSharesTheHostsIpc) {
  box.run_detached({"--name", "ipc", "--ipc", "host", "--userns", "host"}, {"sleep", "600"});
  EXPECT_EQ(namespace_of(std::to_string(box.pid_of("ipc")), "ipc"), namespace_of("self", "ipc"));
}

TEST_F(Namespaces, NetworkHostSharesTheHostsNetwork) {
  box.run_detached({"--name", "net", "--network", "host", "--userns", "host"}, {"sleep", "600"});
  EXPECT_EQ(namespace_of(std::to_string(box.pid_of("net")), "net"), namespace_of("self", "net"));
}

TEST_F(Namespaces, JoinAnotherContainersNamespaces) {
  box.run_detached({"--name", "first"}, {"sleep", "600"});
  box.run_detached({"--name", "second", "--network", "container:first", "--pid", "container:first"}, {"sleep", "602"});
  const std::string first = std::to_string(box.pid_of("first"));
  const std::string second = std::to_string(box.pid_of("second"));
  EXPECT_EQ(namespace_of(first, "net"), namespace_of(second, "net"));
  EXPECT_EQ(namespace_of(first, "pid"), namespace_of(second, "pid"));
  EXPECT_NE(namespace_of(first, "mnt"), namespace_of(second, "mnt"));
  EXPECT_THAT(box.minidock_ok({"exec", "first", "ps"}), HasSubstr("sleep 602"));
}

TEST_F(Namespaces, JoinANamespaceByPath) {
  box.run_detached({"--name", "first"}, {"sleep", "600"});
  const std::string path = "/proc/" + std::to_string(box.pid_of("first")) + "/ns/net";
  box.run_detached({"--name", "second", "--network", "ns:" + path}, {"sleep", "600"});
  EXPECT_EQ(namespace_of(std::to_string(box.pid_of("second")), "net"),
            namespace_of(std::to_string(box.pid_of("first")), "net"));
}

TEST_F(Namespaces, IpNetnsExecWorksByName) {
  box.run_detached({"--name", "web5"}, {"sleep", "600"});
  const std::string addresses = box.host_ok({"ip", "netns", "exec", "web5", "ip", "addr"});
  EXPECT_THAT(addresses, HasSubstr("eth0"));
  EXPECT_THAT(addresses, HasSubstr(box.address_of("web5") + "/"));
  box.minidock_ok({"rm", "-f", "web5"});
  EXPECT_NE(access("/run/netns/web5", F_OK), 0);
}

TEST_F(Namespaces, RemapCanBeTurnedOffInTheConfiguration) {
  const std::string file = box.write_file("daemon.json", R"({"userns-remap": ""})");
  box.load("busybox");
  box.minidock_ok({"--config-file", file, "run", "-d", "--name", "plain", "busybox", "sleep", "600"});
  EXPECT_THAT(status_field(box.pid_of("plain"), "Uid"), testing::StartsWith("0\t"));
}

TEST_F(Namespaces, AnotherUsersRangesCanBeConfigured) {
  box.shell(
      "useradd --no-create-home mapper; sed -i /^mapper:/d /etc/subuid /etc/subgid;"
      "echo mapper:700000:65536 >> /etc/subuid; echo mapper:700000:65536 >> /etc/subgid");
  const std::string file = box.write_file("daemon.json", R"({"userns-remap": "mapper"})");
  box.load("busybox");
  box.minidock_ok({"--config-file", file, "run", "-d", "--name", "other", "busybox", "sleep", "600"});
  EXPECT_THAT(status_field(box.pid_of("other"), "Uid"), testing::StartsWith("700000\t"));
}

TEST_F(Namespaces, UnknownConfigurationKeysAreErrors) {
  const std::string file = box.write_file("daemon.json", R"({"no-such-key": 1})");
  const Result result = box.minidock({"--config-file", file, "ps"});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("no-such-key"));
}

}  // namespace
}  // namespace minidock::functional
