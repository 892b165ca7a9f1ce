// The kernel's own price of a container: the system calls that one needs and nothing else — namespaces, id maps,
// idmapped overlay, docker's mounts, a veth pair on a bridge, exec, wait, removal. No database, log, filter, firewall
// or command line between them. What minidock takes is compared with this.
//
//   floor [--network none|bridge] [--userns] [--exec] [--iterations N] [--directory DIR]
//
// Prints one line of milliseconds an iteration, then median and minimum. Runs in mount and network namespaces of its
// own.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/syscall.h"

namespace minidock::floor {
namespace {

constexpr std::uint32_t kHostId = 500000;
constexpr unsigned kPlain = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
constexpr unsigned kMoveByFd = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
constexpr std::array<const char*, 6> kDevices = {"null", "zero", "full", "random", "urandom", "tty"};
constexpr std::array<const char*, 3> kFiles = {"resolv.conf", "hostname", "hosts"};

struct Options {
  bool bridge = false;
  bool userns = false;
  bool exec = false;
  int iterations = 20;
  std::string directory = "/tmp";
};

// ---- network: two messages, as few as the kernel takes

class Route {
 public:
  Route() : socket_(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC)) {
    if (socket_ == nullptr || mnl_socket_bind(socket_, 0, MNL_SOCKET_AUTOPID) < 0) throw SysError("netlink socket");
  }
  ~Route() { mnl_socket_close(socket_); }
  Route(const Route&) = delete;
  Route& operator=(const Route&) = delete;

  template <typename Family>
  std::pair<nlmsghdr*, Family*> begin(std::uint16_t type, std::uint16_t flags) {
    nlmsghdr* message = mnl_nlmsg_put_header(buffer_.data() + used_);
    message->nlmsg_type = type;
    message->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    message->nlmsg_seq = ++sequence_;
    return {message, static_cast<Family*>(mnl_nlmsg_put_extra_header(message, sizeof(Family)))};
  }
  void end(const nlmsghdr* message) {
    used_ += MNL_ALIGN(message->nlmsg_len);
    ++pending_;
  }
  void send() {
    if (mnl_socket_sendto(socket_, buffer_.data(), used_) < 0) throw SysError("netlink send");
    used_ = 0;
    std::array<char, 8192> answer{};
    while (pending_ > 0) {
      const ssize_t got = mnl_socket_recvfrom(socket_, answer.data(), answer.size());
      if (got < 0) throw SysError("netlink receive");
      auto* message = reinterpret_cast<nlmsghdr*>(answer.data());
      for (int rest = static_cast<int>(got); mnl_nlmsg_ok(message, rest); message = mnl_nlmsg_next(message, &rest)) {
        const auto* error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message));
        if (message->nlmsg_type != NLMSG_ERROR) continue;
        --pending_;
        if (error->error != 0) throw SysError(-error->error, "netlink request");
      }
    }
  }

 private:
  mnl_socket* socket_;
  alignas(8) std::array<char, 8192> buffer_{};
  std::size_t used_ = 0;
  unsigned sequence_ = 0;
  int pending_ = 0;
};

void put_up(Route& route, int index) {
  auto [message, link] = route.begin<ifinfomsg>(RTM_NEWLINK, 0);
  link->ifi_index = index;
  link->ifi_flags = IFF_UP;
  link->ifi_change = IFF_UP;
  route.end(message);
}

