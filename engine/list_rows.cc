#include "engine/list_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "base/error.h"
#include "base/format.h"
#include "engine/port_options.h"
#include "image/reference.h"

namespace minidock {

std::string labels_text(const std::map<std::string, std::string>& labels) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : labels) parts.push_back(key + "=" + value);
  return fmt::format("{}", fmt::join(parts, ","));
}

std::string created_at(std::int64_t ns) {
  // Go's time.String of docker's list: "2026-01-02 03:04:05 +0000 UTC"
  const std::string text = format::rfc3339_nano(ns / 1'000'000'000 * 1'000'000'000);
  return fmt::format("{} {} +0000 UTC", text.substr(0, 10), text.substr(11, 8));
}
namespace {

constexpr std::size_t kShortId = 12;
constexpr std::size_t kCommandWidth = 20;

std::string ago(std::int64_t then) { return format::human_duration(format::now_ns() - then) + " ago"; }

// docker shows the command quoted and cut to twenty characters, the last of which is an ellipsis.
std::string command_text(const std::vector<std::string>& args, bool truncate) {
  std::string text = fmt::format("{}", fmt::join(args, " "));
  if (truncate && text.size() > kCommandWidth) {
    std::size_t end = kCommandWidth - 1;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // not inside a UTF-8 sequence
    text = text.substr(0, end) + "…";
  }
  return json::dump(Json(text));
}

std::string mounts_text(const ContainerDefinition& definition, bool truncate) {
  std::vector<std::string> names;
  for (const MountPoint& mount : definition.mount_points) {
    std::string name = mount.name.empty() ? mount.source : mount.name;
    if (truncate && name.size() > 15) name = name.substr(0, 14) + "…";
    if (!name.empty()) names.push_back(name);
  }
  return fmt::format("{}", fmt::join(names, ","));
}

}  // namespace

namespace {

std::string health_text(const std::string& health) {
  if (health.empty()) return "";
  return health == "starting" ? " (health: starting)" : fmt::format(" ({})", health);
}

}  // namespace

std::string status_text(const ContainerState& state) {
  switch (state.status) {
    case ContainerStatus::running:
      return fmt::format("Up {}{}", format::human_duration(format::now_ns() - state.started_at),
                         state.paused ? " (Paused)" : health_text(state.health));
    case ContainerStatus::restarting:
      return fmt::format("Restarting ({}) {}", state.exit_code, ago(state.finished_at));
    case ContainerStatus::exited:
      return fmt::format("Exited ({}) {}", state.exit_code, ago(state.finished_at));
    case ContainerStatus::created:
    case ContainerStatus::starting:
      break;
  }
  return "Created";
}

namespace {

// Ports of the host that lead to the same ports of the container, or exposed ones: without gaps.
struct PortGroup {
  std::string host_ip;  // "" when they are only exposed
  std::string protocol;
  std::uint16_t first = 0;
  std::uint16_t last = 0;

  bool same_kind(const network::PublishedPort& port) const {
    return host_ip == port.host_ip && protocol == port.protocol;
  }
  std::string text() const {
    const std::string range = first == last ? std::to_string(first) : fmt::format("{}-{}", first, last);
    return host_ip.empty() ? fmt::format("{}/{}", range, protocol)
                           : fmt::format("{}:{}->{}/{}", host_ip, range, range, protocol);
  }
};

// Exposed ones have no host_ip.
std::vector<network::PublishedPort> shown_ports(const Container& container) {
  std::vector<network::PublishedPort> ports = container.state.ports;
  if (container.running()) {
    const std::vector<network::PublishedPort> exposed =
        unpublished_ports(container.definition.config.exposed_ports, ports);
    ports.insert(ports.end(), exposed.begin(), exposed.end());
  }
  std::sort(ports.begin(), ports.end(), [](const network::PublishedPort& a, const network::PublishedPort& b) {
    return std::tie(a.container_port, a.host_ip, a.host_port, a.protocol) <
           std::tie(b.container_port, b.host_ip, b.host_port, b.protocol);
  });
  return ports;
}

}  // namespace

// docker's order: a group that a gap ends, the last group of each kind, then what has another port outside.
std::string ports_text(const Container& container) {
  std::vector<std::string> parts;
  std::vector<PortGroup> groups;
  std::vector<std::string> mappings;
  for (const network::PublishedPort& port : shown_ports(container)) {
    const std::uint16_t number = port.container_port;
    if (!port.host_ip.empty() && port.host_port != number) {
      mappings.push_back(fmt::format("{}:{}->{}/{}", port.host_ip, port.host_port, number, port.protocol));
      continue;
    }
    const auto group =
        std::find_if(groups.begin(), groups.end(), [&](const PortGroup& other) { return other.same_kind(port); });
    if (group == groups.end()) {
      groups.push_back({port.host_ip, port.protocol, number, number});
    } else if (number == group->last + 1) {
      group->last = number;
    } else {
      parts.push_back(group->text());
      group->first = group->last = number;
    }
  }
  for (const PortGroup& group : groups) parts.push_back(group.text());
  parts.insert(parts.end(), mappings.begin(), mappings.end());
  return fmt::format("{}", fmt::join(parts, ", "));
}

