#include "storage/unpack/tar_to_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/xattr.h>

#include <cerrno>

#include "base/error.h"
#include "base/syscall.h"
#include "storage/overlay_marks.h"
#include "storage/unpack/directories.h"
#include "storage/unpack/names.h"
#include "storage/unpack/tree_writer.h"

namespace minidock::storage {

UnpackedTree unpack_tar(TarReader& reader, Chunks tar, int directory, const UnpackLimits& limits, PathLog& opaque) {
  TreeWriter writer(directory, limits, opaque, PathLog::create(directory));
  reader.open(std::move(tar));
  for (Entry entry; reader.next(entry);) writer.write(entry, reader);
  reader.finish();
  writer.finish();
  return UnpackedTree{writer.size(), writer.entries()};
}

void mark_opaque(int directory, PathLog& log) {
  log.for_each([&](const std::string& path, const timespec&) {
    Fd target;
    try {
      target = open_child_directory(directory, path.empty() ? "." : path, O_RDONLY);
    } catch (const SysError& error) {
      // A later entry put something else there.
      const int err = error.error_number();
      if (err == ENOENT || err == ENOTDIR || err == ELOOP) return;
      throw;
    }
    if (fsetxattr(target.get(), kOpaqueAttribute, "y", 1, 0) != 0) {
      throw SysError(fmt::format("cannot mark {} as opaque", printable(path)));
    }
  });
}

}  // namespace minidock::storage
