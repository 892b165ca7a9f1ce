#include "storage/unpack/extract.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

#include "base/error.h"
#include "base/syscall.h"
#include "storage/unpack/decompress.h"
#include "storage/unpack/jail.h"
#include "storage/unpack/names.h"
#include "storage/unpack/tar_reader.h"
#include "storage/unpack/tree_writer.h"

namespace minidock::storage {
namespace {

constexpr std::size_t kChunk = 256 * 1024;

std::string below(const std::string& directory, const std::string& path) {
  return directory.empty() ? path : directory + "/" + path;
}

// Entries are named from `directory` on. The archive's own directory ("./") is left as it is.
void write_entries(TarReader& reader, TreeWriter& writer, const ExtractTarget& target, const UnpackLimits& limits) {
  const std::string directory = clean_name(target.directory, limits).path;
  std::string path;
  std::string link;
  for (Entry entry; reader.next(entry);) {
    const EntryName name = clean_name(entry.path, limits);
    if (name.path.empty()) continue;
    path = below(directory, name.path);
    entry.path = path;
    if (entry.type == EntryType::hardlink) {
      link = below(directory, clean_name(entry.target, limits).path);
      entry.target = link;
    }
    if (!target.keep_owners) entry.uid = entry.gid = 0;
    try {
      writer.write(entry, reader);
    } catch (const SysError& error) {
      if (error.error_number() != EINVAL || target.user_namespace < 0) throw;
      throw Error(ErrorKind::invalid_argument,
                  fmt::format("{} belongs to {}:{}, which is no user and group of the container's: give it to another",
                              printable(name.path), entry.uid, entry.gid),
                  EINVAL);
    }
  }
}

Json extract(const ExtractTarget& target, const std::vector<int>& fds, pid_t parent) {
  const int input = fds[0];
  const int root = fds[1];
  std::vector<char> buffer(kChunk);
  Decompressor decompressor([&] { return std::string_view(buffer.data(), sys::read(input, buffer.data(), kChunk)); });
  TarReader reader;
  PathLog nothing{sys::open("/dev/null", O_RDWR)};
  const UnpackLimits limits;
  enter_empty_jail(fds.size() > 3 ? fds[3] : -1, parent);
  restrict_system_calls();
  // From here on bytes of the archive are looked at.
  WriteRules rules;
  rules.whiteouts = false;
  rules.merge_only = true;
  rules.optional_devices = target.user_namespace >= 0;
  TreeWriter writer(root, limits, nothing, PathLog(Fd(fds[2])), rules);
  reader.open([&] { return decompressor.next(); });
  write_entries(reader, writer, target, limits);
  reader.finish();
  writer.finish();
  return Json{{"size", writer.size()}};
}

}  // namespace

Extractor Extractor::start(int input, const ExtractTarget& target) {
  std::vector<int> descriptors = {input, target.root, target.scratch};
  if (target.user_namespace >= 0) descriptors.push_back(target.user_namespace);
  return Extractor(JailedProcess::start(
      descriptors, "the process that writes files",
      [&target](const std::vector<int>& fds, pid_t parent) { return extract(target, fds, parent); }));
}

std::uint64_t Extractor::finish() { return static_cast<std::uint64_t>(json::get_int(process_.finish(), "size")); }

}  // namespace minidock::storage
