#include "base/rotated_files.h"

#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "base/directory.h"
#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"

namespace minidock::rotated_files {
namespace {

constexpr std::string_view kCompressed = ".gz";

std::string numbered(const std::string& path, unsigned number) { return fmt::format("{}.{}", path, number); }

// `rest` is what stands behind "NAME.": "2" or "2.gz".
std::optional<Predecessor> parse(std::string_view rest) {
  Predecessor file;
  file.compressed = rest.ends_with(kCompressed);
  if (file.compressed) rest.remove_suffix(kCompressed.size());
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), file.number);
  if (error != std::errc() || end != rest.data() + rest.size() || file.number == 0 || rest.front() == '0') {
    return std::nullopt;
  }
  return file;
}

void rename_if_present(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) < 0 && errno != ENOENT) {
    throw SysError(fmt::format("rename(\"{}\", \"{}\")", from, to));
  }
}

void remove(const std::string& path, unsigned number) {
  sys::unlinkat_if_present(AT_FDCWD, numbered(path, number), 0);
  sys::unlinkat_if_present(AT_FDCWD, numbered(path, number) + std::string(kCompressed), 0);
}

}  // namespace

Fd lock(const std::string& path, int operation) {
  Fd directory = sys::open(path::parent_of(path), O_RDONLY | O_DIRECTORY);
  sys::flock(directory.get(), operation);
  return directory;
}

Fd try_lock(const std::string& path) {
  Fd directory = sys::open(path::parent_of(path), O_RDONLY | O_DIRECTORY);
  return sys::try_flock(directory.get(), LOCK_EX) ? std::move(directory) : Fd();
}

std::vector<Predecessor> predecessors(const std::string& path) {
  const std::string prefix = path::base_name(path) + ".";
  std::vector<Predecessor> files;
  for (const std::string& name : file::names_in(path::parent_of(path))) {
    if (!name.starts_with(prefix)) continue;
    std::optional<Predecessor> file = parse(std::string_view(name).substr(prefix.size()));
    if (!file) continue;
    file->path = path::parent_of(path) + "/" + name;
    files.push_back(std::move(*file));
  }
  std::sort(files.begin(), files.end(), [](const Predecessor& a, const Predecessor& b) {
    return a.number != b.number ? a.number < b.number : a.compressed < b.compressed;
  });
  const auto same_number = [](const Predecessor& a, const Predecessor& b) { return a.number == b.number; };
  files.erase(std::unique(files.begin(), files.end(), same_number), files.end());
  return files;
}

void rotate(const std::string& path, unsigned max_files) {
  // An earlier rotation may have been interrupted before the new file was made.
  if (!file::exists(path)) return;
  if (max_files <= 1) {
    // Whoever reads the file still has all of it.
    sys::unlinkat_if_present(AT_FDCWD, path, 0);
    return;
  }
  const std::vector<Predecessor> files = predecessors(path);
  for (const Predecessor& file : files) {
    if (file.number >= max_files) remove(path, file.number);
  }
  // Numbers move up to the first that is free, so that an interrupted rotation is finished by the next one.
  unsigned free = 1;
  for (const Predecessor& file : files) {
    if (file.number == free) ++free;
  }
  if (free >= max_files) {
    free = max_files - 1;
    remove(path, free);
  }
  for (unsigned number = free; number > 1; --number) {
    rename_if_present(numbered(path, number - 1), numbered(path, number));
    rename_if_present(numbered(path, number - 1) + std::string(kCompressed),
                      numbered(path, number) + std::string(kCompressed));
  }
  rename_if_present(path, numbered(path, 1));
}

namespace {

constexpr std::string_view kExtraFieldId("mi\x08\x00", 4);  // and the size of what follows
// Behind the ten bytes of the fixed header and the size of the extra field.
constexpr off_t kExtraFieldOffset = 12;

}  // namespace

std::string gzip_extra_field(ino_t inode) {
  std::string field(kExtraFieldId);
  const std::uint64_t number = inode;
  for (unsigned i = 0; i < sizeof number; ++i) field += static_cast<char>((number >> (8 * i)) & 0xffU);
  return field;
}

std::optional<ino_t> original_inode(int compressed) {
  std::array<char, kExtraFieldId.size() + sizeof(std::uint64_t)> field{};
  const std::size_t got = sys::pread(compressed, field.data(), field.size(), kExtraFieldOffset);
  if (got != field.size() || !std::string_view(field.data(), field.size()).starts_with(kExtraFieldId)) {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  for (unsigned i = sizeof number; i > 0; --i) {
    number = (number << 8) | static_cast<std::uint8_t>(field[kExtraFieldId.size() + i - 1]);
  }
  return number;
}

void remove_predecessors(const std::string& path) {
  for (const Predecessor& file : predecessors(path)) remove(path, file.number);
}

}  // namespace minidock::rotated_files
