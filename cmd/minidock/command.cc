#include "cmd/minidock/command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <iostream>

namespace minidock::cmd {
namespace {

// CLI11 says what is wrong in its own words; docker's users know docker's.
std::string docker_words(const CLI::ParseError& error, const std::string& name) {
  if (name == "ArgumentMismatch" || name == "RequiredError")
    return fmt::format("flag needs an argument: {}", error.what());
  if (name == "ConversionError") return fmt::format("invalid argument: {}", error.what());
  return error.what();
}

void check_leftover_flag(const std::vector<std::string>& left) {
  if (left.empty() || left.front().size() < 2 || left.front().front() != '-' || left.front() == "--") return;
  const std::string& flag = left.front();
  if (flag.starts_with("--")) throw UsageError(fmt::format("unknown flag: {}", flag.substr(0, flag.find('='))));
  throw UsageError(fmt::format("unknown shorthand flag: '{}' in {}", flag[1], flag));
}

// docker's usage line in place of the one that CLI11 derives.
class UsageFormatter : public CLI::Formatter {
 public:
  explicit UsageFormatter(std::string usage) : usage_(std::move(usage)) {}
  std::string make_usage(const CLI::App*, std::string) const override { return usage_; }

 private:
  std::string usage_;
};

}  // namespace

std::unique_ptr<CLI::App> make_app(const Invocation& invocation, const std::string& usage, const std::string& summary) {
  auto app = std::make_unique<CLI::App>(summary);
  app->name(invocation.program);
  app->set_help_flag("--help", "Print usage");
  app->formatter(std::make_shared<UsageFormatter>(fmt::format("\nUsage:  {} {}\n", invocation.program, usage)));
  return app;
}

std::vector<std::string> parse(CLI::App& app, const Invocation& invocation, bool stop_at_positional) {
  app.allow_extras();
  app.prefix_command(stop_at_positional);
  // CLI11 takes the arguments in reverse.
  std::vector<std::string> reversed(invocation.arguments.rbegin(), invocation.arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    throw HelpRequested{app.help()};
  } catch (const CLI::ParseError& error) {
    throw UsageError(docker_words(error, error.get_name()));
  }
  std::vector<std::string> left = app.remaining();
  if (stop_at_positional) {
    check_leftover_flag(left);
    if (!left.empty() && left.front() == "--") left.erase(left.begin());
    return left;
  }
  std::vector<std::string> positionals;
  bool only_positionals = false;
  for (const std::string& word : left) {
    if (only_positionals) {
      positionals.push_back(word);
    } else if (word == "--") {
      only_positionals = true;
    } else {
      check_leftover_flag({word});
      positionals.push_back(word);
    }
  }
  return positionals;
}

CLI::Option* add_list(CLI::App& app, const std::string& names, std::vector<std::string>& values,
                      const std::string& description) {
  return app.add_option(names, values, description)
      ->type_size(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void expect_positionals(const Invocation& invocation, const std::vector<std::string>& positionals, int least,
                        int most) {
  const int count = static_cast<int>(positionals.size());
  if (count >= least && (most < 0 || count <= most)) return;
  const char* relation = most < 0 ? "at least" : least == most ? "exactly" : count < least ? "at least" : "at most";
  const int number = count < least ? least : most;
  throw UsageError(
      fmt::format("\"{}\" requires {} {} argument{}.", invocation.program, relation, number, number == 1 ? "" : "s"));
}

int for_each_name(const std::vector<std::string>& names, bool echo,
                  const std::function<void(const std::string& name)>& action) {
  int code = 0;
  for (const std::string& name : names) {
    try {
      action(name);
      if (echo) fmt::print("{}\n", name);
    } catch (const Error& error) {
      std::fflush(stdout);
      fmt::print(stderr, "Error: {}\n", error.message());
      code = 1;
    }
  }
  return code;
}

void refuse_terminal(const std::string& output) {
  if (output.empty() && ::isatty(STDOUT_FILENO) != 0) {
    throw Error(ErrorKind::invalid_argument, "cowardly refusing to save to a terminal. Use the -o flag or redirect");
  }
}

void add_preserve_fds(CLI::App& app, int& count) {
  app.add_option("--preserve-fds", count, "Pass so many more descriptors, from 3 on, to the program")
      ->check(CLI::NonNegativeNumber);
}

void check_preserved_descriptors(int count) {
  for (int fd = STDERR_FILENO + 1; fd <= STDERR_FILENO + count; ++fd) {
    // What this program has opened itself is marked: nobody has passed it.
    const int flags = ::fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) continue;
    throw UsageError(fmt::format("--preserve-fds {}: file descriptor {} was not passed to this command", count, fd));
  }
}

}  // namespace minidock::cmd
