// export, and the content of volumes: whole trees as tar streams.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/syscall.h"
#include "engine/container_root.h"
#include "engine/engine.h"
#include "engine/events.h"
#include "engine/image_job.h"
#include "engine/output_file.h"
#include "engine/runtime/userns.h"
#include "engine/volume_mounts.h"
#include "engine/volume_store.h"

namespace minidock {
namespace {

void run_to_output(const storage::Instance& instance, bool debug, ImageJob job, const std::string& output) {
  if (output.empty()) {
    run_image_job(instance, debug, job);
    return;
  }
  OutputFile file(output);
  job.fds.emplace_back(file.fd(), STDOUT_FILENO);
  run_image_job(instance, debug, job);
  file.commit();
}

}  // namespace

void Engine::export_container(const std::string& name, const std::string& output) {
  if (!output.empty()) check_output_path(output);
  EngineContext here = context();
  const ContainerRoot root = open_container_root(here, name, RootView::rootfs_only);
  ImageJob job{{"copy"}, {}, {}};
  job.add_descriptor("--source-fd", root.visible.root.get());
  if (root.user_namespace) job.add_descriptor("--source-userns-fd", root.user_namespace.get());
  run_to_output(instance_, debug_, std::move(job), output);
  record_container_event(instance_, root.held.container.definition, "export");
}

namespace {

// A volume's files, mounted where its driver mounts them for containers, with their owners as containers see them.
class VolumeFiles {
 public:
  VolumeFiles(EngineContext& context, const std::string& name)
      : context_(context), volume_(get_volume(context.database, name)) {
    mount_volume(context, volume_);
    directory_ = sys::open(volume_data(context.instance, name), O_PATH | O_DIRECTORY);
    if (volume_.owner.remapped()) {
      user_namespace_ = runtime::parent_make_user_namespace(volume_.owner.uids, volume_.owner.gids);
    }
  }
  VolumeFiles(const VolumeFiles&) = delete;
  ~VolumeFiles() {
    directory_.reset();
    try {
      unmount_unused_volume(context_, volume_.name, "");
    } catch (const Error&) {
      // It stays until the next container that has it ends.
    }
  }
  void add_to(ImageJob& job, const char* directory_option, const char* user_namespace_option) const {
    job.add_descriptor(directory_option, directory_.get());
    if (user_namespace_) job.add_descriptor(user_namespace_option, user_namespace_.get());
  }

 private:
  EngineContext& context_;
  Volume volume_;
  Fd directory_;
  Fd user_namespace_;  // invalid: owners are the host's
};

}  // namespace

void Engine::export_volume(const std::string& name, const std::string& output) {
  if (!output.empty()) check_output_path(output);
  EngineContext here = context();
  const VolumeFiles files(here, name);
  ImageJob job{{"copy"}, {}, {}};
  files.add_to(job, "--source-fd", "--source-userns-fd");
  run_to_output(instance_, debug_, std::move(job), output);
}

void Engine::import_volume(const std::string& name, const std::string& input) {
  const Fd file = input == "-" ? Fd() : Fd(::open(input.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && input != "-") throw SysError(fmt::format("cannot read {}", input));
  EngineContext here = context();
  const VolumeFiles files(here, name);
  ImageJob job{{"copy"}, {}, {}};
  files.add_to(job, "--target-fd", "--target-userns-fd");
  if (file) job.fds.emplace_back(file.get(), STDIN_FILENO);
  run_image_job(instance_, debug_, job);
}

}  // namespace minidock
