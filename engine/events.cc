#include "engine/events.h"

#include <utility>

namespace minidock {

EventAttributes event_attributes(const ContainerDefinition& definition) {
  EventAttributes attributes(definition.config.labels.begin(), definition.config.labels.end());
  attributes["image"] = definition.image_reference;
  attributes["name"] = definition.name;
  return attributes;
}

void record_container_event(const storage::Instance& instance, const ContainerDefinition& definition,
                            const std::string& action, const EventAttributes& extra) {
  shim::Event event{"container", action, definition.id, event_attributes(definition), 0};
  for (const auto& [key, value] : extra) event.attributes[key] = value;
  shim::append_event(instance.state, std::move(event));
}

namespace {

shim::Event network_event(const Container& container, const network::Endpoint& endpoint, const char* action) {
  return {"network",
          action,
          endpoint.network_id,
          {{"container", container.id()}, {"name", endpoint.network_name}, {"type", endpoint.driver}},
          0};
}

shim::Event volume_event(const Container& container, const MountPoint& mount, const char* action) {
  return {"volume",
          action,
          mount.name,
          {{"container", container.id()}, {"driver", mount.driver.empty() ? "local" : mount.driver}},
          0};
}

}  // namespace

void record_attached(const storage::Instance& instance, const Container& container) {
  std::vector<shim::Event> events;
  for (const network::Endpoint& endpoint : container.state.endpoints) {
    events.push_back(network_event(container, endpoint, "connect"));
  }
  for (const MountPoint& mount : container.definition.mount_points) {
    if (mount.type != "volume") continue;
    shim::Event event = volume_event(container, mount, "mount");
    event.attributes["destination"] = mount.destination;
    event.attributes["read/write"] = mount.read_only ? "false" : "true";
    event.attributes["propagation"] = "";  // docker knows none for volumes
    events.push_back(std::move(event));
  }
  if (!events.empty()) shim::append_events(instance.state, std::move(events));
}

void record_detached(const storage::Instance& instance, const Container& container) {
  std::vector<shim::Event> events;
  for (const network::Endpoint& endpoint : container.state.endpoints) {
    events.push_back(network_event(container, endpoint, "disconnect"));
  }
  for (const MountPoint& mount : container.definition.mount_points) {
    if (mount.type == "volume") events.push_back(volume_event(container, mount, "unmount"));
  }
  if (!events.empty()) shim::append_events(instance.state, std::move(events));
}

void record_endpoint_event(const storage::Instance& instance, const Container& container,
                           const network::Endpoint& endpoint, const char* action) {
  shim::append_event(instance.state, network_event(container, endpoint, action));
}

void record_network_event(const storage::Instance& instance, const network::Network& network,
                          const std::string& action) {
  shim::append_event(instance.state,
                     {"network", action, network.id, {{"name", network.name}, {"type", network.settings.driver}}, 0});
}

void record_volume_event(const storage::Instance& instance, const std::string& name, const std::string& action,
                         const EventAttributes& extra) {
  EventAttributes attributes{{"driver", "local"}};
  for (const auto& [key, value] : extra) attributes[key] = value;
  shim::append_event(instance.state, {"volume", action, name, std::move(attributes), 0});
}

void record_prune_event(const storage::Instance& instance, const std::string& type, std::uint64_t reclaimed_bytes) {
  shim::append_event(instance.state, {type, "prune", "", {{"reclaimed", std::to_string(reclaimed_bytes)}}, 0});
}

void record_image_event(const storage::Instance& instance, const std::string& action, const std::string& subject,
                        const std::string& name, const image::Image* image) {
  EventAttributes attributes;
  if (image != nullptr) {
    const image::ImageConfig config = image::parse_image_config(image->config_text);
    attributes.insert(config.labels.begin(), config.labels.end());
  }
  attributes["name"] = name;
  shim::append_event(instance.state, {"image", action, subject, std::move(attributes), 0});
}

}  // namespace minidock
