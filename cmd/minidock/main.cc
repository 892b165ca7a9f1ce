// The command line: global options, then one verb; errors become one line and an exit code here and nowhere else.
#include <fmt/format.h>
#include <signal.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/error.h"
#include "cmd/minidock/command.h"
#include "cmd/minidock/version.h"

namespace minidock::cmd {
namespace {

constexpr std::array kVerbs{
    // containers: life
    VerbEntry{"run", run, "Create and run a new container from an image", "container"},
    VerbEntry{"create", create, "Create a new container", "container"},
    VerbEntry{"start", start, "Start one or more stopped containers", "container"},
    VerbEntry{"restart", restart, "Restart one or more containers", "container"},
    VerbEntry{"attach", attach, "Attach local standard input, output, and error streams to a running container",
              "container"},
    VerbEntry{"rename", rename, "Rename a container", "container"},
    VerbEntry{"port", port, "List port mappings or a specific mapping for the container", "container"},
    VerbEntry{"stop", stop, "Stop one or more running containers", "container"},
    VerbEntry{"kill", kill, "Kill one or more running containers", "container"},
    VerbEntry{"wait", wait, "Block until one or more containers stop, then print their exit codes", "container"},
    VerbEntry{"rm", rm, "Remove one or more containers", "container"},
    // containers: processes and resources
    VerbEntry{"exec", exec, "Execute a command in a running container", "container"},
    VerbEntry{"pause", pause, "Pause all processes within one or more containers", "container"},
    VerbEntry{"unpause", unpause, "Unpause all processes within one or more containers", "container"},
    VerbEntry{"update", update, "Update configuration of one or more containers", "container"},
    VerbEntry{"top", top, "Display the running processes of a container", "container"},
    VerbEntry{"stats", stats, "Display a live stream of container(s) resource usage statistics", "container"},
    // containers: output
    VerbEntry{"logs", logs, "Fetch the logs of a container", "container"},
    // containers: files
    VerbEntry{"cp", cp, "Copy files/folders between a container and the local filesystem", "container"},
    VerbEntry{"diff", diff, "Inspect changes to files or directories on a container's filesystem", "container"},
    VerbEntry{"export", export_container, "Export a container's filesystem as a tar archive", "container"},
    VerbEntry{"commit", commit, "Create a new image from a container's changes", "container"},
    VerbEntry{"container mount", container_mount, "Make the root filesystem of containers visible on the host"},
    VerbEntry{"container unmount", container_unmount, "Undo container mount"},
    VerbEntry{"container umount", container_unmount, nullptr},
    VerbEntry{"image mount", image_mount, "Make the root filesystem of images visible on the host"},
    VerbEntry{"image unmount", image_unmount, "Undo image mount"},
    VerbEntry{"image umount", image_unmount, nullptr},
    // containers: lists and documents
    VerbEntry{"ps", ps, "List containers", "container"},
    VerbEntry{"container ls", ps, nullptr},
    VerbEntry{"container list", ps, nullptr},
    VerbEntry{"inspect", inspect, "Return low-level information on containers and images"},
    VerbEntry{"container inspect", container_inspect, nullptr},
    VerbEntry{"ns", ns, "Show the namespaces of containers, and who shares them", "container"},
    // images
    VerbEntry{"pull", pull, "Download an image from a registry", "image"},
    VerbEntry{"images", images, "List images"},
    VerbEntry{"image ls", images, nullptr},
    VerbEntry{"image list", images, nullptr},
    VerbEntry{"rmi", rmi, "Remove one or more images"},
    VerbEntry{"image rm", rmi, nullptr},
    VerbEntry{"tag", tag, "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE", "image"},
    VerbEntry{"load", load, "Load images from a tar archive or standard input", "image"},
    VerbEntry{"import", import, "Import the contents of a tarball as an image", "image"},
    VerbEntry{"image inspect", image_inspect, "Display detailed information on one or more images"},
    // networks
    VerbEntry{"network connect", network_connect, "Connect a container to a network"},
    VerbEntry{"network disconnect", network_disconnect, "Disconnect a container from a network"},
    VerbEntry{"network create", network_create, "Create a network"},
    VerbEntry{"network inspect", network_inspect, "Display detailed information on one or more networks"},
    VerbEntry{"network ls", network_ls, "List networks"},
    VerbEntry{"network list", network_ls, nullptr},
    VerbEntry{"network prune", network_prune, "Remove all unused networks"},
    VerbEntry{"network reload", network_reload, "Restore bridges, firewall rules and published ports"},
    VerbEntry{"network rm", network_rm, "Remove one or more networks"},
    VerbEntry{"network remove", network_rm, nullptr},
    VerbEntry{"network exists", network_exists, "Tell by the exit code whether a network exists"},
    // volumes and secrets
    VerbEntry{"volume create", volume_create, "Create a volume"},
    VerbEntry{"volume inspect", volume_inspect, "Display detailed information on one or more volumes"},
    VerbEntry{"volume ls", volume_ls, "List volumes"},
    VerbEntry{"volume list", volume_ls, nullptr},
    VerbEntry{"volume rm", volume_rm, "Remove one or more volumes"},
    VerbEntry{"volume remove", volume_rm, nullptr},
    VerbEntry{"volume export", volume_export, "Write a volume's content as a tar archive"},
    VerbEntry{"volume import", volume_import, "Put a tar archive's content into a volume"},
    VerbEntry{"volume exists", volume_exists, "Tell by the exit code whether a volume exists"},
    VerbEntry{"volume prune", volume_prune, "Remove unused local volumes"},
    VerbEntry{"secret create", secret_create, "Create a new secret"},
    VerbEntry{"secret inspect", secret_inspect, "Display detailed information on one or more secrets"},
    VerbEntry{"secret ls", secret_ls, "List secrets"},
    VerbEntry{"secret list", secret_ls, nullptr},
    VerbEntry{"secret rm", secret_rm, "Remove one or more secrets"},
    VerbEntry{"secret remove", secret_rm, nullptr},
    VerbEntry{"secret exists", secret_exists, "Tell by the exit code whether a secret exists"},
    // system
    VerbEntry{"events", events, "Get real time events of this instance", "system"},
    VerbEntry{"version", version, "Show the version of minidock"},
    VerbEntry{"info", info, "Display system-wide information", "system"},
    VerbEntry{"system df", system_df, "Show disk usage"},
    VerbEntry{"system prune", system_prune, "Remove unused data"},
    VerbEntry{"container prune", container_prune, "Remove all stopped containers"},
    VerbEntry{"image prune", image_prune, "Remove unused images"},
    VerbEntry{"container exists", container_exists, "Tell by the exit code whether a container exists"},
    VerbEntry{"image exists", image_exists, "Tell by the exit code whether an image exists"},
    VerbEntry{"system check", system_check, "Find and repair what is left over or broken"},
    VerbEntry{"system down", system_down, "Take away the bridge, the firewall table and the cgroup parent"},
    VerbEntry{"system reset", system_reset, "Remove all containers, images and volumes, and what `down` takes away"},
    VerbEntry{"system boot", system_boot, "Start the containers that are to run after a boot"},
    VerbEntry{"system shutdown", system_shutdown, "Stop all containers until the next boot"},
    VerbEntry{"internal-start", internal_start, nullptr},
    VerbEntry{"internal-shut-down", internal_shut_down, nullptr},
    VerbEntry{"internal-hold-scope", internal_hold_scope, nullptr},
    VerbEntry{"internal-clean-up", internal_clean_up, nullptr},
    VerbEntry{"internal-attach-network", internal_attach_network, nullptr},
    VerbEntry{"internal-restore-firewall", internal_restore_firewall, nullptr},
};

constexpr std::array<std::string_view, 6> kGroups{"image", "container", "network", "volume", "secret", "system"};

bool is_called(const VerbEntry& entry, const std::string& name) {
  return name == entry.name || (entry.group != nullptr && name == fmt::format("{} {}", entry.group, entry.name));
}

std::string general_help() {
  std::string text = "\nUsage:  minidock [OPTIONS] COMMAND\n\nA container engine without a daemon\n\nCommands:\n";
  for (const VerbEntry& entry : kVerbs) {
    if (entry.summary != nullptr) text += fmt::format("  {:<15} {}\n", entry.name, entry.summary);
  }
  text +=
      "\nGlobal Options:\n"
      "      --root string          Directory of images, containers and volumes (default \"/var/lib/minidock\")\n"
      "      --state string         Directory of run-time state (default \"/run/minidock\")\n"
      "      --config string        Directory of docker's config.json: formats, keys and credentials (default "
      "\"~/.docker\")\n"
      "      --config-file string   Configuration (default \"/etc/minidock/daemon.json\")\n"
      "  -D, --debug                Trace each system call with its time\n"
      "  -v, --version              Print version information and quit\n"
      "\nRun 'minidock COMMAND --help' for more information on a command.\n";
  return text;
}

// "--name VALUE" or "--name=VALUE" at `index`; moves `index` to the last word taken.
std::optional<std::string> take_value(const std::vector<std::string>& words, std::size_t& index,
                                      const std::string& name) {
  if (words[index].starts_with(name + "=")) return words[index].substr(name.size() + 1);
  if (words[index] != name) return std::nullopt;
  if (index + 1 == words.size()) throw UsageError(fmt::format("flag needs an argument: {}", name));
  return words[++index];
}

struct CommandLine {
  EngineOptions engine;
  std::vector<std::string> verb_and_arguments;
};

CommandLine parse_global_options(const std::vector<std::string>& words) {
  CommandLine line;
  line.engine.on_warning = [](const std::string& warning) { fmt::print(stderr, "WARNING: {}\n", warning); };
  std::size_t index = 0;
  for (; index < words.size() && words[index].starts_with('-'); ++index) {
    const std::string& word = words[index];
    if (word == "--help" || word == "-h") throw HelpRequested{general_help()};
    if (word == "-v" || word == "--version") throw HelpRequested{fmt::format("minidock version {}\n", kVersion)};
    if (word == "-D" || word == "--debug") {
      line.engine.debug = true;
    } else if (auto root = take_value(words, index, "--root")) {
      line.engine.root = *root;
    } else if (auto state = take_value(words, index, "--state")) {
      line.engine.state = *state;
    } else if (auto directory = take_value(words, index, "--config")) {
      // minidock-image reads it too.
      ::setenv("DOCKER_CONFIG", directory->c_str(), 1);
    } else if (auto config = take_value(words, index, "--config-file")) {
      line.engine.config_file = *config;
    } else {
      throw UsageError(fmt::format("unknown flag: {}", word));
    }
  }
  line.verb_and_arguments.assign(words.begin() + static_cast<std::ptrdiff_t>(index), words.end());
  return line;
}

bool is_group(const std::string& word) { return std::find(kGroups.begin(), kGroups.end(), word) != kGroups.end(); }

// `minidock container`: its verbs.
std::string group_help(const std::string& group) {
  std::string text = fmt::format("\nUsage:  minidock {} COMMAND\n\nCommands:\n", group);
  for (const VerbEntry& entry : kVerbs) {
    const std::string_view name = entry.name;
    if (entry.summary == nullptr) continue;
    if (entry.group != nullptr && group == entry.group) {
      text += fmt::format("  {:<11} {}\n", name, entry.summary);
    } else if (name.starts_with(group + " ")) {
      text += fmt::format("  {:<11} {}\n", name.substr(group.size() + 1), entry.summary);
    }
  }
  return text + fmt::format("\nRun 'minidock {} COMMAND --help' for more information on a command.\n", group);
}

// `minidock help container ls` is `minidock container ls --help`.
std::vector<std::string> without_help_word(std::vector<std::string> words) {
  if (words.empty() || words.front() != "help") return words;
  if (words.size() == 1) throw HelpRequested{general_help()};
  words.erase(words.begin());
  words.emplace_back("--help");
  return words;
}

int dispatch(const std::vector<std::string>& words, std::string& program) {
  const CommandLine line = parse_global_options(words);
  if (line.verb_and_arguments.empty()) throw HelpRequested{general_help()};
  const std::vector<std::string> rest = without_help_word(line.verb_and_arguments);
  if (is_group(rest.front()) && (rest.size() == 1 || rest[1] == "--help")) throw HelpRequested{group_help(rest[0])};
  const std::size_t words_of_verb = is_group(rest.front()) ? 2 : 1;
  const std::string name = words_of_verb == 2 ? rest[0] + " " + rest[1] : rest[0];
  for (const VerbEntry& entry : kVerbs) {
    if (!is_called(entry, name)) continue;
    program = "minidock " + name;
    return entry.verb(
        Invocation{line.engine, program, {rest.begin() + static_cast<std::ptrdiff_t>(words_of_verb), rest.end()}});
  }
  if (line.verb_and_arguments.front() == "help") {
    throw Error(ErrorKind::invalid_argument, fmt::format("unknown help topic: {}", name));
  }
  if (words_of_verb == 2) throw WordCountError("", group_help(rest[0]));
  throw WordCountError(fmt::format("minidock: '{}' is not a minidock command.", name), "");
}

bool is_verb(const std::string& program, const char* verb) {
  return program == fmt::format("minidock {}", verb) || program == fmt::format("minidock container {}", verb);
}

// docker's numbers. Its client goes by the words in which the engine refuses a `run`: what is missing or not permitted
// may be something else than the program.
int exit_code_for(const Error& error, const std::string& program) {
  if (dynamic_cast<const TemplateError*>(&error) != nullptr) return 64;
  if (dynamic_cast<const ClientError*>(&error) != nullptr) return 1;
  const bool not_found = error.kind() == ErrorKind::command_not_found;
  const bool not_executable = error.kind() == ErrorKind::command_not_executable;
  if (is_verb(program, "exec")) return not_found || not_executable ? 126 : 1;
  if (!is_verb(program, "run")) return 1;
  const auto says = [&](const char* words) { return error.message().find(words) != std::string::npos; };
  // As docker's words or errno's, which begin with a capital.
  if (not_found || says("o such file or directory")) return 127;
  return not_executable || says("ermission denied") ? 126 : 125;
}

int report(const Error& error, const std::string& program) {
  std::fflush(stdout);
  if (const auto* count = dynamic_cast<const WordCountError*>(&error)) {
    if (!error.message().empty()) fmt::print(stderr, "{}\nSee '{} --help'.\n", error.message(), program);
    fmt::print(stderr, "{}", count->usage());
    return 1;
  }
  if (dynamic_cast<const UsageError*>(&error) != nullptr) {
    fmt::print(stderr, "{}\nSee '{} --help'.\n", error.message(), program);
    return 125;
  }
  const bool is_run = is_verb(program, "run") && dynamic_cast<const ClientError*>(&error) == nullptr;
  fmt::print(stderr, "{}: {}\n", is_run ? "minidock" : "Error", error.message());
  return exit_code_for(error, program);
}

}  // namespace
}  // namespace minidock::cmd

int main(int argc, char** argv) {
  // A closed pipe is an error of the write that finds it, not the end of a command in the middle of its work.
  signal(SIGPIPE, SIG_IGN);
  std::string program = "minidock";
  try {
    const int code = minidock::cmd::dispatch({argv + 1, argv + argc}, program);
    return std::fflush(stdout) == 0 ? code : 1;
  } catch (const minidock::cmd::HelpRequested& help) {
    fmt::print("{}", help.text);
    return 0;
  } catch (const minidock::Error& error) {
    return minidock::cmd::report(error, program);
  } catch (const std::bad_alloc&) {
    return minidock::cmd::report(minidock::Error(minidock::ErrorKind::system, "out of memory"), program);
  } catch (const std::exception& error) {
    return minidock::cmd::report(minidock::Error(minidock::ErrorKind::internal,
                                                 fmt::format("internal error, please report it: {}", error.what())),
                                 program);
  }
}
