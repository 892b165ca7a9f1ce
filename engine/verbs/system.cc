#include <unistd.h>

#include "base/file.h"
#include "engine/engine.h"
#include "engine/lifecycle.h"
#include "engine/root_mounts.h"
#include "engine/runtime/container_process.h"
#include "engine/volume_mounts.h"

namespace minidock {

void Engine::system_down() { remove_host_state(/*with_user_rules=*/false); }

void Engine::remove_host_state(bool with_user_rules) {
  list(ListOptions{.all = true, .last = 0, .filters = {}});  // what died unnoticed gives its addresses back
  network::remove_host_state(database(), instance_, with_user_rules);
  runtime::remove_cgroup("/" + instance_.cgroup_parent);
}

void Engine::system_reset() {
  for (const Container& container : list(ListOptions{.all = true, .last = 0, .filters = {}})) {
    remove(container.id(), true, true);
  }
  for (const Volume& volume : load_volumes(database())) discard_volume(instance_, volume.name);
  remove_discarded_volumes(instance_);
  for (const std::string& id : list_root_mounts(instance_, RootMountKind::image)) {
    detach_root_mount(instance_, RootMountKind::image, id);
  }
  remove_host_state(/*with_user_rules=*/true);
  database_.reset();
  for (const char* name : {"containers", "layers", "layers-mapped", "blobs", "volumes", "secrets", "cache", "db.sqlite",
                           "db.sqlite-wal", "db.sqlite-shm"}) {
    file::remove_tree(instance_.root + "/" + name);
  }
  file::remove_tree(instance_.state);
  // Gone only when nothing but minidock's own was in it.
  ::rmdir(instance_.root.c_str());
}

}  // namespace minidock
