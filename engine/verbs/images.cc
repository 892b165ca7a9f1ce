// pull, load, import, images, tag, rmi: what needs big libraries is done by minidock-image, the rest on the database.
#include <unistd.h>

#include <algorithm>

#include "engine/engine.h"
#include "engine/events.h"
#include "engine/image_job.h"
#include "engine/lifecycle.h"
#include "engine/root_mounts.h"

namespace minidock {
namespace {

// Bars that move only make sense on a terminal.
std::string progress_style(const PullOptions& options) {
  if (options.quiet) return "quiet";
  return ::isatty(options.progress_fd) != 0 ? "tty" : "plain";
}

}  // namespace

void Engine::pull(const PullOptions& options) {
  std::vector<std::string> arguments{"pull", "--progress", progress_style(options), "--progress-fd",
                                     std::to_string(options.progress_fd)};
  if (!options.platform.empty()) arguments.insert(arguments.end(), {"--platform", options.platform});
  for (const std::string& registry : config_.insecure_registries) {
    arguments.insert(arguments.end(), {"--insecure-registry", registry});
  }
  arguments.push_back(options.reference);
  run_image_job(instance_, debug_, arguments);
  const image::Image pulled = image(options.reference);
  const image::Reference reference = image::parse_reference(options.reference);
  record_image_event(instance_, "pull", reference.familiar(), reference.familiar_name(), &pulled);
}

void Engine::load(const LoadOptions& options) {
  std::vector<std::string> arguments{"load"};
  if (!options.input.empty()) arguments.insert(arguments.end(), {"--input", options.input});
  if (options.quiet) arguments.emplace_back("--quiet");
  for (const std::string& id : run_image_job(instance_, debug_, arguments)) {
    const image::Image loaded = image(id);
    record_image_event(instance_, "load", id, id, &loaded);
  }
}

void Engine::import_image(const ImportOptions& options) {
  std::vector<std::string> arguments{"import"};
  for (const std::string& change : options.changes) arguments.insert(arguments.end(), {"--change", change});
  if (!options.message.empty()) arguments.insert(arguments.end(), {"--message", options.message});
  if (!options.platform.empty()) arguments.insert(arguments.end(), {"--platform", options.platform});
  arguments.push_back(options.source);
  if (!options.reference.empty()) arguments.push_back(options.reference);
  for (const std::string& id : run_image_job(instance_, debug_, arguments)) {
    const image::Image imported = image(id);
    record_image_event(instance_, "import", id, id, &imported);
  }
}

std::vector<image::Image> Engine::images() { return image::list_images(database()); }

image::Image Engine::image(const std::string& name) { return image::get_image(database(), name); }

void Engine::tag(const std::string& source, const std::string& target) {
  const image::Reference reference = image::parse_reference(target);
  const image::Image found = image::get_image(database(), source);
  storage::Transaction transaction(database());
  image::tag_image(database(), found.id, reference);
  transaction.commit();
  record_image_event(instance_, "tag", found.id, reference.familiar(), &found);
}

image::RemovedImage Engine::remove_image(const std::string& name, bool force) {
  // Containers that ended without anybody noticing must not keep an image.
  list(ListOptions{.all = true, .last = 0, .filters = {}});
  const image::Image found = image(name);
  image::RemovedImage removed = image::remove_image(database(), instance_, name, force);
  for (std::size_t i = 0; i < removed.untagged.size(); ++i) {
    record_image_event(instance_, "untag", found.id, found.id, &found);
  }
  const auto& deleted = removed.deleted;
  if (std::find(deleted.begin(), deleted.end(), found.id) != deleted.end()) {
    record_image_event(instance_, "delete", found.id, found.id, nullptr);
  }
  for (const std::string& id : deleted) {
    detach_root_mount(instance_, RootMountKind::image, id.substr(id.find(':') + 1));
  }
  return removed;
}

}  // namespace minidock
