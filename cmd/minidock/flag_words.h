// A verb's words by the rules of docker's client (Go's pflag), with its errors: what CLI11 then gets has only one form.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace minidock::cmd {

struct FlagWords {
  std::vector<std::string> flags;  // "--name", "value" and "--flag=true", for CLI11
  std::vector<std::string> positionals;
};

// `-n1`, `-n=1`, `-n 1`, `--last=1`, `-aq`, `-a=false`, `--`: every form is understood. With `stop_at_positional`
// everything from the first positional on is positional. UsageError: a flag that `app` does not have, one without its
// value, a truth value or number that is none. HelpRequested for --help, and -h where it is no flag of its own.
FlagWords split_flags(const CLI::App& app, const std::vector<std::string>& words, bool stop_at_positional);

}  // namespace minidock::cmd
