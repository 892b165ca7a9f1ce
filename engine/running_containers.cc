#include "engine/running_containers.h"

#include "base/file.h"
#include "engine/shim/owned_link.h"

namespace minidock {
namespace {

bool is_whole_id(const std::string& name) {
  return name.size() == shim::kIdSize && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::optional<std::string> id_of(const storage::Instance& instance, const std::string& typed) {
  if (is_whole_id(typed)) return typed;
  const std::string name = typed.starts_with('/') ? typed.substr(1) : typed;
  if (name.empty() || name.find('/') != std::string::npos) return std::nullopt;
  return shim::link_target(instance.name_link(name));
}

}  // namespace

std::optional<shim::RunningState> read_running_state(const storage::Instance& instance, const std::string& id) {
  const std::optional<std::string> text = file::read_if_exists(instance.container_state_dir(id) + "/state.json");
  if (!text) return std::nullopt;
  return shim::running_state_from_json(json::parse(*text, "state.json"));
}

std::optional<RunningContainer> find_running_container(const storage::Instance& instance, const std::string& name) {
  const std::optional<std::string> id = id_of(instance, name);
  if (!id || !is_whole_id(*id)) return std::nullopt;
  const std::optional<shim::RunningState> state = read_running_state(instance, *id);
  if (!state || !process::is_alive(state->init)) return std::nullopt;
  return RunningContainer{*id, state->init};
}

}  // namespace minidock
