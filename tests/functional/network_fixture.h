// Web servers in containers, and who reaches them.
#pragma once

#include <memory>

#include "tests/functional/sandbox.h"

namespace minidock::functional {

class Network : public FunctionalTest {
 protected:
  // A web server (busybox httpd) that serves its own name.
  void serve(const std::string& name, const Arguments& options, const std::string& port = "80") {
    Arguments all = {"--name", name};
    all.insert(all.end(), options.begin(), options.end());
    box.run_detached(
        all, {"sh", "-c", "mkdir /www; echo " + name + " > /www/index.html; exec httpd -f -p " + port + " -h /www"});
    EXPECT_TRUE(Sandbox::eventually([&] { return fetch(box.address_of(name) + ":" + port) == name; }))
        << name << " does not answer";
  }
  std::string fetch(const std::string& address) {
    return trimmed(box.host({"curl", "-s", "--max-time", "5", "--noproxy", "*", "http://" + address + "/"}).out);
  }
  std::string fetch_from(const std::string& network_namespace, const std::string& address, const char* seconds = "5") {
    return trimmed(box.host({"ip", "netns", "exec", network_namespace, "curl", "-s", "--max-time", seconds, "--noproxy",
                             "*", "http://" + address + "/"})
                       .out);
  }
  // Body and headers of an HTTP answer as a container gets it (busybox' static wget ends with SIGSEGV given a timeout).
  std::string fetch_inside(const std::string& container, const std::string& host, const std::string& port) {
    return box
        .minidock({"exec", container, "sh", "-c", "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 " + host + " " + port})
        .out;
  }
  // Another machine, joined to this one by a cable: this side has 10.99.0.1, the other 10.99.0.2.
  void make_remote_host() {
    box.shell(
        "ip netns add remote && ip link add cable0 type veth peer name cable1 netns remote &&"
        "ip addr add 10.99.0.1/24 dev cable0 && ip link set cable0 up &&"
        "ip -n remote addr add 10.99.0.2/24 dev cable1 && ip -n remote link set cable1 up &&"
        "ip -n remote link set lo up && ip -n remote route add default via 10.99.0.1");
  }
  // A name server of the host, which knows each name as 192.0.2.7, but for those of `others` ("name=address").
  void serve_host_names(const Arguments& others = {}) {
    Arguments command{source_directory() + "/tests/functional/answer_names", "127.0.0.53", "192.0.2.7"};
    command.insert(command.end(), others.begin(), others.end());
    upstream_ = std::make_unique<Background>(command, "", box.path(""));
    ASSERT_TRUE(Sandbox::eventually([&] { return upstream_->out() == "ready\n"; })) << upstream_->err();
    box.shell("echo nameserver 127.0.0.53 > " + box.path("resolv.conf") + " && mount --bind " +
              box.path("resolv.conf") + " /etc/resolv.conf");
  }

  std::unique_ptr<Background> upstream_;
};

}  // namespace minidock::functional
