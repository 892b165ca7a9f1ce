#include "image/image_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/format.h"

namespace minidock::image {
namespace {

constexpr std::string_view kIdPrefix = "sha256:";

std::optional<std::string> single_text(storage::Database& database, std::string_view sql, std::string_view parameter) {
  storage::Statement statement = database.prepare(sql);
  if (!statement.bind(parameter).step()) return std::nullopt;
  return statement.text(0);
}

std::vector<std::string> texts(storage::Database& database, std::string_view sql, std::string_view parameter) {
  storage::Statement statement = database.prepare(sql);
  statement.bind(parameter);
  std::vector<std::string> result;
  while (statement.step()) result.push_back(statement.text(0));
  return result;
}

bool is_lower_hex(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::optional<std::string> id_by_reference(storage::Database& database, const std::string& name) {
  Reference reference;
  try {
    reference = parse_reference(name);
  } catch (const Error&) {
    return std::nullopt;  // not a reference: it may still be the beginning of an id
  }
  if (reference.digest.empty()) {
    return single_text(database, "SELECT image_id FROM tags WHERE reference = ?", reference.canonical());
  }
  reference.tag.clear();  // of name:tag@digest only the digest counts
  return single_text(database, "SELECT image_id FROM repo_digests WHERE reference = ?", reference.canonical());
}

std::optional<std::string> id_by_prefix(storage::Database& database, const std::string& name) {
  const bool prefixed = name.rfind(kIdPrefix, 0) == 0;
  const std::string hex = prefixed ? name.substr(kIdPrefix.size()) : name;
  if (!is_lower_hex(hex) || hex.size() > 64) return std::nullopt;
  const std::string low = std::string(kIdPrefix) + hex;
  // 'g' sorts after every hex digit.
  storage::Statement statement = database.prepare("SELECT id FROM images WHERE id >= ? AND id < ? LIMIT 2");
  if (!statement.bind(low).bind(low + "g").step()) return std::nullopt;
  std::string id = statement.text(0);
  if (statement.step()) {
    throw Error(ErrorKind::conflict, fmt::format("multiple IDs found with provided prefix: {}", name));
  }
  return id;
}

std::optional<Image> load_image(storage::Database& database, const std::string& id) {
  storage::Statement row = database.prepare("SELECT config, size, pulled FROM images WHERE id = ?");
  if (!row.bind(id).step()) return std::nullopt;
  Image result;
  result.id = id;
  result.config_text = row.text(0);
  result.size = row.int64(1);
  result.pulled = row.int64(2);
  result.diff_ids = texts(database, "SELECT diff_id FROM image_layers WHERE image_id = ? ORDER BY position", id);
  result.tags = texts(database, "SELECT reference FROM tags WHERE image_id = ? ORDER BY reference", id);
  result.repo_digests = texts(database, "SELECT reference FROM repo_digests WHERE image_id = ? ORDER BY reference", id);
  return result;
}

void insert_layers(storage::Database& database, const NewImage& image) {
  for (std::size_t position = 0; position < image.layers.size(); ++position) {
    const NewImage::Layer& layer = image.layers[position];
    // A blob that is known already stays: the directory of blobs has it. One that was dropped is filled in.
    storage::Statement statement = database.prepare(
        "INSERT INTO image_layers(image_id, position, diff_id, blob_digest) VALUES(?, ?, ?, ?) "
        "ON CONFLICT(image_id, position) DO UPDATE SET blob_digest = coalesce(blob_digest, excluded.blob_digest)");
    statement.bind(image.id).bind(static_cast<std::int64_t>(position)).bind(layer.diff_id);
    if (layer.blob_digest.empty()) {
      statement.bind_null();
    } else {
      statement.bind(layer.blob_digest);
    }
    statement.run();
  }
}

void set_reference(storage::Database& database, std::string_view sql, const std::string& reference,
                   const std::string& id) {
  database.prepare(sql).bind(reference).bind(id).run();
}

constexpr std::string_view kSetTag =
    "INSERT INTO tags(reference, image_id) VALUES(?, ?) ON CONFLICT(reference) DO UPDATE SET image_id = "
    "excluded.image_id";
constexpr std::string_view kSetRepoDigest =
    "INSERT INTO repo_digests(reference, image_id) VALUES(?, ?) ON CONFLICT(reference) DO UPDATE SET image_id = "
    "excluded.image_id";

}  // namespace

bool has_image(storage::Database& database, const std::string& id) {
  return database.prepare("SELECT 1 FROM images WHERE id = ?").bind(id).step();
}

std::optional<Image> find_image(storage::Database& database, const std::string& name) {
  const bool full_id = is_digest(name) || (name.size() == 64 && is_lower_hex(name));
  std::optional<std::string> id;
  if (!full_id) id = id_by_reference(database, name);
  if (!id) id = id_by_prefix(database, name);
  return id ? load_image(database, *id) : std::nullopt;
}

Image get_image(storage::Database& database, const std::string& name) {
  std::optional<Image> image = find_image(database, name);
  if (image) return std::move(*image);
  std::string shown = name;
  try {
    shown = parse_reference(name).familiar();
  } catch (const Error&) {
    // Shown as typed: an id, or nothing that could be a name.
  }
  throw Error(ErrorKind::not_found, "No such image: " + shown);
}

std::vector<Image> list_images(storage::Database& database) {
  std::vector<std::string> ids;
  storage::Statement statement = database.prepare("SELECT id FROM images ORDER BY pulled DESC, id");
  while (statement.step()) ids.push_back(statement.text(0));
  std::vector<Image> result;
  for (const std::string& id : ids) {
    std::optional<Image> image = load_image(database, id);
    if (image) result.push_back(std::move(*image));  // else removed since
  }
  return result;
}

void commit_image(storage::Database& database, const NewImage& image) {
  std::int64_t size = 0;
  for (const NewImage::Layer& layer : image.layers) {
    storage::Statement statement = database.prepare("SELECT size FROM layers WHERE diff_id = ?");
    if (!statement.bind(layer.diff_id).step()) {
      throw Error(ErrorKind::internal,
                  fmt::format("image {} refers to layer {}, which is not stored", image.id, layer.diff_id));
    }
    size += statement.int64(0);
  }
  database.prepare("INSERT INTO images(id, config, size, pulled) VALUES(?, ?, ?, ?) ON CONFLICT(id) DO NOTHING")
      .bind(image.id)
      .bind(image.config_text)
      .bind(size)
      .bind(format::now_ns())
      .run();
  insert_layers(database, image);
  if (!image.tag.empty()) set_reference(database, kSetTag, image.tag, image.id);
  if (!image.repo_digest.empty()) set_reference(database, kSetRepoDigest, image.repo_digest, image.id);
}

void tag_image(storage::Database& database, const std::string& image_id, const Reference& target) {
  if (target.tag.empty() || !target.digest.empty()) {
    throw Error(ErrorKind::invalid_argument, "refusing to create a tag with a digest reference");
  }
  set_reference(database, kSetTag, target.canonical(), image_id);
}

}  // namespace minidock::image
