#include "cmd/minidock/command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>

#include "cmd/minidock/flag_words.h"

namespace minidock::cmd {
namespace {

// docker's usage line in place of the one that CLI11 derives.
class UsageFormatter : public CLI::Formatter {
 public:
  explicit UsageFormatter(std::string usage) : usage_(std::move(usage)) {}
  std::string make_usage(const CLI::App*, std::string) const override { return usage_; }
  const std::string& usage() const { return usage_; }

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
  FlagWords words = split_flags(app, invocation.arguments, stop_at_positional);
  // As docker's: a flag of one value that is given again has the last one.
  for (CLI::Option* option : app.get_options()) {
    if (option->get_multi_option_policy() == CLI::MultiOptionPolicy::Throw) option->take_last();
  }
  // CLI11 takes them in reverse.
  std::reverse(words.flags.begin(), words.flags.end());
  try {
    app.parse(words.flags);
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }
  return std::move(words.positionals);
}

CLI::Option* add_list(CLI::App& app, const std::string& names, std::vector<std::string>& values,
                      const std::string& description) {
  return app.add_option(names, values, description)
      ->type_size(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

CLI::Option* add_filters(CLI::App& app, const std::string& names, std::vector<std::string>& values) {
  const std::string shown = names.starts_with("-f") ? "-f, --filter" : "--filter";
  return add_list(app, names, values, "Provide filter values (e.g. 'label=<key>=<value>')")
      ->check([shown](const std::string& text) -> std::string {
        if (text.find('=') != std::string::npos) return "";
        throw UsageError(fmt::format(
            "invalid argument \"{}\" for \"{}\" flag: bad format of filter (expected name=value)", text, shown));
      });
}

void expect_positionals(const CLI::App& app, const std::vector<std::string>& positionals, int least, int most) {
  const int count = static_cast<int>(positionals.size());
  if (count >= least && (most < 0 || count <= most)) return;
  const auto arguments = [](int number) { return fmt::format("{} argument{}", number, number == 1 ? "" : "s"); };
  const std::string wanted = most == 0       ? "accepts no arguments"
                             : most < 0      ? "requires at least " + arguments(least)
                             : least == most ? "requires exactly " + arguments(least)
                             : least == 0    ? "requires at most " + arguments(most)
                                          : fmt::format("requires at least {} and at most {}", least, arguments(most));
  throw WordCountError(fmt::format("\"{}\" {}.", app.get_name(), wanted),
                       fmt::format("{}\n{}\n", dynamic_cast<const UsageFormatter&>(*app.get_formatter()).usage(),
                                   app.get_description()));
}

int exit_code_of_attached(std::optional<int> code) {
  if (code) return *code;
  fmt::print(stderr, "read escape sequence\n");
  return 1;
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

gotemplate::Template compile_template(const std::string& format) {
  try {
    return gotemplate::Template::parse(format == "json" ? "{{json .}}" : format);
  } catch (const Error& error) {
    throw TemplateError(error.kind(), error.message());
  }
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
