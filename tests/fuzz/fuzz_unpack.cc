// A (compressed) layer of any bytes: unpacking must neither crash nor leave its directory. Without the jail, so that
// what the code itself guards is what is tested. Runs as root, as unpacking does.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cstdio>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"
#include "storage/unpack/decompress.h"
#include "storage/unpack/tar_to_directory.h"

namespace {

using namespace minidock;

// Holds one directory, the layer, and must hold nothing else afterwards.
class Surroundings {
 public:
  Surroundings() {
    umask(0);
    std::string path = "/dev/shm/minidock-fuzz-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) throw SysError("mkdtemp");
    path_ = path;
  }
  ~Surroundings() { file::remove_tree(path_); }
  Surroundings(const Surroundings&) = delete;
  Surroundings& operator=(const Surroundings&) = delete;

  Fd fresh_layer() const {
    file::remove_tree(path_ + "/layer");
    sys::mkdirat(AT_FDCWD, path_ + "/layer", 0755);
    return sys::open(path_ + "/layer", O_RDONLY | O_DIRECTORY);
  }
  void check() const {
    // "." , ".." of the layer and the entry itself: a directory has one link more for each directory in it.
    const bool alone = sys::fstatat(AT_FDCWD, path_, 0).st_nlink == 3 && sys::fstatat(AT_FDCWD, path_, 0).st_uid == 0;
    file::remove_tree(path_ + "/layer");
    if (!alone || rmdir(path_.c_str()) != 0) {
      std::fprintf(stderr, "something was written outside of the layer, in %s\n", path_.c_str());
      abort();
    }
    sys::mkdirat(AT_FDCWD, path_, 0700);
  }

 private:
  std::string path_;
};

storage::UnpackLimits small_limits() {
  storage::UnpackLimits limits;
  limits.max_bytes = 4 << 20;
  limits.max_entries = 1000;
  limits.max_depth = 64;
  return limits;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const Surroundings surroundings;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const Fd layer = surroundings.fresh_layer();
  try {
    storage::Decompressor decompressor([&] { return std::exchange(rest, std::string_view{}); });
    storage::PathLog opaque = storage::PathLog::create(layer.get());
    storage::TarReader reader;
    storage::unpack_tar(
        reader, [&] { return decompressor.next(); }, layer.get(), small_limits(), opaque);
    storage::mark_opaque(layer.get(), opaque);
  } catch (const Error&) {
    // Refused.
  }
  surroundings.check();
  return 0;
}
