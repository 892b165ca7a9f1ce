#include "names/directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/text.h"
#include "names/address_text.h"
#include "names/lines.h"

namespace minidock::names {
namespace {

// ---- the container's file

std::optional<bool> choice(std::string_view word, std::string_view no, std::string_view yes) {
  if (word == no) return false;
  if (word == yes) return true;
  return std::nullopt;
}

// The id names a file below the networks' directory.
bool is_network_id(std::string_view id) {
  return !id.empty() && id[0] != '.' && id.find('/') == std::string_view::npos;
}

bool is_server_address(std::string_view word) {
  return !address_bytes(std::string(word.substr(0, word.find('%')))).empty();
}

void add_line(View& view, std::string_view line) {
  const std::string_view what = take_word(line);
  const std::string_view first = take_word(line);
  const std::string_view second = take_word(line);
  if (first.empty() || second.empty()) return;
  if (what == "network" && is_network_id(first)) {
    const std::optional<bool> internal = choice(take_word(line), "open", "internal");
    if (internal) view.networks.push_back({std::string(first), std::string(second), *internal});
  } else if (what == "link") {
    view.links.push_back({lower_case(std::string(first)), std::string(second)});
  } else if (what == "server" && is_server_address(first)) {
    const std::optional<bool> inside = choice(second, "outside", "inside");
    if (inside) view.upstreams.push_back({std::string(first), *inside});
  }
}

// ---- a network's file

struct EndpointLine {
  std::string_view ipv4;
  std::string_view ipv6;
  std::string_view container_id;
  std::string_view names;  // with single spaces between them
};

EndpointLine endpoint_line(std::string_view line) {
  EndpointLine endpoint;
  endpoint.ipv4 = take_word(line);
  endpoint.ipv6 = take_word(line);
  endpoint.container_id = take_word(line);
  endpoint.names = line;
  return endpoint;
}

bool has_name(const EndpointLine& endpoint, std::string_view name) {
  for (std::string_view names = endpoint.names; !names.empty();) {
    if (take_word(names) == name) return true;
  }
  return false;
}

// "-", or an address of `size` bytes.
bool is_address_word(std::string_view word, std::size_t size) {
  return word == "-" || address_bytes(std::string(word)).size() == size;
}

bool is_whole(const EndpointLine& endpoint) {
  return !endpoint.container_id.empty() && is_address_word(endpoint.ipv4, 4) && is_address_word(endpoint.ipv6, 16);
}

// The addresses of the endpoints of which `wanted` is true; nothing when there is none. Their lines contain `word`:
// most others are passed over by that alone.
std::optional<Directory::Found> addresses_of(const std::string& path, std::string_view word,
                                             const std::function<bool(const EndpointLine&)>& wanted) {
  std::optional<Directory::Found> found;
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  for_each_line(file.get(), kLargestNetworkFile, [&](std::string_view line) {
    if (line.find(word) == std::string_view::npos) return true;
    const EndpointLine endpoint = endpoint_line(line);
    if (!wanted(endpoint) || !is_whole(endpoint)) return true;
    if (!found) found.emplace();
    if (endpoint.ipv4 != "-") found->ipv4.emplace_back(endpoint.ipv4);
    if (endpoint.ipv6 != "-") found->ipv6.emplace_back(endpoint.ipv6);
    return true;
  });
  return found;
}

// What is before ".<network name>"; empty when the name does not end so.
std::string_view name_within(std::string_view name, const SeenNetwork& network) {
  const std::string ending = "." + lower_case(network.name);
  return name.ends_with(ending) ? name.substr(0, name.size() - ending.size()) : std::string_view{};
}

}  // namespace

Directory::Directory(std::string view_path, std::string networks_directory, std::string resolver_file)
    : view_path_(std::move(view_path)),
      networks_directory_(std::move(networks_directory)),
      resolver_file_(std::move(resolver_file)) {}

Directory::Version Directory::version_of(const struct stat& status) {
  return {status.st_ino, status.st_dev, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

const View& Directory::view() {
  struct stat status {};
  const bool is_there = ::stat(view_path_.c_str(), &status) == 0;
  if ((is_there ? version_of(status) : Version{}) == version_) return view_;
  view_ = {};
  version_ = {};
  view_file_.reset(::open(view_path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  // Of the file that is open: the name may have gone to another one in between.
  if (!view_file_ || ::fstat(view_file_.get(), &status) < 0) return view_;
  version_ = version_of(status);
  for_each_line(view_file_.get(), kLargestViewFile, [&](std::string_view line) {
    add_line(view_, line);
    return true;
  });
  return view_;
}

std::string Directory::network_path(const SeenNetwork& network) const { return networks_directory_ + "/" + network.id; }

std::optional<Directory::Found> Directory::find_linked(const std::string& name) {
  std::vector<std::string_view> ids;
  for (const SeenLink& link : view_.links) {
    if (link.alias == name) ids.push_back(link.container_id);
  }
  if (ids.empty()) return std::nullopt;
  const auto is_linked = [&](const EndpointLine& endpoint) {
    return std::find(ids.begin(), ids.end(), endpoint.container_id) != ids.end();
  };
  for (const SeenNetwork& network : view_.networks) {
    if (std::optional<Found> found = addresses_of(network_path(network), "", is_linked)) return found;
  }
  return std::nullopt;
}

std::optional<Directory::Found> Directory::find(const std::string& name) {
  const View& seen = view();
  if (name.empty()) return std::nullopt;
  if (std::optional<Found> found = find_linked(name)) return found;
  for (const SeenNetwork& network : seen.networks) {
    const std::string_view within = name_within(name, network);
    const auto is_named = [&](const EndpointLine& endpoint) {
      return has_name(endpoint, name) || (!within.empty() && has_name(endpoint, within));
    };
    if (std::optional<Found> found = addresses_of(network_path(network), within.empty() ? name : within, is_named))
      return found;
  }
  return std::nullopt;
}

std::optional<std::string> Directory::name_of(const std::string& address) {
  std::optional<std::string> found;
  if (address_bytes(address).empty()) return found;
  for (const SeenNetwork& network : view().networks) {
    const Fd file(::open(network_path(network).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    for_each_line(file.get(), kLargestNetworkFile, [&](std::string_view line) {
      const EndpointLine endpoint = endpoint_line(line);
      if (endpoint.ipv4 != address && endpoint.ipv6 != address) return true;
      std::string_view names = endpoint.names;
      const std::string_view first = take_word(names);
      if (!first.empty() && is_whole(endpoint)) found = fmt::format("{}.{}", first, network.name);
      return !found;
    });
    if (found) break;
  }
  return found;
}

bool Directory::forwards() {
  const std::vector<SeenNetwork>& networks = view().networks;
  return std::any_of(networks.begin(), networks.end(), [](const SeenNetwork& network) { return !network.internal; });
}

std::vector<Upstream> Directory::hosts_resolvers() const {
  std::vector<Upstream> upstreams;
  const Fd file(::open(resolver_file_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return upstreams;
  for_each_line(file.get(), kLargestViewFile, [&](std::string_view line) {
    constexpr std::string_view kBlanks = " \t";
    constexpr std::string_view kKeyword = "nameserver";
    if (!line.starts_with(kKeyword)) return true;
    line.remove_prefix(kKeyword.size());
    const std::size_t begin = line.find_first_not_of(kBlanks);
    if (begin == 0 || begin == std::string_view::npos) return true;
    line.remove_prefix(begin);
    upstreams.push_back({std::string(line.substr(0, line.find_first_of(kBlanks))), false});
    return true;
  });
  return upstreams;
}

std::vector<Upstream> Directory::upstreams() {
  if (!forwards()) return {};
  return view().upstreams.empty() ? hosts_resolvers() : view().upstreams;
}

}  // namespace minidock::names
