// The one interface that every front end sees: a declaration a verb. An Engine works on one instance; it holds nothing
// between calls but the open database, and each call first puts right what a killed process left behind.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/container_store.h"
#include "engine/context.h"
#include "engine/daemon_config.h"
#include "engine/definition.h"
#include "engine/running_containers.h"
#include "engine/streams/client_streams.h"
#include "engine/subordinate_ids.h"
#include "image/image_store.h"
#include "storage/database.h"
#include "storage/instance.h"

namespace minidock {

struct EngineOptions {
  std::optional<std::string> root;         // --root
  std::optional<std::string> state;        // --state
  std::optional<std::string> config_file;  // --config-file
  bool debug = false;                      // --debug
};

// ---- images

struct PullOptions {
  std::string reference;
  std::string platform;  // "os/arch[/variant]", "" for this machine's
  bool quiet = false;
  int progress_fd = 1;  // where progress goes: standard output for `pull`, standard error for `run`
};

struct LoadOptions {
  std::string input;  // "" is standard input
  bool quiet = false;
};

struct ImportOptions {
  std::string source;  // a file, or "-"
  std::string reference;
  std::vector<std::string> changes;
  std::string message;
  std::string platform;
};

// ---- containers

struct RunOptions {
  ContainerConfig config;  // config.image is the image; config.cmd the command line
  HostConfig host;
  std::string name;
  std::string platform;
  std::string pull = "missing";  // "always", "missing", "never"
  bool quiet_pull = false;
  bool detach = false;
  bool proxy_signals = true;
  std::string detach_keys;
  std::string cid_file;
};

struct RunResult {
  std::string id;
  std::optional<int> exit_code;  // nothing when detached
};

struct ExecOptions {
  std::string container;
  std::vector<std::string> command;
  std::vector<std::string> env;
  std::string user;
  std::string working_dir;
  bool detach = false;
  bool interactive = false;
  bool tty = false;
  bool privileged = false;
  std::string detach_keys;
};

struct ListOptions {
  bool all = false;
  int last = 0;                      // -n; 0 for no limit
  std::vector<std::string> filters;  // "status=running"
};

struct LogsOptions {
  std::string container;
  bool follow = false;
  bool timestamps = false;
  bool details = false;               // the attributes that --log-opt labels, env and tag have added
  std::optional<std::int64_t> tail;   // lines; nothing for all
  std::optional<std::int64_t> since;  // ns since the epoch
  std::optional<std::int64_t> until;
};

class Engine {
 public:
  explicit Engine(const EngineOptions& options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // ---- images. pull, load and import run minidock-image, which prints on the caller's streams.
  void pull(const PullOptions& options);
  void load(const LoadOptions& options);
  void import_image(const ImportOptions& options);
  std::vector<image::Image> images();
  image::Image image(const std::string& name);
  void tag(const std::string& source, const std::string& target);
  image::RemovedImage remove_image(const std::string& name, bool force);

  // ---- containers: life
  RunResult run(const RunOptions& options, const std::function<void(const std::string& id)>& on_detached);
  void stop(const std::string& name, std::optional<int> timeout_seconds, const std::string& signal);
  void kill(const std::string& name, const std::string& signal);
  // `volumes`: the container's anonymous volumes go with it.
  void remove(const std::string& name, bool force, bool volumes);
  // Blocks until the container is not running; its exit code.
  int wait(const std::string& name);
  // The shim's clean-up command: releases what an ended container held; removes it when it was run with --rm.
  void clean_up(const std::string& id);

  // ---- containers: processes and resources
  int exec(const ExecOptions& options);

  // ---- containers: output
  void logs(const LogsOptions& options, int out, int err);
  // Empties the log, rotated files included, while the container runs or not.
  void clear_log(const std::string& name);

  // ---- containers: files

  // ---- containers: lists and documents
  std::vector<Container> list(const ListOptions& options);
  Container container(const std::string& name);
  OrderedJson inspect_container(const std::string& name);
  OrderedJson inspect_image(const std::string& name);

  // ---- volumes and secrets

  // ---- system
  // Host state: `down` takes away bridge, firewall table and cgroup parent; `reset` every container, image and volume.
  void system_down();
  void system_reset();

  const storage::Instance& instance() const { return instance_; }
  const DaemonConfig& config() const { return config_; }

 private:
  // Opened at the first use.
  storage::Database& database();
  EngineContext context();
  // The container with its state put right.
  Container resolve(const std::string& name);
  RunningContainer running_container(const std::string& name);
  image::Image image_for_run(const RunOptions& options);

  DaemonConfig config_;
  storage::Instance instance_;
  bool debug_ = false;
  std::optional<std::string> config_file_;
  std::unique_ptr<storage::Database> database_;
};

}  // namespace minidock
