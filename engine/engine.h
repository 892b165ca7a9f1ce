// The one interface that every front end sees: a declaration a verb. An Engine works on one instance; it holds nothing
// between calls but the open database, and each call first puts right what a killed process left behind.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/container_store.h"
#include "engine/context.h"
#include "engine/daemon_config.h"
#include "engine/definition.h"
#include "engine/disk_usage.h"
#include "engine/namespaces_report.h"
#include "engine/network_list.h"
#include "engine/port_plan.h"
#include "engine/running_containers.h"
#include "engine/runtime/cgroup_stats.h"
#include "engine/secret_store.h"
#include "engine/shim/event_log.h"
#include "engine/shim/state_directory.h"
#include "engine/streams/client_streams.h"
#include "engine/subordinate_ids.h"
#include "engine/upper_changes.h"
#include "engine/volume_store.h"
#include "image/image_store.h"
#include "storage/database.h"
#include "storage/instance.h"

namespace minidock {

struct EngineOptions {
  std::optional<std::string> root;         // --root
  std::optional<std::string> state;        // --state
  std::optional<std::string> config_file;  // --config-file
  bool debug = false;                      // --debug
  // Gets what a verb does not do as asked, but goes on without.
  std::function<void(const std::string& warning)> on_warning = [](const std::string&) {};
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

struct CreateOptions {
  ContainerConfig config;  // config.image is the image; config.cmd the command line
  HostConfig host;
  std::vector<NetworkAttachment> networks;  // empty: what host.network_mode says
  std::string name;
  std::string platform;
  std::string pull = "missing";  // "always", "missing", "never"
  bool quiet_pull = false;
  bool replace = false;  // a container that has the name is removed before
};

struct RunOptions {
  CreateOptions create;
  bool detach = false;
  bool proxy_signals = true;
  std::string detach_keys;
  bool explain = false;  // the start's steps are shown on standard error
  // The program gets so many of this process's descriptors, from 3 on. They have to be open and free of FD_CLOEXEC.
  int preserved_fds = 0;
};

// start and attach. `attach`: the container's output, with `interactive` the user's input too.
struct AttachOptions {
  bool attach = false;
  bool interactive = false;
  bool proxy_signals = true;
  std::string detach_keys;
};

// What `wait` waits for.
enum class WaitCondition { not_running, running, healthy, unhealthy, removed };

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
  bool proxy_signals = false;       // what the client gets is passed on
  bool kill_on_disconnect = false;  // the process and all that it has started ends with the client
  int preserved_fds = 0;            // as for run
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

struct EventsOptions {
  std::optional<std::int64_t> since;  // ns since the epoch
  std::optional<std::int64_t> until;  // then the stream ends
  std::vector<std::string> filters;   // "event=start"
};
using EventRenderer = std::function<std::string(const shim::Event& event)>;

struct UpdateOptions {
  Resources resources;  // what is not set stays as it is
  std::optional<RestartPolicy> restart;
  PortChanges ports;
};

// What `top` shows: lines of the host's ps.
struct ProcessTable {
  std::vector<std::string> titles;
  std::vector<std::vector<std::string>> processes;
};

// One look at what a container uses, and at what the machine had done by then.
struct UseSample {
  std::string id;
  std::string name;
  bool running = false;  // else the rest is zero
  runtime::ContainerUse use;
  runtime::MachineCpu machine;
};

// ---- containers: files

struct CopyOptions {
  std::string source;       // "CONTAINER:PATH", a path of the host, or "-": a tar on standard input
  std::string destination;  // likewise; "-": a tar on standard output
  bool archive = false;     // keep owners
  bool follow_link = false;
  bool glob = false;      // the path in the container is a pattern
  bool announce = false;  // say on standard error what was copied
};

struct CommitOptions {
  std::string container;
  std::string reference;  // "" for none
  std::string author;
  std::string message;
  std::vector<std::string> changes;
  bool pause = true;
};

struct MountedRoot {
  std::string id;    // of the container or image
  std::string path;  // where it is visible on the host
};

// ---- volumes and secrets

struct CreateVolumeOptions {
  std::string name;  // "": a random one
  std::string driver = "local";
  std::map<std::string, std::string> options;
  std::map<std::string, std::string> labels;
};

struct CreateSecretOptions {
  std::string name;
  std::string driver = "file";
  std::string data;
  std::map<std::string, std::string> labels;
  bool replace = false;
};

// ---- system

struct PruneOptions {
  bool all = false;  // images: those with a name too; volumes: named ones too
  std::vector<std::string> filters;
  bool dry_run = false;
  std::vector<std::string> gone;  // with dry_run: containers that are taken to be gone already
};

struct PruneReport {
  struct Object {
    std::string text;  // as docker lists it: an id, a name, "untagged: NAME"
    std::uint64_t bytes = 0;
  };
  std::vector<Object> objects;
  std::uint64_t reclaimed = 0;
};

// What becomes of each container that boot and shutdown work on.
struct WorkReport {
  std::function<void(const std::string& name)> done;
  std::function<void(const std::string& name, const std::string& error)> failed;
};

// What `system check` has found: something that is not as the database says.
struct CheckFinding {
  std::string kind;      // "address", "interface", "cgroup", …
  std::string object;    // which one
  std::string what;      // what is wrong with it
  std::string repair;    // what was done about it, or why nothing could be; "" when nothing was to be done
  bool is_wrong = true;  // still
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
  // `on_created` is called when nobody is going to see the container's output.
  RunResult run(const RunOptions& options, const std::function<void(const std::string& id)>& on_created);
  // The new container's id.
  std::string create(const CreateOptions& options);
  // One that runs already is left as it is. The exit code, when attached to its end.
  std::optional<int> start(const std::string& name, const AttachOptions& options);
  // The exit code; nothing when the user detached.
  std::optional<int> attach(const std::string& name, const AttachOptions& options);
  void stop(const std::string& name, std::optional<int> timeout_seconds, const std::string& signal);
  void restart(const std::string& name, std::optional<int> timeout_seconds, const std::string& signal);
  void rename(const std::string& name, const std::string& new_name);
  void kill(const std::string& name, const std::string& signal);
  // `volumes`: the container's anonymous volumes go with it.
  void remove(const std::string& name, bool force, bool volumes);
  // Blocks until the condition holds; the exit code of an ended container, else 0. A run that a restart policy lets
  // another one follow has ended all the same.
  int wait(const std::string& name, WaitCondition condition);
  // The shim's clean-up command: releases what an ended container held; removes it when it was run with --rm.
  void clean_up(const std::string& id);
  // The shim's command where systemd makes the container's cgroup: has it made, with the calling process in it.
  void make_scope(const std::string& id);
  // The shim's command before it starts a container again, in the network namespace `netns`.
  void attach_network(const std::string& id, int netns);

