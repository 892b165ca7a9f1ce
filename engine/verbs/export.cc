// export, and the content of volumes: whole trees as tar streams.
#include <fcntl.h>
#include <unistd.h>

#include "base/syscall.h"
#include "engine/container_root.h"
#include "engine/engine.h"
#include "engine/image_job.h"
#include "engine/output_file.h"

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
}

void Engine::export_directory(const std::string& directory, const std::string& output) {
  ImageJob job{{"copy"}, {}, {}};
  job.add_descriptor("--source-fd", sys::open(directory, O_PATH | O_DIRECTORY).get());
  run_to_output(instance_, debug_, std::move(job), output);
}

void Engine::import_directory(const std::string& directory, const std::string& input) {
  ImageJob job{{"copy"}, {}, {}};
  job.add_descriptor("--target-fd", sys::open(directory, O_PATH | O_DIRECTORY).get());
  const Fd file = input.empty() || input == "-" ? Fd() : sys::open(input, O_RDONLY);
  if (file) job.fds.emplace_back(file.get(), STDIN_FILENO);
  run_image_job(instance_, debug_, job);
}

}  // namespace minidock
