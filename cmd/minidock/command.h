// The verbs of the command line: one file each. Only the invoked verb's options are built.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/gotemplate.h"
#include "engine/engine.h"

namespace minidock::cmd {

// What a verb gets: the global options and the arguments behind its name.
struct Invocation {
  EngineOptions engine;
  std::string program;  // "minidock run", for help and errors
  std::vector<std::string> arguments;
};

using Verb = int (*)(const Invocation& invocation);

struct VerbEntry {
  const char* name;  // "run", "image inspect"
  Verb verb;
  const char* summary;          // for --help; nullptr hides it
  const char* group = nullptr;  // "container": the verb's other name is "container run"
};

// Words that have a meaning, but not here: exit code 1, also of `run`.
class ClientError : public Error {
 public:
  explicit ClientError(std::string message) : Error(ErrorKind::invalid_argument, std::move(message)) {}
};

// A --format that is no template: exit code 64.
class TemplateError : public Error {
 public:
  using Error::Error;
};

// Wrong words on the command line: the text is docker's, the hint names the verb. Exit code 125, as of docker's client.
class UsageError : public Error {
 public:
  explicit UsageError(std::string message) : Error(ErrorKind::invalid_argument, std::move(message)) {}
};

// Too few words or too many: exit code 1, and `usage` behind the message.
class WordCountError : public UsageError {
 public:
  WordCountError(std::string message, std::string usage) : UsageError(std::move(message)), usage_(std::move(usage)) {}
  const std::string& usage() const { return usage_; }

 private:
  std::string usage_;
};

// Thrown by parse() for --help; main prints it on standard output and ends with 0.
struct HelpRequested {
  std::string text;
};

// Parses `arguments`. With `stop_at_positional` everything from the first positional on is left to the caller (a
// container's command line keeps its own flags); else flags and positionals may be mixed. Returns the positionals.
std::vector<std::string> parse(CLI::App& app, const Invocation& invocation, bool stop_at_positional = false);

// An App for a verb, with docker's usage line and --help.
std::unique_ptr<CLI::App> make_app(const Invocation& invocation, const std::string& usage, const std::string& summary);

// A repeatable option that takes exactly one value each time (-e A=1 -e B=2).
CLI::Option* add_list(CLI::App& app, const std::string& names, std::vector<std::string>& values,
                      const std::string& description);

// --filter NAME=VALUE, any number of times. `names`: with its letter where it has one.
CLI::Option* add_filters(CLI::App& app, const std::string& names, std::vector<std::string>& values);

// Fails with docker's words unless there are between `least` and `most` (-1: any number) positionals.
void expect_positionals(const CLI::App& app, const std::vector<std::string>& positionals, int least, int most);

// For who leaves `attach` or `exec` by the detach keys docker's client has a failure, unlike for `run` and `start`.
int exit_code_of_attached(std::optional<int> code);

// Runs `action` on each name, goes on after errors, prints them; exit code 1 when there was one. `echo`: prints the
// name when it went well, as docker does.
int for_each_name(const std::vector<std::string>& names, bool echo,
                  const std::function<void(const std::string& name)>& action);

// --preserve-fds of run and exec: the flag, and its check before anything else is opened. UsageError for a descriptor
// that nobody has passed to this command.
void add_preserve_fds(CLI::App& app, int& count);
void check_preserved_descriptors(int count);

// A --format of documents: a template, or "json". Throws TemplateError.
gotemplate::Template compile_template(const std::string& format);

// For what is no text. ErrorKind::invalid_argument when `output` names no file and standard output is a terminal.
void refuse_terminal(const std::string& output);

// ---- the verbs
// containers: life
int run(const Invocation&);
int create(const Invocation&);
int start(const Invocation&);
int restart(const Invocation&);
int attach(const Invocation&);
int rename(const Invocation&);
int port(const Invocation&);
int stop(const Invocation&);
int kill(const Invocation&);
int wait(const Invocation&);
int rm(const Invocation&);
// containers: processes and resources
int exec(const Invocation&);
int pause(const Invocation&);
int unpause(const Invocation&);
int update(const Invocation&);
int top(const Invocation&);
int stats(const Invocation&);
// containers: output
int logs(const Invocation&);
// containers: files
int cp(const Invocation&);
int diff(const Invocation&);
int export_container(const Invocation&);
int commit(const Invocation&);
int container_mount(const Invocation&);
int container_unmount(const Invocation&);
int image_mount(const Invocation&);
int image_unmount(const Invocation&);
// containers: lists and documents
int ps(const Invocation&);
int inspect(const Invocation&);
int container_inspect(const Invocation&);
int ns(const Invocation&);
// images
int image_inspect(const Invocation&);
int pull(const Invocation&);
int images(const Invocation&);
int rmi(const Invocation&);
int tag(const Invocation&);
int load(const Invocation&);
int import(const Invocation&);
// networks
int network_connect(const Invocation&);
int network_create(const Invocation&);
int network_disconnect(const Invocation&);
int network_ls(const Invocation&);
int network_inspect(const Invocation&);
int network_rm(const Invocation&);
int network_exists(const Invocation&);
int network_reload(const Invocation&);
int network_prune(const Invocation&);

// volumes and secrets
int volume_create(const Invocation&);
int volume_ls(const Invocation&);
int volume_inspect(const Invocation&);
int volume_rm(const Invocation&);
int volume_exists(const Invocation&);
int volume_export(const Invocation&);
int volume_import(const Invocation&);
int volume_prune(const Invocation&);
int secret_create(const Invocation&);
int secret_ls(const Invocation&);
int secret_inspect(const Invocation&);
int secret_rm(const Invocation&);
int secret_exists(const Invocation&);
// system
int events(const Invocation&);
int version(const Invocation&);
int info(const Invocation&);
int system_df(const Invocation&);
int system_prune(const Invocation&);
int container_prune(const Invocation&);
int image_prune(const Invocation&);
int container_exists(const Invocation&);
int image_exists(const Invocation&);
int system_check(const Invocation&);
int system_down(const Invocation&);
int system_reset(const Invocation&);
int system_boot(const Invocation&);
int system_shutdown(const Invocation&);
int internal_start(const Invocation&);
int internal_shut_down(const Invocation&);
int internal_hold_scope(const Invocation&);
int internal_clean_up(const Invocation&);
int internal_attach_network(const Invocation&);
int internal_restore_firewall(const Invocation&);

}  // namespace minidock::cmd
