// Notices that somebody took the instance's firewall away (nft flush ruleset, a firewall's reload), and has it
// restored.
//
//      somebody            kernel                     this shim and all others               one command
//      nft flush ruleset ─► "tables deleted" ────────► ask whether ours are there: no
//                                                      take the lock, or leave it to
//                                                      whoever has it ──── lock ───────────► restores
//                                                                                            gives up the lock
//                                                                                            looks once more
//
// A loss is never missed: who finds the lock taken knows that its holder will look again after giving it up. Nothing is
// polled, and the kernel wakes nobody for a published port (a filter on the socket).
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.h"

namespace minidock::shim {

// Invalid while somebody else restores the firewall of the instance with this state directory.
Fd try_lock_firewall(const std::string& state_root);

class FirewallWatch {
 public:
  // table: the name that the tables inet and bridge have. `command`: argv of what restores them. Where the kernel does
  // not tell (no nf_tables, no right to listen), nothing is watched.
  FirewallWatch(std::string table, std::string state_root, std::vector<std::string> command);

  // What to wait for (EPOLLIN), -1 for nothing: news of nf_tables, and the command's end.
  int news_fd() const { return news_ ? news_.get() : -1; }
  int command_fd() const { return command_process_ ? command_process_.get() : -1; }

  // Starts the command if a table is gone.
  void look();
  // To be called when news_fd() is ready.
  void on_news();
  // To be called when command_fd() is ready, which is then another.
  void on_command_end();

 private:
  void start_command();

  const std::string table_;
  const std::string state_root_;
  const std::vector<std::string> command_;
  Fd news_;
  pid_t command_pid_ = 0;
  Fd command_process_;
};

}  // namespace minidock::shim
