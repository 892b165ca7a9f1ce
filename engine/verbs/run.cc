#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"
#include "engine/create.h"
#include "engine/engine.h"
#include "engine/events.h"
#include "engine/explanation.h"
#include "engine/lifecycle.h"

namespace minidock {

image::Image Engine::image_for_run(const RunOptions& options) {
  const std::string& name = options.config.image;
  if (options.pull != "always") {
    if (std::optional<image::Image> found = image::find_image(database(), name)) return std::move(*found);
    if (options.pull == "never") throw Error(ErrorKind::not_found, fmt::format("No such image: {}", name));
    const std::string missing =
        fmt::format("Unable to find image '{}' locally\n", image::parse_reference(name).familiar());
    sys::write_all(STDERR_FILENO, missing);
  }
  pull(PullOptions{name, options.platform, options.quiet_pull, STDERR_FILENO});
  return image::get_image(database(), name);
}

namespace {

// --cidfile: refuses to overwrite, as docker does, before anything is made.
Fd open_cid_file(const std::string& path) {
  if (path.empty()) return Fd();
  const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
  if (fd < 0 && errno == EEXIST) {
    throw Error(ErrorKind::conflict,
                fmt::format("container ID file found, make sure the other container isn't running or delete {}", path));
  }
  if (fd < 0) throw SysError(fmt::format("cannot create container ID file {}", path));
  return Fd(fd);
}

streams::ClientOptions client_options(const RunOptions& options) {
  streams::ClientOptions client;
  client.forward_stdin = options.config.attach_stdin;
  client.forward_stdout = options.config.attach_stdout;
  client.forward_stderr = options.config.attach_stderr;
  client.terminal = options.config.tty;
  client.proxy_signals = options.proxy_signals;
  if (!options.detach_keys.empty()) client.detach_keys = options.detach_keys;
  streams::parse_detach_keys(client.detach_keys);
  return client;
}

}  // namespace

RunResult Engine::run(const RunOptions& options, const std::function<void(const std::string& id)>& on_detached) {
  const streams::ClientOptions client = client_options(options);
  Explanation explanation(options.explain);
  shim::StartingShim shim = spawn_shim(instance_, config_, options.host);
  const image::Image image = image_for_run(options);
  EngineContext here = context();
  Fd cid_file = open_cid_file(options.cid_file);

  // Names, address and ports are decided in one transaction; nothing is on disk before.
  Reservation reservation = reserve(here, make_definition(here, options, image), true);
  const std::string id = reservation.container.id();
  if (cid_file) sys::write_all(cid_file.get(), id);

  if (!options.detach) record_container_event(instance_, reservation.container.definition, "attach");

  // From here the container runs or is undone.
  start(here, reservation, shim, !options.detach);
  explanation.show();
  if (options.detach) {
    on_detached(id);
    return RunResult{id, std::nullopt};
  }

  const Fd init = process::open_exact(reservation.container.state.running.init);
  const streams::Result result = streams::relay_shim(shim.take_attach_channel(), client, init.get());
  if (result.ending == streams::Ending::detached) return RunResult{id, std::nullopt};

  // The shim writes its record and ends; this command cleans up in its place.
  const std::optional<shim::ExitRecord> record = shim.wait_exited(true);
  const Fd lock = lock_container(instance_, id);
  finish(here, reservation.container, record);
  if (!record) {
    throw Error(ErrorKind::unavailable,
                fmt::format("the shim of container {} was killed, and the container with it", id.substr(0, 12)));
  }
  return RunResult{id, record->exit_code};
}

}  // namespace minidock
