// commit: the container stands still while minidock-image makes a layer of its upper directory.
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mman.h>

#include <optional>

#include "base/error.h"
#include "base/syscall.h"
#include "engine/container_root.h"
#include "engine/engine.h"
#include "engine/events.h"
#include "engine/health_options.h"
#include "engine/image_job.h"
#include "engine/runtime/frozen_cgroup.h"

namespace minidock {
namespace {

OrderedJson text_or_null(const std::string& text) { return text.empty() ? OrderedJson() : OrderedJson(text); }

OrderedJson set_or_null(const std::vector<std::string>& keys) {
  OrderedJson set;
  for (const std::string& key : keys) set[key] = OrderedJson::object();
  return set;
}

// As the "config" of an image's document (OCI image-spec, config.md); null where the container has nothing.
OrderedJson image_config(const ContainerConfig& config) {
  OrderedJson document;
  document["User"] = text_or_null(config.user);
  document["ExposedPorts"] = set_or_null(config.exposed_ports);
  document["Env"] = config.env;
  document["Entrypoint"] = config.entrypoint ? OrderedJson(*config.entrypoint) : OrderedJson();
  document["Cmd"] = config.cmd ? OrderedJson(*config.cmd) : OrderedJson();
  document["WorkingDir"] = text_or_null(config.working_dir);
  document["Labels"] = config.labels.empty() ? OrderedJson() : OrderedJson(config.labels);
  // The container's own come on top of the image's, which it does not repeat.
  if (!config.volumes.empty()) document["Volumes"] = set_or_null(config.volumes);
  if (!config.stop_signal.empty()) document["StopSignal"] = config.stop_signal;
  if (!config.shell.empty()) document["Shell"] = config.shell;
  if (config.healthcheck) document["Healthcheck"] = healthcheck_json(*config.healthcheck);
  return document;
}

Fd file_with(const std::string& content) {
  Fd file(
      sys::checked([] { return std::string("memfd_create()"); }, [] { return memfd_create("config", MFD_CLOEXEC); }));
  sys::write_all(file.get(), content);
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw SysError("lseek of a memory file");
  return file;
}

void check_reference(const std::string& typed) {
  if (typed.empty()) return;
  if (!image::parse_reference(typed).digest.empty()) {
    throw Error(ErrorKind::invalid_argument, "refusing to create a tag with a digest reference");
  }
}

}  // namespace

void Engine::commit(const CommitOptions& options) {
  check_reference(options.reference);
  EngineContext here = context();
  const HeldContainer held = hold_container(here, options.container);
  const ContainerDefinition& definition = held.container.definition;
  if (!definition.host.rootfs.empty()) {
    throw Error(
        ErrorKind::unsupported,
        fmt::format("container {} has no image to build on (--rootfs): use export and import", options.container));
  }
  const runtime::Spec spec = spec_of(here, held.container);
  make_upper(instance_, definition.id, spec);
  const Fd user_namespace = user_namespace_of(held, spec);
  const Fd upper = sys::open(spec.rootfs.upper, O_RDONLY | O_DIRECTORY);

  ImageJob job{{"commit"}, {}, {}};
  job.add_descriptor("--upper-fd", upper.get());
  job.add_descriptor("--config-fd", file_with(json::dump(image_config(definition.config))).get());
  if (user_namespace) job.add_descriptor("--userns-fd", user_namespace.get());
  job.add("--image", definition.image_id);
  for (const std::string& layer : definition.layers) job.add("--layer", layer);
  job.add("--author", options.author);
  job.add("--message", options.message);
  job.add("--created-by", definition.config.cmd ? fmt::format("{}", fmt::join(*definition.config.cmd, " ")) : "");
  for (const std::string& change : options.changes) job.add("--change", change);

  // From here the files do not change under us.
  std::optional<runtime::FrozenCgroup> frozen;
  if (held.container.running() && options.pause) frozen.emplace(spec.cgroups_path);
  for (const std::string& path : find_upper_changes(spec).mount_points) job.add("--exclude", path);
  if (!options.reference.empty()) job.add_flag(options.reference);
  run_image_job(instance_, debug_, job);
  record_container_event(instance_, definition, "commit",
                         {{"comment", options.message}, {"imageRef", options.reference}});
}

}  // namespace minidock
