// update --publish-add and --publish-rm: ports of containers that run, rest, are paused or between two runs.
#include <gmock/gmock.h>

#include <csignal>

#include "tests/functional/network_fixture.h"

namespace minidock::functional {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class UpdatePorts : public Network {
 protected:
  void update(const Arguments& words) {
    Arguments all = {"update"};
    all.insert(all.end(), words.begin(), words.end());
    box.minidock_ok(all);
  }
  std::string refusal(const Arguments& words) {
    Arguments all = {"update"};
    all.insert(all.end(), words.begin(), words.end());
    const Result result = box.minidock(all);
    EXPECT_EQ(result.exit_code, 1) << result.out;
    return result.err;
  }
  // "80/tcp 0.0.0.0:8080", from HostConfig: what the next start publishes.
  std::vector<std::string> requested(const std::string& container) {
    return lines_of(box.inspect(container,
                                "{{range $port, $at := .HostConfig.PortBindings}}{{range $at}}{{$port}} "
                                "{{.HostIp}}:{{.HostPort}}\n{{end}}{{end}}"));
  }
  std::vector<std::string> published(const std::string& container) {
    return lines_of(box.minidock_ok({"port", container}));
  }
  // Whether nobody on the host has the port: looked at, not tried, for a command may be about to take it.
  bool is_free(const std::string& port) { return box.host_ok({"ss", "-Htuln", "sport", "=", ":" + port}).empty(); }
  bool is_closed(const std::string& address) {
    return box.host({"curl", "-s", "--max-time", "5", "--noproxy", "*", "http://" + address + "/"}).exit_code != 0;
  }
  pid_t shim_of(const std::string& container) {
    const std::string main = std::to_string(box.pid_of(container));
    return std::stoi(trimmed(box.shell("awk '/^PPid:/ {print $2}' /proc/" + main + "/status")));
  }
};

TEST_F(UpdatePorts, OfARunningContainerChangeAtOnce) {
  make_remote_host();
  serve("web", {"-p", "8081:80"});
  EXPECT_TRUE(is_free("8080"));
  update({"--publish-add", "8080:80", "web"});
  EXPECT_EQ(fetch("127.0.0.1:8080"), "web");
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8080"), "web");
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8081"), "web");
  EXPECT_FALSE(is_free("8080"));
  EXPECT_THAT(published("web"), ElementsAre("80/tcp -> 0.0.0.0:8081", "80/tcp -> 0.0.0.0:8080"));
  EXPECT_THAT(requested("web"), ElementsAre("80/tcp :8081", "80/tcp :8080"));
  EXPECT_THAT(box.inspect("web", "{{json .NetworkSettings.Ports}}"), HasSubstr("\"HostPort\":\"8080\""));
  EXPECT_THAT(box.minidock_ok({"ps", "--format", "{{.Ports}}"}), HasSubstr("0.0.0.0:8080->80/tcp"));
  update({"--publish-rm", "8081", "web"});
  EXPECT_TRUE(is_closed("127.0.0.1:8081"));
  EXPECT_TRUE(is_free("8081"));
  EXPECT_EQ(fetch_from("remote", "10.99.0.1:8080"), "web");
  EXPECT_THAT(published("web"), ElementsAre("80/tcp -> 0.0.0.0:8080"));
  box.minidock_ok({"restart", "-t", "0", "web"});
  EXPECT_THAT(published("web"), ElementsAre("80/tcp -> 0.0.0.0:8080"));
  EXPECT_TRUE(Sandbox::eventually([&] { return fetch("127.0.0.1:8080") == "web"; }));
  box.minidock_ok({"rm", "-f", "web"});
  EXPECT_TRUE(is_free("8080"));
}

TEST_F(UpdatePorts, HaveTheSyntaxOfPublish) {
  serve("web", {});
  update({"--publish-add", "127.0.0.1:8080:80", "--publish-add", "8090-8091:80-81", "--publish-add", "5353:53/udp",
          "--publish-add", "9000-9010:82", "web"});
  EXPECT_EQ(fetch("127.0.0.1:8080"), "web");
  EXPECT_EQ(fetch("127.0.0.1:8090"), "web");
  EXPECT_THAT(published("web"),
              ElementsAre("80/tcp -> 127.0.0.1:8080", "80/tcp -> 0.0.0.0:8090", "81/tcp -> 0.0.0.0:8091",
                          "53/udp -> 0.0.0.0:5353", "82/tcp -> 0.0.0.0:9000"));
  update({"--publish-rm", "127.0.0.1:8080:80", "--publish-rm", "8090-8091", "--publish-rm", "5353/udp", "--publish-rm",
          "9000-9010:82", "web"});
  EXPECT_THAT(published("web"), IsEmpty());
  EXPECT_THAT(requested("web"), IsEmpty());
  // Ephemeral ones: by the port of the host that they got, or by the container's.
  update({"--publish-add", "80", "--publish-add", "127.0.0.1::81", "web"});
  const std::string host = trimmed(box.shell("echo " + box.minidock_ok({"port", "web", "80"}) + " | cut -d: -f2"));
  EXPECT_EQ(fetch("127.0.0.1:" + host), "web");
  update({"--publish-rm", host, "--publish-rm", ":81", "web"});
  EXPECT_THAT(requested("web"), IsEmpty());
  EXPECT_TRUE(is_free(host));
}

TEST_F(UpdatePorts, AllOrNothing) {
  serve("web", {"-p", "8081:80"});
  serve("other", {"-p", "8082:80"});
  const auto is_as_before = [&] {
    EXPECT_EQ(fetch("127.0.0.1:8081"), "web");
    EXPECT_TRUE(is_closed("127.0.0.1:8080"));
    EXPECT_TRUE(is_free("8080"));
    EXPECT_THAT(published("web"), ElementsAre("80/tcp -> 0.0.0.0:8081"));
    EXPECT_THAT(requested("web"), ElementsAre("80/tcp :8081"));
    EXPECT_EQ(box.inspect("web", "{{.HostConfig.Memory}}"), "0");
  };
  EXPECT_THAT(refusal({"--publish-add", "8080:80", "--publish-add", "8082:80", "--publish-rm", "8081", "web"}),
              HasSubstr("Bind for 0.0.0.0:8082 failed: port is already allocated"));
  is_as_before();
  Background owner({"python3", "-c",
                    "import socket,time; s=socket.socket(); s.bind(('0.0.0.0', 8083)); s.listen();"
                    "print('ready', flush=True); time.sleep(600)"},
                   "", box.path(""));
  ASSERT_TRUE(Sandbox::eventually([&] { return owner.out() == "ready\n"; })) << owner.err();
  EXPECT_THAT(refusal({"--memory", "64m", "--publish-add", "8080:80", "--publish-add", "8083:80", "web"}),
              HasSubstr("Bind for 0.0.0.0:8083 failed: address already in use"));
  is_as_before();
  EXPECT_THAT(refusal({"--publish-add", "8080:80", "--publish-rm", "9999", "web"}),
              HasSubstr("No public port '9999/tcp' published for web"));
  is_as_before();
  // What fails when the host has been changed already: the limits' file cannot be written.
  const std::string directory = box.path("root/containers/") + box.inspect("web", "{{.Id}}");
  box.shell("mv " + directory + "/shim.json " + directory + "/aside");
  EXPECT_THAT(refusal({"--publish-add", "8080:80", "--publish-rm", "8081", "web"}), HasSubstr("shim.json"));
  box.shell("mv " + directory + "/aside " + directory + "/shim.json");
  is_as_before();
  // Somebody took the port's element away: that it cannot be taken away is told, and the ports are put right.
  box.shell("t=$(nft list tables | awk '/inet minidock-/ {print $3}' | grep -v user); nft flush map inet $t published");
  EXPECT_THAT(refusal({"--publish-add", "8080:80", "--publish-rm", "8081", "web"}), HasSubstr("network reload"));
  is_as_before();
}

TEST_F(UpdatePorts, LeadElsewhereWithoutAGap) {
  serve("web", {"-p", "8080:80"});
  box.minidock_ok({"exec", "web", "sh", "-c",
                   "mkdir /second; echo second > /second/index.html; "
                   "httpd -p 81 -h /second"});
  update({"--publish-rm", "8080", "--publish-add", "8080:81", "web"});
  EXPECT_EQ(fetch("127.0.0.1:8080"), "second");
  EXPECT_FALSE(is_free("8080"));
  EXPECT_THAT(published("web"), ElementsAre("81/tcp -> 0.0.0.0:8080"));
  box.minidock_ok({"network", "reload"});
  EXPECT_EQ(fetch("127.0.0.1:8080"), "second");
}

TEST_F(UpdatePorts, OfAContainerAtRestCountFromItsStart) {
  box.load("busybox");
  box.minidock_ok({"create", "--name", "web", "-p", "8081:80", "-p", "81", "busybox", "sh", "-c",
                   "mkdir /www; echo web > /www/index.html; exec httpd -f -h /www"});
  update({"--publish-add", "8080:80", "--publish-rm", "8081:80/tcp", "--publish-rm", ":81", "web"});
  EXPECT_THAT(requested("web"), ElementsAre("80/tcp :8080"));
  EXPECT_THAT(published("web"), IsEmpty());
  EXPECT_THAT(refusal({"--publish-add", "8080:81", "web"}), HasSubstr("port is already allocated"));
  box.minidock_ok({"start", "web"});
  EXPECT_TRUE(Sandbox::eventually([&] { return fetch("127.0.0.1:8080") == "web"; }));
  box.minidock_ok({"stop", "-t", "0", "web"});
  update({"--publish-add", "8082:80", "--publish-rm", "8080", "web"});
  box.minidock_ok({"start", "web"});
  EXPECT_TRUE(Sandbox::eventually([&] { return fetch("127.0.0.1:8082") == "web"; }));
  EXPECT_TRUE(is_free("8080"));
}

TEST_F(UpdatePorts, OfAPausedContainer) {
  serve("web", {});
  box.minidock_ok({"pause", "web"});
  update({"--publish-add", "8080:80", "web"});
  EXPECT_FALSE(is_free("8080"));
  box.minidock_ok({"unpause", "web"});
  EXPECT_EQ(fetch("127.0.0.1:8080"), "web");
}

TEST_F(UpdatePorts, StayWhereTheShimStartsItAgain) {
  serve("web", {"--restart", "always", "-p", "8081:80"});
  update({"--publish-add", "8080:80", "--publish-rm", "8081", "web"});
  const pid_t before = box.pid_of("web");
  kill_process(before, SIGKILL);
  ASSERT_TRUE(Sandbox::eventually([&] {
    const pid_t now = box.pid_of("web");
    return now > 1 && now != before;
  }));
  EXPECT_TRUE(Sandbox::eventually([&] { return fetch("127.0.0.1:8080") == "web"; }));
  EXPECT_FALSE(is_free("8080"));
  EXPECT_TRUE(is_free("8081"));
}

TEST_F(UpdatePorts, ChangeBetweenTwoRuns) {
  box.run_detached({"--name", "cx", "--restart", "always", "-p", "8081:80"}, {"true"});
  // From run to run the pauses grow.
  ASSERT_TRUE(Sandbox::eventually(
      [&] { return box.inspect("cx", "{{.State.Status}} {{ge .RestartCount 5}}") == "restarting true"; }));
  update({"--publish-add", "8080:80", "--publish-rm", "8081", "cx"});
  EXPECT_FALSE(is_free("8080"));
  EXPECT_TRUE(is_free("8081"));
  EXPECT_THAT(published("cx"), ElementsAre("80/tcp -> 0.0.0.0:8080"));
  box.minidock_ok({"stop", "cx"});
  EXPECT_TRUE(is_free("8080"));
}

TEST_F(UpdatePorts, OfOneThatGoesWithItsEnd) {
  serve("web", {"--rm", "-p", "8081:80"});
  update({"--publish-add", "8080:80", "--publish-rm", "8081", "web"});
  EXPECT_EQ(fetch("127.0.0.1:8080"), "web");
  EXPECT_THAT(published("web"), ElementsAre("80/tcp -> 0.0.0.0:8080"));
  box.minidock_ok({"stop", "-t", "0", "web"});
  EXPECT_TRUE(is_free("8080"));
  EXPECT_THAT(box.shell("nft list ruleset"), Not(HasSubstr("8080")));
}

TEST_F(UpdatePorts, FollowTheContainerToAnotherNetwork) {
  box.minidock_ok({"network", "create", "-o", "com.docker.network.bridge.host_binding_ipv4=127.0.0.1", "net1"});
  serve("web", {});
  box.minidock_ok({"network", "disconnect", "bridge", "web"});
  update({"--publish-add", "8080:80", "web"});
  EXPECT_TRUE(is_closed("127.0.0.1:8080"));
  box.minidock_ok({"network", "connect", "net1", "web"});
  EXPECT_EQ(fetch("127.0.0.1:8080"), "web");
  // Where the network says where.
  update({"--publish-add", "8081:80", "--publish-rm", "8080", "web"});
  EXPECT_THAT(published("web"), ElementsAre("80/tcp -> 127.0.0.1:8081"));
  EXPECT_THAT(requested("web"), ElementsAre("80/tcp :8081"));
  update({"--publish-rm", "8081", "web"});
  EXPECT_THAT(requested("web"), IsEmpty());
}

constexpr char kTalk[] = R"(
import os, socket, sys, time
talk = socket.create_connection(('127.0.0.1', 8080))
def say(word):
    talk.sendall(word)
    print(talk.recv(100).decode(), flush=True)
say(b'before')
while not os.path.exists(sys.argv[1]): time.sleep(0.01)
say(b'after')
)";