  // ---- containers: processes and resources
  // The exit code, 0 with `detach`; nothing when the user left by the detach keys.
  std::optional<int> exec(const ExecOptions& options);
  void pause(const std::string& name);
  void unpause(const std::string& name);
  // All of it or nothing, also in the cgroup and at the published ports of a container that runs.
  void update(const std::string& name, const UpdateOptions& options);
  // Runs the host's ps, with "-ef" when `arguments` is empty, and shows the container's processes.
  ProcessTable top(const std::string& name, const std::vector<std::string>& typed);
  UseSample sample_use(const std::string& name);
  // A signal to a process that exec has started: by its id (inspect's ExecIDs), or a unique beginning of it.
  void kill_exec(const std::string& id, const std::string& signal);

  // ---- containers: output
  void logs(const LogsOptions& options, int out, int err);
  // Empties the log, rotated files included, while the container runs or not.
  void clear_log(const std::string& name);

  // ---- containers: files
  void copy(const CopyOptions& options);
  std::vector<Change> diff(const std::string& name);
  // The root file system without volumes as a tar, to a file or, with "", to standard output.
  void export_container(const std::string& name, const std::string& output);
  // Runs minidock-image, which prints the new image's id.
  void commit(const CommitOptions& options);
  // Makes the root visible on the host until it is unmounted; mounted already, it is found there. A running container's
  // can be written to and goes with the container's end; any other is read-only.
  MountedRoot mount_container(const std::string& name);
  MountedRoot mount_image(const std::string& name);
  // The id. ErrorKind::conflict when it is not mounted.
  std::string unmount_container(const std::string& name);
  std::string unmount_image(const std::string& name);
  std::vector<MountedRoot> mounted_containers();
  std::vector<MountedRoot> mounted_images();
  // A volume's content as a tar on standard output, or to a file ("" for neither); and back into the volume from a tar
  // on standard input ("-") or a file, plain or compressed with gzip or zstd.
  void export_volume(const std::string& name, const std::string& output);
  void import_volume(const std::string& name, const std::string& input);

