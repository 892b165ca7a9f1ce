// container, image and volume prune: one selection each, carried out or (with dry_run) only told.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/format.h"
#include "engine/engine.h"
#include "engine/events.h"
#include "engine/filters.h"
#include "engine/lifecycle.h"
#include "engine/tree_walk.h"
#include "engine/volume_mounts.h"

namespace minidock {
namespace {

using Labels = std::map<std::string, std::string>;

bool has_wanted_labels(const Filters& filters, const Labels& labels) {
  const auto has = [&](const std::string& wanted) { return has_label(labels, wanted); };
  return filters.all_of("label", has) &&
         filters.all_of("label!", [&](const std::string& wanted) { return !has(wanted); });
}

// What is older than the filter `until` says.
bool is_old_enough(const Filters& filters, std::int64_t created) {
  const std::int64_t now = format::now_ns();
  return filters.all_of("until", [&](const std::string& text) { return created < parse_until(text, now); });
}

void check_until(const Filters& filters) {
  if (filters.values("until").size() > 1) {
    throw Error(ErrorKind::invalid_argument, "more than one until filter specified");
  }
  for (const std::string& text : filters.values("until")) parse_until(text, 0);
}

std::vector<Container> without(std::vector<Container> containers, const std::vector<std::string>& gone) {
  std::erase_if(containers, [&](const Container& container) {
    return std::find(gone.begin(), gone.end(), container.id()) != gone.end();
  });
  return containers;
}

bool can_be_pruned(const Container& container) {
  return container.state.status == ContainerStatus::created || container.state.status == ContainerStatus::exited;
}

}  // namespace

PruneReport Engine::prune_containers(const PruneOptions& options) {
  const Filters filters(options.filters, {"label", "label!", "until"});
  check_until(filters);
  PruneReport report;
  for (const Container& container : list_all()) {
    const ContainerDefinition& definition = container.definition;
    if (!can_be_pruned(container) || !has_wanted_labels(filters, definition.config.labels) ||
        !is_old_enough(filters, definition.created)) {
      continue;
    }
    const std::uint64_t bytes = tree_size(instance_.container_dir(container.id()) + "/upper");
    try {
      if (!options.dry_run) remove(container.id(), false, false);
    } catch (const Error& error) {
      // It was started meanwhile, or another command was faster.
      if (error.kind() != ErrorKind::conflict && error.kind() != ErrorKind::not_found) throw;
      continue;
    }
    report.objects.push_back({container.id(), bytes});
    report.reclaimed += bytes;
  }
  if (!options.dry_run) record_prune_event(instance_, "container", report.reclaimed);
  return report;
}

namespace {

// An image that no container was made from, and that has no name or (with all) any.
bool can_be_pruned(const ImageUsage& usage, bool all) {
  return usage.containers == 0 && (all || (usage.image.tags.empty() && usage.image.repo_digests.empty()));
}

bool is_chosen(const ImageUsage& usage, const PruneOptions& options, const Filters& filters) {
  if (!can_be_pruned(usage, options.all)) return false;
  const image::ImageConfig config = image::parse_image_config(usage.image.config_text);
  const std::int64_t created = config.created.empty() ? 0 : format::parse_rfc3339(config.created);
  return has_wanted_labels(filters, Labels(config.labels.begin(), config.labels.end())) &&
         is_old_enough(filters, created);
}

// Bytes of the layers that only images of `chosen` have.
std::uint64_t bytes_of(const DiskUsage& usage, const std::vector<const ImageUsage*>& chosen) {
  std::map<std::string, int> users;
  for (const ImageUsage& image : usage.images) {
    for (const std::string& diff_id : image.image.diff_ids) ++users[diff_id];
  }
  for (const ContainerUsage& container : usage.containers) {
    for (const std::string& diff_id : container.container.definition.layers) ++users[diff_id];
  }
  std::uint64_t bytes = 0;
  for (const ImageUsage* image : chosen) {
    for (const std::string& diff_id : image->image.diff_ids) {
      if (--users[diff_id] == 0) bytes += usage.layers.at(diff_id);
    }
  }
  return bytes;
}

void add_objects(PruneReport& report, const image::RemovedImage& removed) {
  for (const std::string& name : removed.untagged) report.objects.push_back({"untagged: " + name, 0});
  for (const std::string& id : removed.deleted) report.objects.push_back({"deleted: " + id, 0});
}

image::RemovedImage what_would_go(const image::Image& image) {
  image::RemovedImage result;
  for (const std::vector<std::string>* names : {&image.tags, &image.repo_digests}) {
    for (const std::string& name : *names) result.untagged.push_back(image::parse_reference(name).familiar());
  }
  result.deleted.push_back(image.id);
  return result;
}

}  // namespace

PruneReport Engine::prune_images(const PruneOptions& options) {
  const Filters filters(options.filters, {"dangling", "label", "label!", "until"});
  check_until(filters);
  PruneOptions effective = options;
  for (const std::string& value : filters.values("dangling")) effective.all = options.all || !filter_truth(value);
  const DiskUsage usage = minidock::disk_usage(database(), instance_, without(list_all(), options.gone));
  std::vector<const ImageUsage*> chosen;
  PruneReport report;
  for (const ImageUsage& image : usage.images) {
    if (!is_chosen(image, effective, filters)) continue;
    try {
      add_objects(report, options.dry_run ? what_would_go(image.image) : remove_image(image.image.id, true));
      chosen.push_back(&image);
      if (options.dry_run) report.objects.back().bytes = image.unique;
    } catch (const Error& error) {
      // A container was made from it meanwhile, or another command was faster.
      if (error.kind() != ErrorKind::conflict && error.kind() != ErrorKind::not_found) throw;
    }
  }
  report.reclaimed = bytes_of(usage, chosen);
  if (!options.dry_run) record_prune_event(instance_, "image", report.reclaimed);
  return report;
}

PruneReport Engine::prune_volumes(const PruneOptions& options) {
  const Filters filters(options.filters, {"label", "label!", "all"});
  bool all = options.all;
  for (const std::string& value : filters.values("all")) all = filter_truth(value);
  list_all();  // what ended unnoticed uses nothing
  PruneReport report;
  storage::Transaction transaction(database());
  for (const Volume& volume : load_volumes(database())) {
    // As docker: what the options mount belongs to somebody else, its volume is removed by name only.
    const bool used = std::any_of(volume.users.begin(), volume.users.end(), [&](const std::string& user) {
      return std::find(options.gone.begin(), options.gone.end(), user) == options.gone.end();
    });
    if (used || volume.options.contains("device") || (!all && !volume.anonymous)) continue;
    if (!has_wanted_labels(filters, volume.labels.value_or(Labels{}))) continue;
    const std::uint64_t bytes = volume_size(instance_, volume);
    report.objects.push_back({volume.name, bytes});
    report.reclaimed += bytes;
    if (options.dry_run) continue;
    delete_volume(database(), volume.name);
    discard_volume(instance_, volume.name);
  }
  transaction.commit();
  if (options.dry_run) return report;
  for (const PruneReport::Object& volume : report.objects) record_volume_event(instance_, volume.text, "destroy");
  remove_discarded_volumes(instance_);
  record_prune_event(instance_, "volume", report.reclaimed);
  return report;
}

}  // namespace minidock