TEST_F(UpdatePorts, WhoIsConnectedStaysConnected) {
  box.run_detached({"--name", "echo", "-p", "8080:90"}, {"nc", "-ll", "-p", "90", "-e", "cat"});
  const std::string sign = box.path("removed");
  Background client({"sh", "-c", "until python3 -c \"$1\" $2; do sleep 0.1; done", "sh", kTalk, sign}, "",
                    box.path(""));
  ASSERT_TRUE(Sandbox::eventually([&] { return client.out() == "before\n"; })) << client.err();
  update({"--publish-rm", "8080", "echo"});
  box.write_file("removed", "");
  EXPECT_EQ(client.wait().out, "before\nafter\n");
  EXPECT_TRUE(is_closed("127.0.0.1:8080"));
}

// ---- a command that is killed

TEST_F(UpdatePorts, AKilledAdditionIsTakenBack) {
  serve("web", {"-p", "8081:80"});
  const pid_t shim = shim_of("web");
  kill_process(shim, SIGSTOP);
  // It waits for the shim, before anything is decided.
  Background killed = box.start({"update", "--publish-add", "8080:80", "web"});
  EXPECT_TRUE(Sandbox::eventually([&] { return !is_free("8080"); })) << killed.err();
  killed.signal(SIGKILL);
  killed.wait();
  kill_process(shim, SIGCONT);
  EXPECT_TRUE(Sandbox::eventually([&] {
    EXPECT_THAT(published("web"), ElementsAre("80/tcp -> 0.0.0.0:8081"));
    return is_free("8080");
  }));
  EXPECT_THAT(box.shell("nft list ruleset"), AllOf(HasSubstr("8081"), Not(HasSubstr("8080"))));
  update({"--publish-add", "8080:80", "web"});
  EXPECT_EQ(fetch("127.0.0.1:8080"), "web");
}

