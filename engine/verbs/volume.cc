// volume create, ls, inspect, rm.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/format.h"
#include "base/random.h"
#include "engine/engine.h"
#include "engine/events.h"
#include "engine/filters.h"
#include "engine/volume_driver.h"
#include "engine/volume_mounts.h"
#include "engine/volume_store.h"
#include "engine/volumes.h"

namespace minidock {
namespace {

Volume new_volume(const CreateVolumeOptions& options, const DaemonConfig& config) {
  Volume volume;
  volume.anonymous = options.name.empty();
  volume.name = volume.anonymous ? random::hex(32) : options.name;
  volume.created = format::now_ns();
  volume.options = options.options;
  volume.labels = options.labels;
  volume.owner = userns_mappings(config.userns_remap);
  return volume;
}

bool matches(const Volume& volume, const Filters& filters) {
  return filters.all_of("label", [&](const std::string& wanted) { return has_label(volume.labels, wanted); }) &&
         filters.any_of("name", [&](const std::string& pattern) { return has_pattern(volume.name, pattern); }) &&
         filters.any_of("driver", [](const std::string& driver) { return driver == "local"; }) &&
         filters.any_of("dangling",
                        [&](const std::string& value) { return filter_truth(value) == volume.users.empty(); });
}

}  // namespace

std::string Engine::create_volume(const CreateVolumeOptions& options) {
  const Volume volume = new_volume(options, config_);
  check_volume_name(volume.name);
  try {
    check_volume_driver(options.driver);
    check_driver_options(volume.options);
    storage::Transaction transaction(database());
    // docker: one that is there already is what was asked for, whatever its options are.
    const bool is_new = insert_volume(database(), volume);
    if (is_new) make_volume_directory(instance_, volume);
    transaction.commit();
    if (is_new) record_volume_event(instance_, volume.name, "create");
  } catch (const Error& error) {
    throw error.with_context(fmt::format("create {}", volume.name));
  }
  return volume.name;
}

std::vector<Volume> Engine::volumes(const std::vector<std::string>& filter_texts) {
  const Filters filters(filter_texts, {"dangling", "driver", "label", "name"});
  for (const std::string& value : filters.values("dangling")) filter_truth(value);
  std::vector<Volume> found;
  list_all();  // what ended unnoticed uses nothing
  for (Volume& volume : load_volumes(database())) {
    if (matches(volume, filters)) found.push_back(std::move(volume));
  }
  return found;
}

OrderedJson Engine::inspect_volume(const std::string& name) {
  const Volume volume = get_volume(database(), name);
  return OrderedJson{
      {"CreatedAt", format::rfc3339_nano(volume.created / 1'000'000'000 * 1'000'000'000)},
      {"Driver", "local"},
      {"Labels", volume.labels ? OrderedJson(*volume.labels) : OrderedJson()},
      {"Mountpoint", volume_data(instance_, volume.name)},
      {"Name", volume.name},
      {"Options", volume.options.empty() && !volume.labels ? OrderedJson() : OrderedJson(volume.options)},
      {"Scope", "local"}};
}

bool Engine::volume_exists(const std::string& name) { return find_volume(database(), name).has_value(); }

void Engine::remove_volume(const std::string& name, bool force) {
  list_all();  // what ended unnoticed uses nothing
  storage::Transaction transaction(database());
  const std::optional<Volume> volume = find_volume(database(), name);
  if (!volume && force) return;
  if (!volume) throw Error(ErrorKind::not_found, fmt::format("No such volume: {}", name));
  if (!volume->users.empty()) {
    throw Error(ErrorKind::conflict,
                fmt::format("remove {}: volume is in use - [{}]", name, fmt::join(volume->users, ", ")));
  }
  delete_volume(database(), name);
  discard_volume(instance_, name);
  transaction.commit();
  record_volume_event(instance_, name, "destroy");
  remove_discarded_volumes(instance_);
}

}  // namespace minidock
