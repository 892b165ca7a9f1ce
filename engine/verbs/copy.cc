// cp: both paths are looked up here, by descriptor where a container is concerned; the files themselves are moved by
// minidock-image, one jailed process that reads and one that writes.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>

#include "base/error.h"
#include "base/path.h"
#include "base/syscall.h"
#include "engine/container_root.h"
#include "engine/copy_lookup.h"
#include "engine/engine.h"
#include "engine/events.h"
#include "engine/image_job.h"
#include "engine/output_file.h"

namespace minidock {
namespace {

[[noreturn]] void throw_not_found(const std::string& container, const std::string& path) {
  throw Error(ErrorKind::not_found, fmt::format("Could not find the file {} in container {}", path, container), ENOENT);
}

std::uint64_t mount_id(int fd) {
  struct statx status {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) != 0) throw SysError("statx(STATX_MNT_ID)");
  return status.stx_mnt_id;
}

void check_writable(const ContainerRoot& root, int directory) {
  struct statvfs info {};
  if (::fstatvfs(directory, &info) != 0) throw SysError("fstatvfs of a container's directory");
  const bool in_rootfs = mount_id(root.visible.root.get()) == mount_id(directory);
  // While it does not run nothing but its definition says so.
  const bool marked = in_rootfs && root.held.container.definition.host.readonly_rootfs;
  if ((info.f_flag & ST_RDONLY) == 0 && !marked) return;
  throw Error(ErrorKind::invalid_argument,
              in_rootfs ? "container rootfs is marked read-only" : "mounted volume is marked read-only", EROFS);
}

void add_source(ImageJob& job, const copy::Found& source, const std::string& name) {
  job.add_descriptor("--source-fd", source.directory.get());
  job.add("--source-base", source.base);
  job.add("--source-name", name);
}

void add_announcement(ImageJob& job, const CopyOptions& options) {
  if (options.announce && options.destination != "-") job.add("--announce", options.destination);
}

class CopyOut {
 public:
  CopyOut(const CopyOptions& options, const copy::Argument& source, const ContainerRoot& root)
      : options_(options), source_(source), root_(root) {}

  // The paths that are copied, one after the other.
  std::vector<std::string> paths() const {
    if (!options_.glob) return {copy::path_in_root(source_.path)};
    std::vector<std::string> found = copy::expand_in_root(root_.visible.root.get(), source_.path);
    if (found.empty()) throw_not_found(source_.container, source_.path);
    if (found.size() > 1 && (options_.destination == "-" || !destination().is_directory)) {
      throw Error(ErrorKind::invalid_argument,
                  fmt::format("{} matches {} files: the destination must be an existing directory", source_.path,
                              found.size()));
    }
    return found;
  }

  ImageJob job(const std::string& path) {
    const copy::Found found = copy::find_in_root(root_.visible.root.get(), path, options_.follow_link);
    if (!found.status) throw_not_found(source_.container, options_.glob ? path : source_.path);
    const std::string name = copy::entry_name(path);
    ImageJob job{{"copy"}, {}, {}};
    if (root_.user_namespace) job.add_descriptor("--source-userns-fd", root_.user_namespace.get());
    if (options_.destination == "-") {
      add_source(job, found, name);
    } else {
      const copy::Plan plan = copy::make_plan({name, found.is_directory()}, destination());
      add_source(job, found, plan.name);
      job.add_descriptor("--target-fd", open_target(plan.directory).get());
      // As cp(1): what root copies belongs to root, unless the owners are asked for.
      if (!options_.archive) job.add_flag("--root-owned");
    }
    add_announcement(job, options_);
    return job;
  }

 private:
  copy::Destination destination() const {
    return copy::find_host_destination(copy::path_on_host(options_.destination));
  }
  static Fd open_target(const std::string& directory) { return sys::open(directory, O_PATH | O_DIRECTORY); }

