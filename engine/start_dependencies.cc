#include "engine/start_dependencies.h"

#include <algorithm>

namespace minidock {
namespace {

constexpr std::string_view kContainerPrefix = "container:";
constexpr char kProjectLabel[] = "com.docker.compose.project";
constexpr char kServiceLabel[] = "com.docker.compose.service";
constexpr char kDependsOnLabel[] = "com.docker.compose.depends_on";
constexpr char kOneOffLabel[] = "com.docker.compose.oneoff";  // of `compose run`: no instance of its service

// Takes what is before the next `separator` off the front of `text`.
std::string_view take_word(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view word = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return word;
}

Readiness parse_readiness(std::string_view word) {
  if (word == "service_healthy") return Readiness::healthy;
  if (word == "service_completed_successfully") return Readiness::completed;
  return Readiness::started;
}

std::string label(const Container& container, const char* name) {
  const auto found = container.definition.config.labels.find(name);
  return found == container.definition.config.labels.end() ? "" : found->second;
}

// As the engine looks names up: the whole id, the name, the unique beginning of an id.
const Container* find(const std::vector<Container>& all, std::string_view name) {
  if (name.starts_with('/')) name.remove_prefix(1);
  const auto first = [&](auto matches) {
    const auto found = std::find_if(all.begin(), all.end(), matches);
    return found == all.end() ? nullptr : &*found;
  };
  if (const Container* found = first([&](const Container& c) { return c.id() == name; })) return found;
  if (const Container* found = first([&](const Container& c) { return c.name() == name; })) return found;
  const auto begins = [&](const Container& c) { return !name.empty() && c.id().starts_with(name); };
  return std::count_if(all.begin(), all.end(), begins) == 1 ? first(begins) : nullptr;
}

class Collector {
 public:
  Collector(const Container& container, const std::vector<Container>& all) : container_(container), all_(all) {}

  void add_name(std::string_view name) {
    if (const Container* other = find(all_, name)) add(*other, Readiness::started);
  }

  void add_mode(std::string_view mode) {
    if (mode.starts_with(kContainerPrefix)) add_name(mode.substr(kContainerPrefix.size()));
  }

  void add_service(const std::string& project, const ServiceDependency& wanted) {
    for (const Container& other : all_) {
      const bool is_instance = label(other, kProjectLabel) == project &&
                               label(other, kServiceLabel) == wanted.service && label(other, kOneOffLabel) != "True";
      if (is_instance) add(other, wanted.readiness);
    }
  }

  std::vector<Dependency> take() { return std::move(found_); }

 private:
  void add(const Container& other, Readiness readiness) {
    if (other.id() == container_.id()) return;
    const auto known =
        std::find_if(found_.begin(), found_.end(), [&](const Dependency& d) { return d.id == other.id(); });
    if (known == found_.end()) {
      found_.push_back({other.id(), readiness});
    } else if (known->readiness == Readiness::started) {
      known->readiness = readiness;
    }
  }

  const Container& container_;
  const std::vector<Container>& all_;
  std::vector<Dependency> found_;
};

}  // namespace

std::vector<ServiceDependency> parse_depends_on(std::string_view label) {
  std::vector<ServiceDependency> services;
  while (!label.empty()) {
    std::string_view entry = take_word(label, ',');
    const std::string_view service = take_word(entry, ':');
    if (!service.empty()) services.push_back({std::string(service), parse_readiness(take_word(entry, ':'))});
  }
  return services;
}

std::vector<Dependency> start_dependencies(const Container& container, const std::vector<Container>& all) {
  const HostConfig& host = container.definition.host;
  Collector collector(container, all);
  for (const std::string* mode :
       {&host.network_mode, &host.pid_mode, &host.ipc_mode, &host.uts_mode, &host.userns_mode, &host.cgroupns_mode}) {
    collector.add_mode(*mode);
  }
  for (const ContainerLink& link : container.definition.links) collector.add_name(link.id);
  for (const std::string_view source : host.volumes_from) collector.add_name(source.substr(0, source.find(':')));
  if (const std::string project = label(container, kProjectLabel); !project.empty()) {
    for (const ServiceDependency& wanted : parse_depends_on(label(container, kDependsOnLabel))) {
      collector.add_service(project, wanted);
    }
  }
  return collector.take();
}

}  // namespace minidock