int make_bridge(Route& route) {
  auto [message, link] = route.begin<ifinfomsg>(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  link->ifi_flags = IFF_UP;
  link->ifi_change = IFF_UP;
  mnl_attr_put_strz(message, IFLA_IFNAME, "floor0");
  nlattr* info = mnl_attr_nest_start(message, IFLA_LINKINFO);
  mnl_attr_put_strz(message, IFLA_INFO_KIND, "bridge");
  mnl_attr_nest_end(message, info);
  route.end(message);
  route.send();
  return static_cast<int>(if_nametoindex("floor0"));
}

void make_veth(Route& route, int bridge, int netns, int number) {
  auto [message, link] = route.begin<ifinfomsg>(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  link->ifi_flags = IFF_UP;
  link->ifi_change = IFF_UP;
  mnl_attr_put_strz(message, IFLA_IFNAME, fmt::format("f{}", number).c_str());
  mnl_attr_put_u32(message, IFLA_MASTER, static_cast<std::uint32_t>(bridge));
  nlattr* info = mnl_attr_nest_start(message, IFLA_LINKINFO);
  mnl_attr_put_strz(message, IFLA_INFO_KIND, "veth");
  nlattr* data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
  nlattr* peer = mnl_attr_nest_start(message, VETH_INFO_PEER);
  auto* other = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg)));
  other->ifi_index = 2;
  mnl_attr_put_strz(message, IFLA_IFNAME, "eth0");
  mnl_attr_put_u32(message, IFLA_NET_NS_FD, static_cast<std::uint32_t>(netns));
  mnl_attr_nest_end(message, peer);
  mnl_attr_nest_end(message, data);
  mnl_attr_nest_end(message, info);
  route.end(message);
  route.send();
}

