#include "base/error.h"
#include "engine/cid_file.h"
#include "engine/create.h"
#include "engine/engine.h"
#include "engine/events.h"
#include "engine/explanation.h"
#include "engine/foreground.h"
#include "engine/lifecycle.h"

namespace minidock {
namespace {

streams::ClientOptions client_options(const RunOptions& options) {
  const ContainerConfig& config = options.create.config;
  streams::ClientOptions client;
  client.forward_stdin = config.attach_stdin;
  client.forward_stdout = config.attach_stdout;
  client.forward_stderr = config.attach_stderr;
  client.terminal = config.tty;
  client.proxy_signals = options.proxy_signals;
  client.set_detach_keys(options.detach_keys);
  return client;
}

}  // namespace

RunResult Engine::run(const RunOptions& options, const std::function<void(const std::string& id)>& on_created) {
  const CreateOptions& create = options.create;
  const streams::ClientOptions client = client_options(options);
  Explanation explanation(options.explain);
  shim::StartingShim shim = spawn_shim(instance_, config_, create.host, options.preserved_fds);
  const image::Image image = image_for(create);
  EngineContext here = context();
  CidFile cid_file(create.host.cid_file);
  const bool is_silent = options.detach || !client.shows_output();
  const auto tell_created = [&](const std::string& id) {
    cid_file.write(id);
    if (is_silent) on_created(id);
  };
  ContainerDefinition definition = make_definition(here, create, image);
  if (create.replace) remove_for_replacement(create.name);

  const std::string id = definition.id;
  // Names, address and ports are decided in one transaction; nothing is on disk before.
  std::optional<Reservation> reserved;
  try {
    reserved = create_and_reserve(here, std::move(definition));
  } catch (const Error&) {
    if (find_container(database(), id)) tell_created(id);
    throw;
  }
  Reservation& reservation = *reserved;
  tell_created(id);

  if (!options.detach) record_container_event(instance_, reservation.container.definition, "attach");

  // From here the container runs or is undone.
  minidock::start(here, reservation, shim, !options.detach);
  explanation.show();
  if (options.detach) return RunResult{id, std::nullopt};
  const std::optional<int> exit_code = stay_attached(here, reservation, shim, client);
  return RunResult{id, is_silent ? std::nullopt : exit_code};
}

}  // namespace minidock