  // ---- containers: lists and documents
  std::vector<Container> list(const ListOptions& options);
  Container container(const std::string& name);
  OrderedJson inspect_container(const std::string& name);
  OrderedJson inspect_image(const std::string& name);
  ContainerSize container_size(const std::string& name);
  bool container_exists(const std::string& name);
  bool image_exists(const std::string& name);
  // Of the named ones, of all that run when none is named. ErrorKind::conflict for one that does not run.
  NamespacesReport namespaces(const std::vector<std::string>& names);

  // ---- networks
  // Its id. The bridge and its rules are there when this returns.
  std::string create_network(const network::NetworkRequest& request);
  std::vector<ListedNetwork> networks(const std::vector<std::string>& filters);
  OrderedJson inspect_network(const std::string& name);
  bool network_exists(const std::string& name);
  // Makes bridges, firewall and the named or all containers' places in them anew; the ids of those.
  std::vector<std::string> reload_networks(const std::vector<std::string>& containers);
  // The shims' command when somebody took the firewall away; `lock`: shim::try_lock_firewall().
  void restore_firewall(Fd lock);
  // What is asked for of the attachment but its network's name and links. A container that runs has it at once.
  void connect_network(const std::string& network, const std::string& container, NetworkAttachment attachment,
                       const std::vector<std::string>& links);
  void disconnect_network(const std::string& network, const std::string& container);
  // ErrorKind::conflict while containers run in it.
  void remove_network(const std::string& name);

  // ---- volumes and secrets
  std::string create_volume(const CreateVolumeOptions& options);
  std::vector<Volume> volumes(const std::vector<std::string>& filters);
  OrderedJson inspect_volume(const std::string& name);
  bool volume_exists(const std::string& name);
  // `force`: one that does not exist is no error.
  void remove_volume(const std::string& name, bool force);
  // The id of the new secret.
  std::string create_secret(const CreateSecretOptions& options);
  std::vector<Secret> secrets(const std::vector<std::string>& filters);
  // `reveal`: with the data.
  OrderedJson inspect_secret(const std::string& name, bool reveal);
  bool secret_exists(const std::string& name);
  // The id of the secret that went.
  std::string remove_secret(const std::string& name);

  // ---- system
  // Writes each event, rendered, to `out` until options.until, or until the reader of `out` is gone (EPIPE).
  void events(const EventsOptions& options, int out, const EventRenderer& render);
  // Host state: `down` takes away bridge, firewall table and cgroup parent; `reset` every container, image and volume.
  void system_down();
  void system_reset();
  // Starts what is to run after a boot, dependencies first, side by side where there are none; waits `patience` for a
  // container to become healthy or to complete where another depends on that. False when a start failed.
  bool boot(std::chrono::seconds patience, const WorkReport& report);
  // Stops every container as long as it takes, those first on which none depends; the next boot starts them again.
  bool shutdown(const WorkReport& report);
  // One container's part of that.
  void shut_down_container(const std::string& id);
  // Compares the database with the host and the directories; with `repairs` all that differs is put right, one by one.
  std::vector<CheckFinding> check(bool repairs);
  DiskUsage disk_usage();
  // docker's document of `info`.
  OrderedJson info();
  // What nobody uses goes. With dry_run the same is chosen and nothing touched.
  PruneReport prune_containers(const PruneOptions& options);
  PruneReport prune_images(const PruneOptions& options);
  PruneReport prune_networks(const PruneOptions& options);
  PruneReport prune_volumes(const PruneOptions& options);

  const storage::Instance& instance() const { return instance_; }
  const DaemonConfig& config() const { return config_; }

 private:
  // Opened at the first use.
  storage::Database& database();
  EngineContext context();
  // The container with its state put right.
  Container resolve(const std::string& name);
  // Each with its state put right.
  std::vector<Container> list_all();
  void remove_host_state(bool with_user_rules);
  RunningContainer running_container(const std::string& name);
  image::Image image_for(const CreateOptions& options);
  void stop_container(const std::string& name, std::optional<int> timeout_seconds, const std::string& signal,
                      shim::StopReason reason);
  // Blocks until the container is not running and no restart follows; its exit code.
  int wait_for_last_end(const std::string& name);
  void remove_for_replacement(const std::string& name);

  DaemonConfig config_;
  storage::Instance instance_;
  bool debug_ = false;
  std::optional<std::string> config_file_;
  std::function<void(const std::string& warning)> on_warning_;
  std::unique_ptr<storage::Database> database_;
};

}  // namespace minidock