void configure_peer(Route& route) {
  auto [address, ifa] = route.begin<ifaddrmsg>(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  ifa->ifa_family = AF_INET;
  ifa->ifa_prefixlen = 16;
  ifa->ifa_index = 2;
  mnl_attr_put_u32(address, IFA_LOCAL, htonl(0xac1f0102));
  route.end(address);
  put_up(route, 1);
  put_up(route, 2);
  auto [gateway, rtm] = route.begin<rtmsg>(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
  rtm->rtm_family = AF_INET;
  rtm->rtm_table = RT_TABLE_MAIN;
  rtm->rtm_protocol = RTPROT_STATIC;
  rtm->rtm_type = RTN_UNICAST;
  mnl_attr_put_u32(gateway, RTA_GATEWAY, htonl(0xac1f0001));
  mnl_attr_put_u32(gateway, RTA_OIF, 2);
  route.end(gateway);
  route.send();
}

void attach_network(Route& host, int bridge, int own_netns, pid_t child, int number) {
  const Fd netns = sys::open(fmt::format("/proc/{}/ns/net", child), O_RDONLY);
  make_veth(host, bridge, netns.get(), number);
  sys::setns(netns.get(), CLONE_NEWNET);
  Route inside;
  sys::setns(own_netns, CLONE_NEWNET);
  configure_peer(inside);
}

// ---- mounts

Fd make_filesystem(const char* type, unsigned attributes,
                   std::initializer_list<std::pair<const char*, const char*>> data = {}) {
  const Fd context = sys::fsopen(type);
  for (const auto& [key, value] : data) sys::fsconfig_string(context.get(), key, value);
  sys::fsconfig_create(context.get());
  return sys::fsmount(context.get(), attributes);
}

Fd target(int root, const std::string& path) {
  return sys::openat2(root, path, O_PATH, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

void attach(int root, const Fd& mount, const std::string& path) {
  sys::move_mount(mount.get(), "", target(root, path).get(), "", kMoveByFd);
}

Fd clone_tree(int fd, const std::string& path, unsigned flags = 0) {
  return sys::open_tree(fd, path, OPEN_TREE_CLONE | flags);
}

void set_attributes(const Fd& tree, std::uint64_t attributes, int userns = -1) {
  struct mount_attr wanted {};
  wanted.attr_set = attributes;
  if (userns >= 0) wanted.userns_fd = static_cast<std::uint64_t>(userns);
  sys::mount_setattr(tree.get(), "", AT_EMPTY_PATH, wanted);
}

Fd mount_overlay(const std::string& directory, const std::string& container, int userns) {
  const Fd store = clone_tree(AT_FDCWD, directory + "/layers");
  if (userns >= 0) set_attributes(store, MOUNT_ATTR_IDMAP, userns);
  const Fd lower = sys::openat(store.get(), "base", O_PATH | O_DIRECTORY);
  const Fd upper = sys::open(container + "/u", O_PATH | O_DIRECTORY);
  const Fd work = sys::open(container + "/w", O_PATH | O_DIRECTORY);
  const Fd context = sys::fsopen("overlay");
  sys::fsconfig_fd(context.get(), "lowerdir+", lower.get());
  sys::fsconfig_fd(context.get(), "upperdir", upper.get());
  sys::fsconfig_fd(context.get(), "workdir", work.get());
  sys::fsconfig_flag(context.get(), "volatile");
  sys::fsconfig_create(context.get());
  return sys::fsmount(context.get(), 0);
}

void fill_dev(int dev, bool userns) {
  for (std::size_t i = 0; i < kDevices.size(); ++i) {
    constexpr std::array<unsigned, 6> kMinors = {3, 5, 7, 8, 9, 0};
    if (userns) {
      sys::openat(dev, kDevices[i], O_CREAT | O_WRONLY, 0666);
    } else {
      sys::mknodat(dev, kDevices[i], S_IFCHR | 0666, makedev(i == 5 ? 5 : 1, kMinors[i]));
    }
  }
  for (const char* link : {"fd", "stdin", "stdout", "stderr", "ptmx", "core"})
    sys::symlinkat("/proc/self/fd", dev, link);
  for (const char* name : {"pts", "shm", "mqueue"}) sys::mkdirat(dev, name, 0755);
}

void cover(int root, int dev, bool userns) {
  for (const char* path : {"proc/bus", "proc/fs", "proc/irq", "proc/sys"}) {
    const Fd tree = clone_tree(target(root, path).get(), "", static_cast<unsigned>(AT_EMPTY_PATH | AT_RECURSIVE));
    set_attributes(tree, MOUNT_ATTR_RDONLY);
    attach(root, tree, path);
  }
  const Fd null = userns ? target(root, "dev/null") : sys::openat(dev, "null", O_PATH);
  for (const char* path : {"proc/keys", "proc/timer_list", "proc/interrupts"}) {
    attach(root, clone_tree(null.get(), "", static_cast<unsigned>(AT_EMPTY_PATH)), path);
  }
  attach(root, make_filesystem("tmpfs", kPlain | MOUNT_ATTR_RDONLY), "proc/acpi");
  attach(root, make_filesystem("tmpfs", kPlain | MOUNT_ATTR_RDONLY), "sys/firmware");
}

struct Prepared {
  std::vector<Fd> devices;
  std::vector<Fd> files;
};

void build_root(const Options& options, const Fd& root, const Prepared& prepared) {
  sys::mount("", "/", "", MS_REC | MS_SLAVE, "");
  sys::move_mount(root.get(), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
  attach(root.get(), make_filesystem("proc", kPlain), "proc");
  attach(root.get(), make_filesystem("sysfs", kPlain | MOUNT_ATTR_RDONLY), "sys");
  attach(root.get(), make_filesystem("cgroup2", kPlain | MOUNT_ATTR_RDONLY), "sys/fs/cgroup");
  const Fd dev =
      make_filesystem("tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME, {{"mode", "755"}, {"size", "65536k"}});
  fill_dev(dev.get(), options.userns);
  attach(root.get(), dev, "dev");
  for (std::size_t i = 0; i < prepared.devices.size(); ++i) {
    attach(root.get(), prepared.devices[i], fmt::format("dev/{}", kDevices[i]));
  }
  attach(root.get(),
         make_filesystem("devpts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
                         {{"ptmxmode", "0666"}, {"mode", "0620"}, {"gid", "5"}}),
         "dev/pts");
  attach(root.get(), make_filesystem("tmpfs", kPlain, {{"mode", "1777"}, {"size", "65536k"}}), "dev/shm");
  attach(root.get(), make_filesystem("mqueue", kPlain), "dev/mqueue");
  for (std::size_t i = 0; i < kFiles.size(); ++i)
    attach(root.get(), prepared.files[i], fmt::format("etc/{}", kFiles[i]));
  cover(root.get(), dev.get(), options.userns);
  sys::fchdir(root.get());
  sys::pivot_root(".", ".");
  sys::umount2(".", MNT_DETACH);
  sys::chdir("/");
}

// ---- the container

[[noreturn]] void child_main(const Options& options, int channel, const Prepared& prepared,
                             const std::vector<const char*>& argv) {
  try {
    sys::unshare(CLONE_NEWCGROUP);
    sys::Message message = sys::receive_message(channel);
    if (options.userns) {
      sys::setresgid(0);
      sys::setresuid(0);
    }
    sys::sethostname("floor");
    build_root(options, message.fds.at(0), prepared);
    sys::receive_message(channel);
    execv(argv[0], const_cast<char* const*>(argv.data()));
    throw SysError("execv");
  } catch (const std::exception& error) {
    fmt::print(stderr, "floor: child: {}\n", error.what());
  }
  _exit(1);
}

struct Machine {
  Options options;
  std::string directory;
  Route* route = nullptr;
  int bridge = 0;
  Fd own_netns;
};

Prepared prepare(const Options& options, const std::string& directory) {
  Prepared prepared;
  for (const char* name : kDevices) {
    if (options.userns) prepared.devices.push_back(clone_tree(AT_FDCWD, fmt::format("/dev/{}", name)));
  }
  for (const char* name : kFiles) prepared.files.push_back(clone_tree(AT_FDCWD, fmt::format("{}/{}", directory, name)));
  return prepared;
}

struct Started {
  pid_t pid = 0;
  Fd pidfd;
  std::string directory;
};

Started start(const Machine& machine, int number, const std::vector<const char*>& argv) {
  Started started;
  started.directory = fmt::format("{}/c{}", machine.directory, number);
  for (const char* name : {"", "/u", "/w"}) sys::mkdirat(AT_FDCWD, started.directory + name, 0755);
  if (machine.options.userns) sys::fchownat(AT_FDCWD, started.directory + "/u", kHostId, kHostId, 0);
  const Prepared prepared = prepare(machine.options, machine.directory);
  const SocketPair channel = sys::socketpair(SOCK_SEQPACKET);
  int pidfd = -1;
  struct clone_args arguments {};
  arguments.exit_signal = SIGCHLD;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  arguments.flags = CLONE_PIDFD | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET;
  if (machine.options.userns) arguments.flags |= CLONE_NEWUSER;
  started.pid = sys::clone3(arguments);
  if (started.pid == 0) child_main(machine.options, channel.theirs.get(), prepared, argv);
  started.pidfd = Fd(pidfd);
  Fd userns;
  if (machine.options.userns) {
    const std::string map = fmt::format("0 {} 65536\n", kHostId);
    file::write_existing(fmt::format("/proc/{}/uid_map", started.pid), map);
    file::write_existing(fmt::format("/proc/{}/gid_map", started.pid), map);
    userns = sys::open(fmt::format("/proc/{}/ns/user", started.pid), O_RDONLY);
  }
  const Fd root = mount_overlay(machine.directory, started.directory, userns.get());
  const std::array<int, 1> fds = {root.get()};
  sys::send_message(channel.ours.get(), "r", fds);
  if (machine.options.bridge) {
    attach_network(*machine.route, machine.bridge, machine.own_netns.get(), started.pid, number);
  }
  sys::send_message(channel.ours.get(), "g");
  return started;
}

void finish(const Started& started) {
  const int status = sys::waitpid(started.pid);
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) throw Error(ErrorKind::internal, "the container failed");
  file::remove_tree(started.directory);
}

// ---- exec into a running container: vfork-style twice around one setns

struct ExecArguments {
  int pidfd;
  int flags;
};
alignas(16) std::array<char, 65536> joiner_stack;
alignas(16) std::array<char, 65536> child_stack;

int exec_child(void*) {
  execl("/bin/true", "true", nullptr);
  _exit(127);
}

int exec_joiner(void* pointer) {
  const auto* arguments = static_cast<const ExecArguments*>(pointer);
  if (setns(arguments->pidfd, arguments->flags) != 0) _exit(126);
  const int flags = CLONE_VM | CLONE_VFORK | CLONE_PARENT;
  _exit(clone(exec_child, child_stack.data() + child_stack.size(), flags, nullptr) < 0 ? 125 : 0);
}

void exec_once(const Options& options, int pidfd) {
  ExecArguments arguments{pidfd,
                          CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP};
  if (options.userns) arguments.flags |= CLONE_NEWUSER;
  if (clone(exec_joiner, joiner_stack.data() + joiner_stack.size(), CLONE_VM | CLONE_VFORK | SIGCHLD, &arguments) < 0) {
    throw SysError("clone");
  }
  for (int i = 0; i < 2; ++i) {
    if (sys::waitpid(-1) != 0) throw Error(ErrorKind::internal, "exec failed");
  }
}

// ---- measuring

double milliseconds_of(const auto& step) {
  const auto begin = std::chrono::steady_clock::now();
  step();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

void report(std::vector<double> times) {
  for (const double time : times) fmt::print("{:.3f}\n", time);
  std::sort(times.begin(), times.end());
  fmt::print("median {:.3f} ms, min {:.3f} ms\n", times[times.size() / 2], times.front());
}

void make_layer(const std::string& directory) {
  const std::string layer = directory + "/layers/base";
  for (const char* name : {"/bin", "/etc", "/proc", "/sys", "/dev"}) file::make_directories(layer + name, 0755);
  file::write(layer + "/bin/busybox", file::read("/bin/busybox"), 0755);
  for (const char* name : {"true", "sleep"}) sys::symlinkat("busybox", AT_FDCWD, layer + "/bin/" + name);
  for (const char* name : kFiles) {
    file::write(layer + "/etc/" + name, "", 0644);
    file::write(fmt::format("{}/{}", directory, name), "127.0.0.1 localhost\n", 0644);
  }
}

void measure(Machine& machine) {
  const Options& options = machine.options;
  std::vector<double> times;
  if (options.exec) {
    const Started running = start(machine, 0, {"/bin/sleep", "100000", nullptr});
    usleep(100'000);  // until it has its root; nothing is measured yet
    for (int i = 0; i < options.iterations; ++i)
      times.push_back(milliseconds_of([&] { exec_once(options, running.pidfd.get()); }));
    sys::pidfd_send_signal(running.pidfd.get(), SIGKILL);
    finish(running);
  } else {
    for (int i = 0; i < options.iterations; ++i) {
      times.push_back(milliseconds_of([&] { finish(start(machine, i, {"/bin/true", nullptr})); }));
    }
  }
  report(times);
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::string_view value = i + 1 < argc ? argv[i + 1] : "";
    if (word == "--userns") {
      options.userns = true;
    } else if (word == "--exec") {
      options.exec = true;
    } else if (word == "--network" && (value == "none" || value == "bridge")) {
      options.bridge = value == "bridge";
      ++i;
    } else if (word == "--iterations" &&
               std::from_chars(value.data(), value.data() + value.size(), options.iterations).ec == std::errc() &&
               options.iterations > 0) {
      ++i;
    } else if (word == "--directory" && !value.empty()) {
      options.directory = value;
      ++i;
    } else {
      throw Error(ErrorKind::invalid_argument,
                  "usage: floor [--network none|bridge] [--userns] [--exec] [--iterations N] [--directory DIR]");
    }
  }
  return options;
}

void run(int argc, char** argv) {
  Machine machine;
  machine.options = parse(argc, argv);
  sys::unshare(CLONE_NEWNS | CLONE_NEWNET);
  sys::mount("", "/", "", MS_REC | MS_PRIVATE, "");
  umask(0);
  machine.directory = machine.options.directory + "/minidock-floor-XXXXXX";
  if (mkdtemp(machine.directory.data()) == nullptr) throw SysError("mkdtemp(\"" + machine.directory + "\")");
  sys::set_topdir_flag(sys::open(machine.directory, O_RDONLY | O_DIRECTORY).get());
  make_layer(machine.directory);
  Route route;
  machine.route = &route;
  machine.own_netns = sys::open("/proc/self/ns/net", O_RDONLY);
  if (machine.options.bridge) {
    file::write_existing("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
    machine.bridge = make_bridge(route);
  }
  measure(machine);
  file::remove_tree(machine.directory);
}

}  // namespace
}  // namespace minidock::floor

int main(int argc, char** argv) {
  try {
    minidock::floor::run(argc, argv);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "floor: {}\n", error.what());
    return 1;
  }
}
