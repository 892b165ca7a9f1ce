// docker rmi: which names go, when the image goes with them, and what stands against it. Source: the Docker API's
// ImageDelete and docker's own messages.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "image/image_store.h"
#include "storage/layer_store.h"

namespace minidock::image {
namespace {

constexpr std::size_t kShortId = 12;

std::string short_id(const std::string& id) {
  const std::size_t colon = id.find(':');
  return id.substr(colon == std::string::npos ? 0 : colon + 1, kShortId);
}

bool is_id_prefix(const std::string& id, const std::string& text) {
  return id.rfind(text, 0) == 0 || id.compare(id.find(':') + 1, text.size(), text) == 0;
}

std::string name_of(const std::string& canonical) {
  const std::size_t at = canonical.find('@');
  if (at != std::string::npos) return canonical.substr(0, at);
  return canonical.substr(0, canonical.rfind(':'));
}

// At most one tag, and all digests are of the tag's repository (of one repository when there is no tag).
bool has_single_reference(const Image& image) {
  if (image.tags.size() + image.repo_digests.size() <= 1) return true;
  if (image.tags.size() > 1) return false;
  const std::string name = name_of(image.tags.empty() ? image.repo_digests.front() : image.tags.front());
  return !image.repo_digests.empty() && std::all_of(image.repo_digests.begin(), image.repo_digests.end(),
                                                    [&](const std::string& digest) { return name_of(digest) == name; });
}

struct Users {
  std::string running;  // id of one container, "" for none
  std::string stopped;
  const std::string& any() const { return running.empty() ? stopped : running; }
};

Users users_of(storage::Database& database, const std::string& image_id) {
  Users users;
  storage::Statement statement = database.prepare("SELECT id, status FROM containers WHERE image_id = ? ORDER BY id");
  statement.bind(image_id);
  while (statement.step()) {
    const std::string status = statement.text(1);
    const bool running = status == "starting" || status == "running" || status == "paused" || status == "restarting";
    std::string& slot = running ? users.running : users.stopped;
    if (slot.empty()) slot = statement.text(0);
  }
  return users;
}

[[noreturn]] void refuse_delete(const std::string& image_id, bool hard, const std::string& why) {
  throw Error(ErrorKind::conflict, fmt::format("conflict: unable to delete {} ({}) - {}", short_id(image_id),
                                               hard ? "cannot be forced" : "must be forced", why));
}

void check_running(const Image& image, const Users& users) {
  if (!users.running.empty()) {
    refuse_delete(image.id, true, "image is being used by running container " + short_id(users.running));
  }
}

void check_stopped(const Image& image, const Users& users) {
  if (!users.stopped.empty()) {
    refuse_delete(image.id, false, "image is being used by stopped container " + short_id(users.stopped));
  }
}

void untag(storage::Database& database, Image& image, const std::string& reference, RemovedImage& result) {
  database.prepare("DELETE FROM tags WHERE reference = ?").bind(reference).run();
  database.prepare("DELETE FROM repo_digests WHERE reference = ?").bind(reference).run();
  std::erase(image.tags, reference);
  std::erase(image.repo_digests, reference);
  result.untagged.push_back(parse_reference(reference).familiar());
}

void untag_all(storage::Database& database, Image& image, RemovedImage& result) {
  while (!image.tags.empty()) untag(database, image, std::string(image.tags.front()), result);
  while (!image.repo_digests.empty()) untag(database, image, std::string(image.repo_digests.front()), result);
}

// Removes the named reference, and with the last tag of a repository its digests. True when no name is left.
bool untag_one(storage::Database& database, Image& image, const std::string& name, RemovedImage& result) {
  Reference reference = parse_reference(name);
  const bool by_digest = !reference.digest.empty();
  if (by_digest) reference.tag.clear();
  const std::string canonical = reference.canonical();
  const std::string repository = name_of(canonical);
  untag(database, image, canonical, result);
  const auto same_repository = [&](const std::string& other) { return name_of(other) == repository; };
  if (!by_digest && std::none_of(image.tags.begin(), image.tags.end(), same_repository)) {
    std::vector<std::string> digests;
    std::copy_if(image.repo_digests.begin(), image.repo_digests.end(), std::back_inserter(digests), same_repository);
    for (const std::string& digest : digests) untag(database, image, digest, result);
  }
  return image.tags.empty() && image.repo_digests.empty();
}

void delete_image(storage::Database& database, const Image& image, RemovedImage& result) {
  database.prepare("DELETE FROM images WHERE id = ?").bind(image.id).run();
  result.deleted.push_back(image.id);
}

void remove_by_reference(storage::Database& database, Image& image, const std::string& name, bool force,
                         RemovedImage& result) {
  const Users users = users_of(database, image.id);
  if (!force && has_single_reference(image) && !users.any().empty()) {
    throw Error(ErrorKind::conflict,
                fmt::format("conflict: unable to remove repository reference \"{}\" (must force) - container {} is "
                            "using its referenced image {}",
                            name, short_id(users.any()), short_id(image.id)));
  }
  if (!untag_one(database, image, name, result)) return;
  // The name is gone as wished; an image that still has users stays without one.
  if (!users.running.empty() || (!force && !users.stopped.empty())) return;
  delete_image(database, image, result);
}

void remove_by_id(storage::Database& database, Image& image, bool force, RemovedImage& result) {
  const Users users = users_of(database, image.id);
  check_running(image, users);
  if (!force) {
    if (!has_single_reference(image)) {
      refuse_delete(image.id, false, "image is referenced in multiple repositories");
    }
    check_stopped(image, users);
  }
  untag_all(database, image, result);
  delete_image(database, image, result);
}

}  // namespace

RemovedImage remove_image(storage::Database& database, const storage::Instance& instance, const std::string& name,
                          bool force) {
  RemovedImage result;
  {
    storage::Transaction transaction(database);
    Image image = get_image(database, name);
    if (is_id_prefix(image.id, name)) {
      remove_by_id(database, image, force, result);
    } else {
      remove_by_reference(database, image, name, force, result);
    }
    transaction.commit();
  }
  if (result.deleted.empty()) return result;
  for (std::string& diff_id : storage::collect_garbage(database, instance))
    result.deleted.push_back(std::move(diff_id));
  return result;
}

}  // namespace minidock::image