TEST_F(UpdatePorts, AKilledRemovalIsFinished) {
  serve("web", {"-p", "8081:80"});
  const pid_t shim = shim_of("web");
  kill_process(shim, SIGSTOP);
  // It is decided, and waits for the shim to let go.
  Background killed = box.start({"update", "--publish-rm", "8081", "web"});
  EXPECT_TRUE(Sandbox::eventually([&] { return requested("web").empty(); })) << killed.err();
  killed.signal(SIGKILL);
  killed.wait();
  kill_process(shim, SIGCONT);
  EXPECT_FALSE(box.minidock_ok({"ps", "-q"}).empty());
  EXPECT_TRUE(is_free("8081"));
}

TEST_F(UpdatePorts, AKilledChangeGoesWithTheContainer) {
  serve("web", {"-p", "8081:80"});
  const pid_t shim = shim_of("web");
  kill_process(shim, SIGSTOP);
  Background killed = box.start({"update", "--publish-add", "8080:80", "--publish-rm", "8081", "web"});
  EXPECT_TRUE(Sandbox::eventually([&] { return !is_free("8080"); })) << killed.err();
  killed.signal(SIGKILL);
  killed.wait();
  kill_process(shim, SIGKILL);
  EXPECT_TRUE(Sandbox::eventually([&] { return box.inspect("web", "{{.State.Status}}") == "exited"; }));
  EXPECT_TRUE(is_free("8080"));
  EXPECT_TRUE(is_free("8081"));
  box.minidock_ok({"start", "web"});
  EXPECT_THAT(published("web"), ElementsAre("80/tcp -> 0.0.0.0:8081"));
}

