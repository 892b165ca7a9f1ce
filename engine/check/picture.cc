#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "engine/check/check.h"
#include "engine/lifecycle.h"
#include "engine/state_directory.h"

namespace minidock::check {
namespace {

constexpr std::size_t kIdDigits = 64;
constexpr std::size_t kShownDigits = 12;

// The rows that settle() would have something to do for when nobody is behind them.
bool says_that_it_lives(const Container& row) {
  const bool is_to_be_removed = row.state.status == ContainerStatus::exited && row.definition.host.auto_remove;
  return row.alive() || is_to_be_removed;
}

}  // namespace

SeenContainer see(EngineContext& context, Container row) {
  if (!says_that_it_lives(row)) return {std::move(row), Life::none, ""};
  if (const std::optional<Unowned> unowned = Unowned::hold(context, row.id())) {
    // The row may be older than the lock.
    return {unowned->row().value_or(row), unowned->is_dead() ? Life::dead : Life::none, ""};
  }
  try {
    look_at_living(context.instance, row);
  } catch (const Error& error) {
    return {std::move(row), Life::busy, error.message()};
  }
  const bool runs = row.running() && process::is_alive(row.state.running.init);
  return {std::move(row), runs ? Life::running : Life::busy, ""};
}

std::optional<SeenContainer> see(EngineContext& context, const std::string& id) {
  std::optional<Container> row = find_container(context.database, id);
  if (!row) return std::nullopt;
  return see(context, std::move(*row));
}

Picture take_picture(EngineContext& context) {
  Picture picture;
  std::vector<Container> rows;
  {
    const storage::Transaction transaction(context.database);
    rows = load_containers(context.database);
    picture.networks = network::load_networks(context.database);
  }
  for (Container& row : rows) picture.containers.push_back(see(context, std::move(row)));
  return picture;
}

const SeenContainer* Picture::find(const std::string& id) const {
  const auto found = std::find_if(containers.begin(), containers.end(),
                                  [&](const SeenContainer& seen) { return seen.container.id() == id; });
  return found == containers.end() ? nullptr : &*found;
}

bool Picture::is_running(const std::string& id) const {
  const SeenContainer* seen = find(id);
  return seen != nullptr && seen->life == Life::running;
}

bool Picture::is_alive(const std::string& id) const {
  const SeenContainer* seen = find(id);
  return seen != nullptr && (seen->life == Life::running || seen->life == Life::busy);
}

const network::Network* Picture::network(const std::string& id) const {
  const auto found = std::find_if(networks.begin(), networks.end(),
                                  [&](const network::Network& candidate) { return candidate.id == id; });
  return found == networks.end() ? nullptr : &*found;
}

std::optional<Unowned> Unowned::hold(EngineContext& context, const std::string& id) {
  Unowned unowned(context, id);
  unowned.made_directory_ = !file::exists(context.instance.container_state_dir(id));
  unowned.lock_ = try_lock_container(context.instance, id);
  if (!unowned.lock_) return std::nullopt;
  unowned.row_ = find_container(context.database, id);
  return unowned;
}

Unowned::Unowned(Unowned&& other) noexcept
    : context_(std::exchange(other.context_, nullptr)),
      id_(std::move(other.id_)),
      made_directory_(other.made_directory_),
      lock_(std::move(other.lock_)),
      row_(std::move(other.row_)) {}

Unowned::~Unowned() {
  if (context_ == nullptr || !made_directory_ || !lock_) return;
  try {
    remove_state_directory(context_->instance, id_);
  } catch (const Error&) {
    // An empty directory: the next check tells of it.
  }
}

bool Unowned::is_dead() const { return row_ && says_that_it_lives(*row_); }

bool is_container_id(const std::string& name) {
  return name.size() == kIdDigits && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string short_id(const std::string& id) { return id.substr(0, kShownDigits); }

std::string port_text(const network::PublishedPort& port) {
  const bool is_ipv6 = port.host_ip.find(':') != std::string::npos;
  const std::string host = is_ipv6 ? "[" + port.host_ip + "]" : port.host_ip;
  return fmt::format("{}:{}/{}", host, port.host_port, port.protocol);
}

std::string name_of(const Picture& picture, const std::string& id) {
  const SeenContainer* seen = picture.find(id);
  return seen == nullptr ? short_id(id) : seen->container.name();
}

}  // namespace minidock::check
