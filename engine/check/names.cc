#include "engine/names.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "base/directory.h"
#include "base/file.h"
#include "base/syscall.h"
#include "engine/check/check.h"

namespace minidock::check {
namespace {

// ---- files of networks that are gone

void add_files_of_nobody(EngineContext& context, const Picture& picture, Suspicions& found) {
  const std::string directory = networks_directory(context.instance);
  for (const std::string& name : file::names_in(directory)) {
    if (!is_container_id(name) || picture.network(name) != nullptr) continue;
    const auto examine = [&context, name, path = directory + "/" + name](bool repairs) {
      const bool is_so = file::exists(path) && !network::find_network(context.database, name);
      if (is_so && repairs) remove_network_names(context.instance, name);
      return is_so;
    };
    found.push_back({"name", directory + "/" + name, "is of a network that is gone", "removed", examine});
  }
}

// ---- what a network's file knows, by container

using Lines = std::multimap<std::string, std::string>;

// "172.18.0.2 - <container id> web 3f4e5a6b7c8d"
std::string container_of(const std::string& line) {
  std::istringstream words(line);
  std::string word;
  for (int i = 0; i < 3; ++i) words >> word;
  return words ? word : "";
}

Lines lines_by_container(const std::string& text) {
  Lines lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.emplace(container_of(line), line);
  return lines;
}

std::vector<std::string> of_container(const Lines& lines, const std::string& id) {
  std::vector<std::string> result;
  for (auto [line, end] = lines.equal_range(id); line != end; ++line) result.push_back(line->second);
  std::sort(result.begin(), result.end());
  return result;
}

std::string path_of(const storage::Instance& instance, const std::string& network_id) {
  return networks_directory(instance) + "/" + network_id;
}

// The containers that the file does not know as the database does; it has others, too, who are not on the network.
std::set<std::string> wrongly_known(EngineContext& context, const std::string& network_id) {
  const Lines wanted = lines_by_container(network_names(context, network_id));
  const Lines present = lines_by_container(file::read_if_exists(path_of(context.instance, network_id)).value_or(""));
  std::set<std::string> differing;
  for (const Lines* lines : {&wanted, &present}) {
    for (const auto& [id, line] : *lines) {
      if (of_container(wanted, id) != of_container(present, id)) differing.insert(id);
    }
  }
  return differing;
}

void add_differences(EngineContext& context, const Picture& picture, const network::Network& network,
                     Suspicions& found) {
  for (const std::string& id : wrongly_known(context, network.id)) {
    // It is about to be told of, or to be forgotten.
    if (picture.is_alive(id) && !picture.is_running(id)) continue;
    const auto examine = [&context, id, network_id = network.id](bool repairs) {
      if (!network::find_network(context.database, network_id)) return false;
      const bool is_so = wrongly_known(context, network_id).contains(id);
      if (is_so && repairs) publish_network_names(context, network_id);
      return is_so;
    };
    found.push_back({"name", "of container " + name_of(picture, id),
                     picture.is_running(id) ? fmt::format("is not known on network {} as it is", network.name)
                                            : fmt::format("is known on network {}, where it is not", network.name),
                     "written again", examine});
  }
}

// ---- what a container's own name server reads

void add_missing_views(EngineContext& context, const Picture& picture, Suspicions& found) {
  for (const SeenContainer& seen : picture.containers) {
    const std::string path = names_view_path(context.instance, seen.container.id());
    if (seen.life != Life::running || seen.container.state.endpoints.empty() || file::exists(path)) continue;
    const auto examine = [&context, id = seen.container.id(), path](bool repairs) {
      const std::optional<SeenContainer> current = see(context, id);
      if (!current || current->life != Life::running || file::exists(path)) return false;
      if (repairs) publish_names(context, current->container);
      return true;
    };
    found.push_back({"name", path, fmt::format("is gone: container {} finds nobody by name", seen.container.name()),
                     "written again", examine});
  }
}

}  // namespace

Suspicions look_for_names(EngineContext& context, const Picture& picture) {
  Suspicions found;
  add_files_of_nobody(context, picture, found);
  for (const network::Network& network : picture.networks) add_differences(context, picture, network, found);
  add_missing_views(context, picture, found);
  return found;
}

}  // namespace minidock::check