  const CopyOptions& options_;
  const copy::Argument& source_;
  const ContainerRoot& root_;
};

copy::Destination container_destination(const ContainerRoot& root, const copy::Argument& typed) {
  const copy::Found found = copy::find_in_root(root.visible.root.get(), copy::path_in_root(typed.path), true);
  if (found.status && !S_ISDIR(found.status->st_mode) && !S_ISREG(found.status->st_mode)) {
    const bool is_device = S_ISCHR(found.status->st_mode) || S_ISBLK(found.status->st_mode);
    throw Error(ErrorKind::invalid_argument,
                fmt::format("destination \"{}:{}\" must be a directory or a regular file: got {}", typed.container,
                            typed.path, is_device ? "a device" : "an irregular file"));
  }
  return copy::Destination{found.path, found.status.has_value(), found.is_directory()};
}

void add_target(ImageJob& job, const ContainerRoot& root, const copy::Argument& typed, const std::string& directory) {
  const Fd target = path::open_in_root_if_exists(root.visible.root.get(), directory, O_PATH | O_DIRECTORY);
  if (!target && path::open_in_root_if_exists(root.visible.root.get(), directory, O_PATH)) {
    throw Error(ErrorKind::invalid_argument, "extraction point is not a directory", ENOTDIR);
  }
  if (!target) throw_not_found(typed.container, directory);
  check_writable(root, target.get());
  job.add_descriptor("--target-fd", root.visible.root.get());
  job.add("--target-directory", directory);
  if (root.user_namespace) job.add_descriptor("--target-userns-fd", root.user_namespace.get());
}

ImageJob job_into_container(const CopyOptions& options, const copy::Argument& typed, const ContainerRoot& root) {
  const copy::Destination destination = container_destination(root, typed);
  ImageJob job{{"copy"}, {}, {}};
  if (options.source == "-") {
    if (!destination.is_directory) {
      throw Error(ErrorKind::invalid_argument,
                  fmt::format("destination \"{}:{}\" must be a directory", typed.container, typed.path));
    }
    add_target(job, root, typed, destination.path);
  } else {
    const std::string path = copy::path_on_host(options.source);
    const copy::Found source = copy::find_host_source(path, options.follow_link);
    const copy::Plan plan = copy::make_plan({copy::entry_name(path), source.is_directory()}, destination);
    add_source(job, source, plan.name);
    add_target(job, root, typed, plan.directory);
  }
  add_announcement(job, options);
  return job;
}

void check_arguments(const CopyOptions& options, const copy::Argument& source, const copy::Argument& destination) {
  if (options.source.empty()) throw Error(ErrorKind::invalid_argument, "source can not be empty");
  if (options.destination.empty()) throw Error(ErrorKind::invalid_argument, "destination can not be empty");
  if (!source.container.empty() && !destination.container.empty()) {
    throw Error(ErrorKind::invalid_argument, "copying between containers is not supported");
  }
  if (source.container.empty() && destination.container.empty()) {
    throw Error(ErrorKind::invalid_argument, "must specify at least one container source");
  }
  if (source.path.empty() || destination.path.empty()) {
    throw Error(ErrorKind::invalid_argument, "the path in the container cannot be empty");
  }
  if (options.glob && source.container.empty()) {
    throw Error(ErrorKind::invalid_argument,
                "--glob expands paths in a container; the shell expands those of the host");
  }
}

}  // namespace

void Engine::copy(const CopyOptions& options) {
  const copy::Argument source = copy::split_argument(options.source);
  const copy::Argument destination = copy::split_argument(options.destination);
  check_arguments(options, source, destination);
  EngineContext here = context();
  if (source.container.empty()) {
    const ContainerRoot root = open_container_root(here, destination.container, RootView::everything);
    run_image_job(instance_, debug_, job_into_container(options, destination, root));
    record_container_event(instance_, root.held.container.definition, "extract-to-dir");
    return;
  }
  if (options.destination != "-") check_output_path(options.destination);
  const ContainerRoot root = open_container_root(here, source.container, RootView::everything);
  CopyOut out(options, source, root);
  for (const std::string& path : out.paths()) run_image_job(instance_, debug_, out.job(path));
  record_container_event(instance_, root.held.container.definition, "archive-path");
}

}  // namespace minidock