// What a command leaves that is killed between the firewall's change and the database's.
TEST_F(UpdatePorts, WhatWasPublishedAndNotDecidedGoes) {
  for (const bool has_ended : {false, true}) {
    serve("web", {"-p", "8081:80"});
    box.shell(
        "t=$(nft list tables | awk '/inet minidock-/ {print $3}' | grep -v user);"
        "nft add element inet $t published '{ tcp . 8080 : " +
        box.address_of("web") + " . 80 }'");
    EXPECT_EQ(fetch("127.0.0.1:8080"), "web");
    box.shell("printf x > " + box.path("state/containers/") + box.inspect("web", "{{.Id}}") + "/ports.lock");
    if (has_ended) box.minidock_ok({"kill", "web"});
    box.minidock_ok({"ps"});
    EXPECT_TRUE(Sandbox::eventually([&] {
      return testing::Matches(Not(HasSubstr("8080")))(box.shell("nft list ruleset"));
    })) << has_ended;
    if (!has_ended) {
      EXPECT_EQ(fetch("127.0.0.1:8081"), "web");
    }
    box.minidock_ok({"rm", "-f", "web"});
  }
}

// ---- what cannot be

TEST_F(UpdatePorts, WhatCannotBeIsRefused) {
  serve("web", {"-P", "--expose", "90", "-p", "8080:80"});
  box.run_detached({"--name", "alone", "--network", "none"}, {"sleep", "600"});
  box.run_detached({"--name", "guest", "--network", "container:web"}, {"sleep", "600"});
  box.run_detached({"--name", "open", "--network", "host", "--userns", "host"}, {"sleep", "600"});
  EXPECT_THAT(refusal({"--publish-add", "8081:80", "alone"}),
              HasSubstr("conflicting options: port publishing and the none network mode"));
  EXPECT_THAT(refusal({"--publish-add", "8081:80", "guest"}),
              HasSubstr("conflicting options: port publishing and the container type network mode"));
  EXPECT_THAT(refusal({"--publish-rm", "8081", "open"}),
              HasSubstr("conflicting options: port publishing and the host network mode"));
  EXPECT_THAT(refusal({"--publish-add", "8081:80", "nobody"}), HasSubstr("No such container: nobody"));
  EXPECT_THAT(refusal({"--publish-add", "8080:81", "web"}), HasSubstr("port is already allocated"));
  EXPECT_THAT(refusal({"--publish-add", "192.0.2.1:8081:80", "web"}), HasSubstr("cannot assign requested address"));
  EXPECT_THAT(refusal({"--publish-rm", "8080:81", "web"}), HasSubstr("No public port '8080/tcp' published for web"));
  EXPECT_THAT(refusal({"--publish-rm", "8080/udp", "web"}), HasSubstr("No public port '8080/udp' published for web"));
  EXPECT_THAT(refusal({"--publish-rm", ":90", "web"}), HasSubstr("is published by --publish-all"));
  EXPECT_THAT(refusal({"--publish-rm", "eighty", "web"}), HasSubstr("Invalid hostPort: eighty"));
  EXPECT_EQ(fetch("127.0.0.1:8080"), "web");
}

}  // namespace
}  // namespace minidock::functional
