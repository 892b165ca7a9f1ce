#include "engine/runtime/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/error.h"

namespace minidock::runtime {
namespace {

std::string_view path_of(const std::vector<std::string>& environment) {
  // The last one wins, as for a shell that sets them in order.
  std::string_view path;
  for (const std::string& variable : environment) {
    if (variable.rfind("PATH=", 0) == 0) path = std::string_view(variable).substr(5);
  }
  return path;
}

// Go's spelling of the C library's texts, which docker shows: "no such file or directory".
std::string describe(int error) {
  std::string text = strerrordesc_np(error);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

struct Verdict {
  int error = 0;  // 0: may be executed
  bool exists = false;
};

Verdict examine(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return {errno, false};
  if (S_ISDIR(info.st_mode)) return {EISDIR, true};
  // Effective ids, as exec itself checks.
  if (faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) != 0) return {errno, true};
  return {0, true};
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& text : strings) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

}  // namespace

std::string child_find_program(const std::string& name, const std::vector<std::string>& environment) {
  if (name.find('/') != std::string::npos) {
    const Verdict verdict = examine(name);
    if (verdict.error == 0) return name;
    const std::string reason = describe(verdict.error);
    if (!verdict.exists) {
      const bool missing = verdict.error == ENOENT || verdict.error == ENOTDIR;
      throw Error(missing ? ErrorKind::command_not_found : ErrorKind::command_not_executable,
                  fmt::format("exec: \"{}\": stat {}: {}", name, name, reason), verdict.error);
    }
    throw Error(ErrorKind::command_not_executable, fmt::format("exec: \"{}\": {}", name, reason), verdict.error);
  }
  std::string_view rest = path_of(environment);
  while (!name.empty() && !rest.empty()) {
    const std::size_t colon = rest.find(':');
    const std::string_view directory = rest.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon + 1);
    std::string candidate = fmt::format("{}/{}", directory.empty() ? "." : directory, name);
    if (examine(candidate).error == 0) return candidate;
  }
  throw Error(ErrorKind::command_not_found, fmt::format("exec: \"{}\": executable file not found in $PATH", name),
              ENOENT);
}

void child_exec(const std::string& program, const std::vector<std::string>& arguments,
                const std::vector<std::string>& environment) {
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);
  execve(program.c_str(), argv.data(), envp.data());
  const int err = errno;
  // A missing interpreter or a wrong format: the file itself was found.
  throw Error(err == ENOENT ? ErrorKind::command_not_found : ErrorKind::command_not_executable,
              fmt::format("exec {}: {}", program, describe(err)), err);
}

}  // namespace minidock::runtime
