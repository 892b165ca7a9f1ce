// The events that commands tell; what a shim tells of its container is in engine/shim/container_events.h. An event is
// told when what it says can be seen by others. Names and attributes are docker 20.10's (docs.docker.com, "docker
// events").
#pragma once

#include <cstdint>
#include <string>

#include "engine/container_store.h"
#include "engine/shim/event_log.h"
#include "image/image_store.h"
#include "storage/instance.h"

namespace minidock {

using shim::EventAttributes;

// Labels, image and name: what each event of a container carries.
EventAttributes event_attributes(const ContainerDefinition& definition);

void record_container_event(const storage::Instance& instance, const ContainerDefinition& definition,
                            const std::string& action, const EventAttributes& extra = {});

// `network connect` and a `volume mount` each, before the container starts; their opposites after its end.
void record_attached(const storage::Instance& instance, const Container& container);
void record_detached(const storage::Instance& instance, const Container& container);

// "connect" or "disconnect" of one network, while the container runs.
void record_endpoint_event(const storage::Instance& instance, const Container& container,
                           const network::Endpoint& endpoint, const char* action);

// "create" and "destroy" of a network that a user has made.
void record_network_event(const storage::Instance& instance, const network::Network& network,
                          const std::string& action);

// "create" and "destroy" have the driver.
void record_volume_event(const storage::Instance& instance, const std::string& name, const std::string& action,
                         const EventAttributes& extra = {});

// After each prune. `type`: of what was removed; docker's actor of it has no id.
void record_prune_event(const storage::Instance& instance, const std::string& type, std::uint64_t reclaimed_bytes);

// `subject`: the image's id, or the reference that was pulled or pushed; `name`: attribute "name".
void record_image_event(const storage::Instance& instance, const std::string& action, const std::string& subject,
                        const std::string& name, const image::Image* image);

}  // namespace minidock
