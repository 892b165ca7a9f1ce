// One installation of minidock: its root and state directories and the names that it uses on the host. Two instances
// with different directories never meet: their bridge, nft table and cgroup parent are derived from the directories.
#pragma once

#include <string>

namespace minidock::storage {

inline constexpr char kDefaultRoot[] = "/var/lib/minidock";
inline constexpr char kDefaultState[] = "/run/minidock";

struct Instance {
  std::string root;           // --root: images, layers, containers, database; kept across boots
  std::string state;          // --state: sockets, pid files; gone at boot
  std::string bridge;         // "minidock0" for the default directories, else "md" + 8 hex digits
  std::string nft_table;      // "minidock", else "minidock-" + 8 hex digits (family inet)
  std::string cgroup_parent;  // "minidock", else "minidock-" + 8 hex digits

  std::string database() const { return root + "/db.sqlite"; }
  std::string blobs() const { return root + "/blobs/sha256"; }
  std::string layers() const { return root + "/layers"; }
  std::string volumes() const { return root + "/volumes"; }
  std::string cache() const { return root + "/cache"; }
  std::string container_dir(const std::string& id) const { return root + "/containers/" + id; }
  std::string container_state_dir(const std::string& id) const { return state + "/containers/" + id; }
  // A link to the id of the running container of that name.
  std::string name_link(const std::string& name) const { return state + "/names/" + name; }
};

// Derives the names. Relative directories are made absolute first.
Instance make_instance(const std::string& root, const std::string& state);

// Creates what is missing below root and state, mode 0700 (rule R11); layers/ gets the top-directory flag.
void create_directories(const Instance& instance);

}  // namespace minidock::storage
