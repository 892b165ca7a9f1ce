#include "engine/state_directory.h"

#include "base/error.h"
#include "base/file.h"
#include "base/nap.h"

namespace minidock {

void remove_state_directory(const storage::Instance& instance, const std::string& id) {
  constexpr int kTries = 1000;
  for (int tries = 1;; ++tries) {
    try {
      file::remove_tree(instance.container_state_dir(id));
      return;
    } catch (const SysError& error) {
      const bool raced = error.error_number() == ENOTEMPTY || error.error_number() == ENOENT;
      if (!raced || tries == kTries) throw;
    }
    nap(1);
  }
}

}  // namespace minidock
