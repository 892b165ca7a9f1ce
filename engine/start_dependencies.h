// Which containers a container needs before it starts: what the kernel or docker's options demand (namespaces joined,
// links, --volumes-from) and what compose has written into its labels.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/container_store.h"

namespace minidock {

// What has to be true of the other container; compose's service_started, service_healthy and
// service_completed_successfully.
enum class Readiness { started, healthy, completed };

struct Dependency {
  std::string id;
  Readiness readiness = Readiness::started;
  bool operator==(const Dependency&) const = default;
};

// One entry of the label com.docker.compose.depends_on.
struct ServiceDependency {
  std::string service;
  Readiness readiness = Readiness::started;
  bool operator==(const ServiceDependency&) const = default;
};

// "db:service_healthy:false,redis:service_started:true"; the parts behind the service's name may be missing, and the
// last one (whether compose restarts along with it) tells nothing about the order. A condition that is not known is
// taken for service_started.
std::vector<ServiceDependency> parse_depends_on(std::string_view label);

// Each other container of `all` that `container` depends on, once, with the strongest of the conditions. What is not
// among them (removed since) is left out: the start itself says what it misses.
std::vector<Dependency> start_dependencies(const Container& container, const std::vector<Container>& all);

}  // namespace minidock
