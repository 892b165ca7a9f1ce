#include "engine/subordinate_ids.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <optional>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/syscall.h"

namespace minidock {
namespace {

constexpr char kDefaultUser[] = "dockremap";
constexpr std::uint32_t kRangeSize = 65536;
constexpr std::uint32_t kFirstSubordinateId = 100000;

struct Range {
  std::string owner;
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

std::vector<std::string> split(const std::string& line, char separator) {
  std::vector<std::string> fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, separator);) fields.push_back(field);
  return fields;
}

std::optional<std::uint32_t> to_id(const std::string& text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::vector<Range> parse_ranges(const std::string& text) {
  std::vector<Range> ranges;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::vector<std::string> fields = split(line, ':');
    if (fields.size() != 3) continue;  // subuid(5): malformed lines are skipped
    const std::optional<std::uint32_t> first = to_id(fields[1]);
    const std::optional<std::uint32_t> count = to_id(fields[2]);
    if (first && count && *count > 0) ranges.push_back({fields[0], *first, *count});
  }
  return ranges;
}

struct Account {
  std::string name;
  std::string id;
};

// passwd(5) and group(5) read directly: name in field 0, id in field 2. NSS would load libraries into every start.
std::optional<Account> find_account(const std::string& file, const std::string& name_or_id) {
  std::istringstream lines(file::read_if_exists(file).value_or(""));
  for (std::string line; std::getline(lines, line);) {
    const std::vector<std::string> fields = split(line, ':');
    if (fields.size() < 3) continue;
    if (fields[0] == name_or_id || fields[2] == name_or_id) return Account{fields[0], fields[2]};
  }
  return std::nullopt;
}

Account get_account(const std::string& file, const std::string& name_or_id, const char* what) {
  if (const std::optional<Account> account = find_account(file, name_or_id)) return *account;
  throw Error(ErrorKind::not_found,
              fmt::format("userns-remap: {} \"{}\" is not in {}; create it, or name another one in daemon.json (\"\" "
                          "turns remapping off)",
                          what, name_or_id, file));
}

void run_tool(const std::vector<std::string>& arguments) {
  process::SpawnOptions options;
  options.program = arguments.front();
  options.arguments = arguments;
  const int code = process::exit_code(sys::waitpid(process::spawn(options)));
  if (code != 0) {
    throw Error(ErrorKind::system, fmt::format("userns-remap: {} for user {} failed with exit code {}; create the user "
                                               "and its ranges in /etc/subuid and /etc/subgid by hand",
                                               arguments.front(), kDefaultUser, code));
  }
}

bool has_ranges(const std::string& etc, const char* file, const std::string& owner) {
  const std::string text = file::read_if_exists(fmt::format("{}/{}", etc, file)).value_or("");
  for (const Range& range : parse_ranges(text)) {
    if (range.owner == owner) return true;
  }
  return false;
}

// docker's "default": user and group dockremap with one block of 65536 ids each, made by the host's own tools, which
// lock the files. A lock of our own keeps two first commands from asking them twice.
void create_default_user() {
  const Fd lock = sys::open("/run/minidock-dockremap.lock", O_RDWR | O_CREAT, 0600);
  sys::flock(lock.get(), LOCK_EX);
  if (!find_account("/etc/passwd", kDefaultUser)) {
    run_tool({"/usr/sbin/useradd", "--system", "--no-create-home", "--user-group", "--home-dir", "/nonexistent",
              "--shell", "/bin/false", kDefaultUser});
  }
  if (!has_ranges("/etc", "subuid", kDefaultUser)) {
    const std::uint32_t first = first_free_range(file::read_if_exists("/etc/subuid").value_or(""));
    run_tool({"/usr/sbin/usermod", "--add-subuids", fmt::format("{}-{}", first, first + kRangeSize - 1), kDefaultUser});
  }
  if (!has_ranges("/etc", "subgid", kDefaultUser)) {
    const std::uint32_t first = first_free_range(file::read_if_exists("/etc/subgid").value_or(""));
    run_tool({"/usr/sbin/usermod", "--add-subgids", fmt::format("{}-{}", first, first + kRangeSize - 1), kDefaultUser});
  }
  ::unlink("/run/minidock-dockremap.lock");
}

std::vector<runtime::IdMapping> read_ranges(const std::string& file, const Account& account) {
  std::vector<runtime::IdMapping> mappings =
      parse_subordinate_ranges(file::read_if_exists(file).value_or(""), account.name, account.id);
  if (mappings.empty()) {
    throw Error(ErrorKind::not_found,
                fmt::format("userns-remap: \"{}\" has no range in {}; add a line like \"{}:100000:65536\"",
                            account.name, file, account.name));
  }
  return mappings;
}

}  // namespace

