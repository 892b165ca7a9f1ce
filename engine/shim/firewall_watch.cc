#include "engine/shim/firewall_watch.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/file.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/command_descriptors.h"
#include "base/error.h"
#include "base/process.h"
#include "base/syscall.h"

namespace minidock::shim {
namespace {

constexpr std::uint16_t nftables_type(unsigned message) {
  return static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | message);
}

// `nft destroy …` (6.3), which older headers do not have.
constexpr unsigned kDestroyTable = 26;
constexpr unsigned kDestroyFlowtable = 32;

// A notification holds many messages of one transaction, and a filter cannot loop: the first one decides. A flush
// begins with the deletion of something, a reload from a file with that or with tables; what happens all the time,
// elements of sets and rules that are added, begins otherwise.
bool let_deletions_through(int socket) {
  constexpr std::array<unsigned, 7> kFirst{NFT_MSG_NEWTABLE, NFT_MSG_DELTABLE, NFT_MSG_DELCHAIN,    NFT_MSG_DELRULE,
                                           NFT_MSG_DELSET,   NFT_MSG_DELOBJ,   NFT_MSG_DELFLOWTABLE};
  std::vector<unsigned> accepted(kFirst.begin(), kFirst.end());
  for (unsigned type = kDestroyTable; type <= kDestroyFlowtable; ++type) accepted.push_back(type);
  std::vector<sock_filter> program{BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(nlmsghdr, nlmsg_type))};
  for (std::size_t i = 0; i < accepted.size(); ++i) {
    // The filter reads in network order.
    const std::uint32_t type = htons(nftables_type(accepted[i]));
    const auto distance = static_cast<std::uint8_t>(accepted.size() - i);
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, type, distance, 0));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, 0));
  program.push_back(BPF_STMT(BPF_RET | BPF_K, ~0U));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

Fd open_netfilter_socket() {
  return Fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER));
}

Fd listen_to_nftables() {
  Fd socket = open_netfilter_socket();
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = 1U << (NFNLGRP_NFTABLES - 1);
  const bool listens = socket && let_deletions_through(socket.get()) &&
                       ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  return listens ? std::move(socket) : Fd();
}

// One question, which the kernel answers before send() returns. What cannot be told counts as being there.
bool is_gone(std::uint8_t family, const std::string& table) {
  const Fd socket = open_netfilter_socket();
  if (!socket) return false;
  nlmsghdr header{};
  nfgenmsg of_family{};
  nlattr name{};
  name.nla_type = NFTA_TABLE_NAME;
  name.nla_len = static_cast<std::uint16_t>(sizeof name + table.size() + 1);
  of_family.nfgen_family = family;
  header.nlmsg_type = nftables_type(NFT_MSG_GETTABLE);
  header.nlmsg_flags = NLM_F_REQUEST;
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + sizeof of_family + NLA_ALIGN(name.nla_len));
  std::string message(header.nlmsg_len, '\0');
  std::memcpy(message.data(), &header, sizeof header);
  std::memcpy(message.data() + sizeof header, &of_family, sizeof of_family);
  std::memcpy(message.data() + sizeof header + sizeof of_family, &name, sizeof name);
  table.copy(message.data() + sizeof header + sizeof of_family + sizeof name, table.size());
  struct {
    nlmsghdr header;
    nlmsgerr error;
  } answer{};
  if (::send(socket.get(), message.data(), message.size(), 0) < 0) return false;
  if (::recv(socket.get(), &answer, sizeof answer, 0) < static_cast<ssize_t>(sizeof answer.header)) return false;
  return answer.header.nlmsg_type == NLMSG_ERROR && answer.error.error == -ENOENT;
}

}  // namespace

Fd try_lock_firewall(const std::string& state_root) {
  Fd lock = sys::open(state_root + "/firewall.lock", O_RDWR | O_CREAT, 0600);
  if (!sys::try_flock(lock.get(), LOCK_EX | LOCK_NB)) lock.reset();
  return lock;
}

FirewallWatch::FirewallWatch(std::string table, std::string state_root, std::vector<std::string> command)
    : table_(std::move(table)),
      state_root_(std::move(state_root)),
      command_(std::move(command)),
      news_(listen_to_nftables()) {}

void FirewallWatch::look() {
  if (news_ && (is_gone(NFPROTO_INET, table_) || is_gone(NFPROTO_BRIDGE, table_))) start_command();
}

void FirewallWatch::on_news() {
  // One look for all that has come; news that did not fit (ENOBUFS) are news too.
  char byte = 0;
  while (::recv(news_.get(), &byte, sizeof byte, 0) >= 0 || errno == ENOBUFS || errno == EINTR) {
  }
  look();
}

void FirewallWatch::start_command() {
  if (command_process_) return;  // it looks again itself
  try {
    const Fd lock = try_lock_firewall(state_root_);
    if (!lock) return;
    process::SpawnOptions options;
    options.program = command_.front();
    options.arguments = command_;
    options.new_session = true;
    options.fds = {{lock.get(), kFirewallLockFd}};
    command_pid_ = process::spawn(options);
    command_process_ = sys::pidfd_open(command_pid_);
  } catch (const SysError&) {
    // The program or the state directory was removed, or the machine is out of memory: nobody is left to be told.
  }
}

void FirewallWatch::on_command_end() {
  command_process_.reset();
  sys::waitpid(command_pid_);
}

}  // namespace minidock::shim