namespace {

std::string short_id(std::string_view id) {
  return std::string((id.starts_with("sha256:") ? id.substr(7) : id).substr(0, kShortId));
}

// Cut as docker's client does it: an id to its beginning, a reference to its familiar form without the digest.
std::string image_text(const Container& container, bool truncate) {
  const ContainerDefinition& definition = container.definition;
  const std::string& name = container.image_name.empty() ? definition.image_reference : container.image_name;
  if (!truncate || definition.image_id.empty()) return name;
  if (short_id(name) == short_id(definition.image_id)) return short_id(name);
  try {
    const image::Reference reference = image::parse_reference(name);
    const std::string tagged = name.substr(0, name.find('@'));
    const std::size_t colon = tagged.rfind(':');
    const bool has_tag = colon != std::string::npos && tagged.find('/', colon) == std::string::npos;
    return reference.familiar_name() + (has_tag ? ":" + reference.tag : "");
  } catch (const Error&) {
    return name;
  }
}

std::string names_text(const Container& container, bool truncate) {
  std::vector<std::string> names{container.name()};
  if (!truncate) names.insert(names.end(), container.link_names.begin(), container.link_names.end());
  std::sort(names.begin(), names.end());
  return fmt::format("{}", fmt::join(names, ","));
}

// A container in another one's network has none of its own.
std::string network_text(const ContainerDefinition& definition) {
  const std::string& mode = definition.host.network_mode;
  if (mode == "none" || mode == "host") return mode;
  std::set<std::string> names;
  for (const NetworkAttachment& attachment : definition.networks) names.insert(attachment.network);
  return fmt::format("{}", fmt::join(names, ","));
}

}  // namespace

OrderedJson container_headers() {
  return OrderedJson{{"Command", "COMMAND"}, {"CreatedAt", "CREATED AT"}, {"ID", "CONTAINER ID"},
                     {"Image", "IMAGE"},     {"Labels", "LABELS"},        {"LocalVolumes", "LOCAL VOLUMES"},
                     {"Mounts", "MOUNTS"},   {"Names", "NAMES"},          {"Networks", "NETWORKS"},
                     {"Ports", "PORTS"},     {"RunningFor", "CREATED"},   {"Size", "SIZE"},
                     {"State", "STATE"},     {"Status", "STATUS"}};
}

OrderedJson container_row(const Container& container, bool truncate) {
  const ContainerDefinition& definition = container.definition;
  const auto volumes = std::count_if(definition.mount_points.begin(), definition.mount_points.end(),
                                     [](const MountPoint& mount) { return mount.type == "volume"; });
  return OrderedJson{{"Command", command_text(definition.args, truncate)},
                     {"CreatedAt", created_at(definition.created)},
                     {"ID", truncate ? definition.id.substr(0, kShortId) : definition.id},
                     {"Image", image_text(container, truncate)},
                     {"Label", OrderedJson(definition.config.labels)},
                     {"Labels", labels_text(definition.config.labels)},
                     {"LocalVolumes", std::to_string(volumes)},
                     {"Mounts", mounts_text(definition, truncate)},
                     {"Names", names_text(container, truncate)},
                     {"Networks", network_text(definition)},
                     {"Ports", ports_text(container)},
                     {"RunningFor", ago(definition.created)},
                     {"Size", "0B"},  // until it is asked for
                     {"State", std::string(shown_status(container.state))},
                     {"Status", status_text(container.state)}};
}

OrderedJson volume_headers() {
  return OrderedJson{{"Driver", "DRIVER"},    {"Labels", "LABELS"}, {"Links", "LINKS"}, {"Mountpoint", "MOUNTPOINT"},
                     {"Name", "VOLUME NAME"}, {"Scope", "SCOPE"},   {"Size", "SIZE"}};
}

OrderedJson volume_row(const Volume& volume, const storage::Instance& instance) {
  const std::map<std::string, std::string> labels = volume.labels.value_or(std::map<std::string, std::string>{});
  return OrderedJson{{"Driver", "local"},
                     {"Label", OrderedJson(labels)},
                     {"Labels", labels_text(labels)},
                     {"Links", "N/A"},
                     {"Mountpoint", volume_data(instance, volume.name)},
                     {"Name", volume.name},
                     {"Scope", "local"},
                     {"Size", "N/A"}};
}

std::string size_text(const ContainerSize& size) {
  return fmt::format("{} (virtual {})", format::human_size(static_cast<double>(size.written), 3),
                     format::human_size(static_cast<double>(size.written + size.image), 3));
}

OrderedJson image_headers() {
  return OrderedJson{{"CreatedAt", "CREATED AT"},
                     {"CreatedSince", "CREATED"},
                     {"Digest", "DIGEST"},
                     {"ID", "IMAGE ID"},
                     {"Repository", "REPOSITORY"},
                     {"Size", "SIZE"},
                     {"Tag", "TAG"}};
}

std::vector<OrderedJson> image_rows(const image::Image& image, bool truncate) {
  const image::ImageConfig config = image::parse_image_config(image.config_text);
  // An image without a date (reproducible builds leave it out) shows the epoch's, as in docker.
  const std::int64_t created = config.created.empty() ? 0 : format::parse_rfc3339(config.created);
  std::map<std::string, std::string> digests;
  for (const std::string& text : image.repo_digests) {
    const image::Reference reference = image::parse_reference(text);
    digests[reference.familiar_name()] = reference.digest;
  }
  const auto row = [&](const std::string& repository, const std::string& tag) {
    const auto digest = digests.find(repository);
    return OrderedJson{{"CreatedAt", created_at(created)},
                       {"CreatedSince", created == 0 ? "N/A" : ago(created)},
                       {"Digest", digest == digests.end() ? "<none>" : digest->second},
                       {"ID", truncate ? image.id.substr(7, kShortId) : image.id},
                       {"Repository", repository},
                       {"Size", format::human_size(static_cast<double>(image.size), 3)},
                       {"Tag", tag}};
  };
  std::vector<OrderedJson> rows;
  for (const std::string& text : image.tags) {
    const image::Reference reference = image::parse_reference(text);
    rows.push_back(row(reference.familiar_name(), reference.tag));
  }
  if (rows.empty()) rows.push_back(row(digests.empty() ? "<none>" : digests.begin()->first, "<none>"));
  return rows;
}

}  // namespace minidock