std::vector<runtime::IdMapping> parse_subordinate_ranges(const std::string& text, const std::string& user,
                                                         const std::string& numeric_id) {
  std::vector<runtime::IdMapping> mappings;
  std::uint32_t next = 0;
  for (const Range& range : parse_ranges(text)) {
    if (range.owner != user && range.owner != numeric_id) continue;
    mappings.push_back({next, range.first, range.count});
    next += range.count;
  }
  return mappings;
}

std::uint32_t first_free_range(const std::string& text) {
  std::uint32_t first = kFirstSubordinateId;
  for (const Range& range : parse_ranges(text)) {
    const std::uint64_t end = std::uint64_t{range.first} + range.count;
    if (end > first && end < UINT32_MAX - kRangeSize) first = static_cast<std::uint32_t>(end);
  }
  return first;
}

IdMappings userns_mappings(const std::string& setting, const std::string& etc) {
  if (setting.empty()) return {};
  if (setting == "default") {
    // The common case reads the two files once and knows nothing of the account.
    const Account account{kDefaultUser, kDefaultUser};
    IdMappings mappings;
    mappings.uids = parse_subordinate_ranges(file::read_if_exists(etc + "/subuid").value_or(""), kDefaultUser, "");
    mappings.gids = parse_subordinate_ranges(file::read_if_exists(etc + "/subgid").value_or(""), kDefaultUser, "");
    if (!mappings.uids.empty() && !mappings.gids.empty()) return mappings;
    create_default_user();
    return IdMappings{read_ranges(etc + "/subuid", account), read_ranges(etc + "/subgid", account)};
  }
  const std::size_t colon = setting.find(':');
  const Account user = get_account(etc + "/passwd", setting.substr(0, colon), "user");
  const Account group =
      colon == std::string::npos ? user : get_account(etc + "/group", setting.substr(colon + 1), "group");
  return IdMappings{read_ranges(etc + "/subuid", user), read_ranges(etc + "/subgid", group)};
}

IdMappings mappings_of_process(pid_t pid) {
  const auto read_map = [&](const char* file) {
    std::vector<runtime::IdMapping> mappings;
    std::istringstream lines(file::read(fmt::format("/proc/{}/{}", pid, file)));
    runtime::IdMapping mapping;
    while (lines >> mapping.container_id >> mapping.host_id >> mapping.size) mappings.push_back(mapping);
    return mappings;
  };
  IdMappings mappings{read_map("uid_map"), read_map("gid_map")};
  // The initial namespace shows one identity map of everything: that is no remapping.
  const bool initial =
      mappings.uids.size() == 1 && mappings.uids[0].host_id == 0 && mappings.uids[0].size == UINT32_MAX;
  return initial ? IdMappings{} : mappings;
}

IdMappings mappings_of_namespace(const std::string& path) {
  const Fd user_namespace = sys::open(path, O_RDONLY);
  const Pipe hold = sys::pipe();
  Pipe joined = sys::pipe();
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError("fork");
  if (pid == 0) {
    // Joins, says so by closing its end, and waits until it was read about.
    const int failed = ::setns(user_namespace.get(), CLONE_NEWUSER);
    if (failed != 0) _exit(errno);
    ::close(joined.write.get());
    ::close(hold.write.get());
    char byte = 0;
    [[maybe_unused]] const ssize_t got = ::read(hold.read.get(), &byte, 1);
    _exit(0);
  }
  joined.write.reset();
  char byte = 0;
  sys::read(joined.read.get(), &byte, 1);
  std::optional<IdMappings> mappings;
  try {
    mappings = mappings_of_process(pid);
  } catch (const Error&) {
    // The child ended early: its exit code below says why.
  }
  ::kill(pid, SIGKILL);
  const int status = sys::waitpid(pid);
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
    throw SysError(WEXITSTATUS(status), fmt::format("cannot join user namespace {}", path));
  }
  if (!mappings) throw Error(ErrorKind::internal, fmt::format("cannot read the id maps of user namespace {}", path));
  return *mappings;
}

}  // namespace minidock
