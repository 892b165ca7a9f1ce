#include <fmt/format.h>

#include <unistd.h>

#include <cstdio>

#include "cmd/minidock/command.h"
#include "engine/option_parsers.h"

namespace minidock::cmd {
namespace {

// The words of the options, before they are understood.
struct Words {
  std::vector<std::string> env, env_files, labels, label_files, volumes, mounts, tmpfs, publish, expose, attach,
      log_options;
  std::string entrypoint, user, workdir, hostname, domainname, stop_signal;
  std::string network = "default", pid, ipc = "private", uts, userns, cgroupns = "private";
  bool interactive = false, tty = false, init = false;
};

void add_options(CLI::App& app, RunOptions& options, Words& words) {
  app.add_flag("-d,--detach", options.detach, "Run container in background and print container ID");
  app.add_flag("-i,--interactive", words.interactive, "Keep STDIN open even if not attached");
  app.add_flag("-t,--tty", words.tty, "Allocate a pseudo-TTY");
  add_list(app, "-a,--attach", words.attach, "Attach to STDIN, STDOUT or STDERR");
  app.add_flag("--rm", options.host.auto_remove, "Automatically remove the container when it exits");
  app.add_option("--name", options.name, "Assign a name to the container");
  add_list(app, "-e,--env", words.env, "Set environment variables");
  add_list(app, "--env-file", words.env_files, "Read in a file of environment variables");
  app.add_option("-w,--workdir", words.workdir, "Working directory inside the container");
  app.add_option("-u,--user", words.user, "Username or UID (format: <name|uid>[:<group|gid>])");
  add_list(app, "-v,--volume", words.volumes, "Bind mount a volume");
  add_list(app, "--mount", words.mounts, "Attach a filesystem mount to the container");
  add_list(app, "--tmpfs", words.tmpfs, "Mount a tmpfs directory");
  add_list(app, "-p,--publish", words.publish, "Publish a container's port(s) to the host");
  add_list(app, "--expose", words.expose, "Expose a port or a range of ports");
  app.add_option("-h,--hostname", words.hostname, "Container host name");
  app.add_option("--domainname", words.domainname, "Container NIS domain name");
  app.add_option("--entrypoint", words.entrypoint, "Overwrite the default ENTRYPOINT of the image");
  app.add_option("--network,--net", words.network, "Network: bridge, none, host, container:NAME, ns:PATH");
  app.add_option("--pid", words.pid, "PID namespace: host, container:NAME, ns:PATH");
  app.add_option("--ipc", words.ipc, "IPC namespace: private, host, container:NAME, ns:PATH");
  app.add_option("--uts", words.uts, "UTS namespace: host, container:NAME, ns:PATH");
  app.add_option("--userns", words.userns, "User namespace: host, container:NAME, ns:PATH");
  app.add_option("--cgroupns", words.cgroupns, "Cgroup namespace: private, host, container:NAME, ns:PATH");
  app.add_flag("--init", words.init, "Run an init inside the container that forwards signals and reaps processes");
  app.add_flag("--read-only", options.host.readonly_rootfs, "Mount the container's root filesystem as read only");
  add_list(app, "-l,--label", words.labels, "Set meta data on a container");
  add_list(app, "--label-file", words.label_files, "Read in a line delimited file of labels");
  app.add_option("--log-driver", options.host.log.driver, "Logging driver for the container");
  add_list(app, "--log-opt", words.log_options, "Log driver options");
  add_list(app, "--cap-add", options.host.cap_add, "Add Linux capabilities");
  add_list(app, "--cap-drop", options.host.cap_drop, "Drop Linux capabilities");
  app.add_flag("--privileged", options.host.privileged, "Give extended privileges to this container");
  app.add_option("--stop-signal", words.stop_signal, "Signal to stop the container");
  app.add_option("--platform", options.platform, "Platform of the image, if it has to be pulled");
  app.add_option("--pull", options.pull, "Pull image before running (always, missing, never)")
      ->check(CLI::IsMember({"always", "missing", "never"}));
  app.add_flag("-q,--quiet", options.quiet_pull, "Suppress the pull output");
  app.add_flag("--sig-proxy,!--no-sig-proxy", options.proxy_signals, "Proxy received signals to the process");
  app.add_option("--detach-keys", options.detach_keys, "Override the key sequence for detaching a container");
  app.add_option("--cidfile", options.cid_file, "Write the container ID to the file");
}

std::vector<std::string> environment(const Words& words) {
  std::vector<std::string> entries;
  for (const std::string& path : words.env_files) {
    for (const std::string& entry : options::read_env_file(path)) entries.push_back(entry);
  }
  entries.insert(entries.end(), words.env.begin(), words.env.end());
  return options::resolve_environment(entries);
}

std::map<std::string, std::string> labels(const Words& words) {
  std::map<std::string, std::string> result;
  for (const std::string& path : words.label_files) {
    for (const std::string& line : options::read_env_file(path)) {
      const auto [key, value] = options::parse_label(line);
      result[key] = value;
    }
  }
  for (const std::string& text : words.labels) {
    const auto [key, value] = options::parse_label(text);
    result[key] = value;
  }
  return result;
}

// -a says which streams; else all of them in the foreground, standard input only with -i.
void set_streams(ContainerConfig& config, const RunOptions& options, const Words& words) {
  config.tty = words.tty;
  config.open_stdin = words.interactive;
  if (options.detach) {
    if (!words.attach.empty()) throw UsageError("Conflicting options: -a and -d");
    return;
  }
  for (std::string stream : words.attach) {
    std::transform(stream.begin(), stream.end(), stream.begin(), [](unsigned char c) { return std::tolower(c); });
    if (stream == "stdin") {
      config.attach_stdin = true;
    } else if (stream == "stdout") {
      config.attach_stdout = true;
    } else if (stream == "stderr") {
      config.attach_stderr = true;
    } else {
      throw UsageError(
          fmt::format("invalid argument \"{}\" for \"-a, --attach\" flag: valid streams are STDIN, STDOUT "
                      "and STDERR",
                      stream));
    }
  }
  if (words.attach.empty()) {
    config.attach_stdout = config.attach_stderr = true;
    config.attach_stdin = words.interactive;
  }
  config.stdin_once = words.interactive && config.attach_stdin;
}

void understand(RunOptions& run, const Words& words, bool entrypoint_given, bool init_given) {
  ContainerConfig& config = run.config;
  config.env = environment(words);
  config.labels = labels(words);
  config.user = words.user;
  config.working_dir = words.workdir;
  config.hostname = words.hostname;
  config.domainname = words.domainname;
  config.stop_signal = words.stop_signal;
  if (entrypoint_given) {
    config.entrypoint = words.entrypoint.empty() ? std::vector<std::string>{} : std::vector{words.entrypoint};
  }
  set_streams(config, run, words);
  HostConfig& host = run.host;
  host.network_mode = words.network;
  host.pid_mode = words.pid;
  host.ipc_mode = words.ipc;
  host.uts_mode = words.uts;
  host.userns_mode = words.userns;
  host.cgroupns_mode = words.cgroupns;
  for (const std::string& text : words.log_options) {
    const auto [key, value] = options::parse_label(text);
    host.log.options[key] = value;
  }
  if (init_given) host.init = words.init;
  for (const std::string& text : words.volumes) host.mounts.push_back(options::parse_volume(text));
  for (const std::string& text : words.mounts) host.mounts.push_back(options::parse_mount(text));
  for (const std::string& text : words.tmpfs) host.mounts.push_back(options::parse_tmpfs(text));
  for (const std::string& text : words.publish) {
    for (const network::PublishedPort& port : options::parse_publish(text)) host.ports.push_back(port);
  }
  for (const std::string& text : words.expose) {
    for (const std::string& port : options::parse_expose(text)) config.exposed_ports.push_back(port);
  }
}

}  // namespace

int run(const Invocation& invocation) {
  const auto app =
      make_app(invocation, "[OPTIONS] IMAGE [COMMAND] [ARG...]", "Create and run a new container from an image");
  RunOptions options;
  Words words;
  add_options(*app, options, words);
  const std::vector<std::string> positionals = parse(*app, invocation, true);
  expect_positionals(invocation, positionals, 1, -1);
  options.config.image = positionals.front();
  if (positionals.size() > 1) {
    options.config.cmd = std::vector<std::string>(positionals.begin() + 1, positionals.end());
  }
  understand(options, words, app->count("--entrypoint") > 0, app->count("--init") > 0);
  if (words.tty && words.interactive && !options.detach && ::isatty(STDIN_FILENO) == 0) {
    throw Error(ErrorKind::invalid_argument, "the input device is not a TTY");
  }
  Engine engine(invocation.engine);
  const RunResult result = engine.run(options, [](const std::string& id) { fmt::print("{}\n", id); });
  return result.exit_code.value_or(0);
}

}  // namespace minidock::cmd
