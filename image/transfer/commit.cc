#include "image/transfer/commit.h"

#include <fmt/format.h>

#include <exception>

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "base/syscall.h"
#include "image/image_store.h"
#include "image/platform.h"
#include "image/transfer/changes.h"
#include "image/transfer/copy.h"
#include "image/transfer/digest.h"
#include "image/transfer/layer_set.h"
#include "image/transfer/received_layer.h"
#include "storage/pack/gzip.h"

namespace minidock::image {
namespace {

std::string tag_of(const std::string& typed) {
  if (typed.empty()) return "";
  const Reference reference = parse_reference(typed);
  if (!reference.digest.empty()) {
    throw Error(ErrorKind::invalid_argument, "refusing to create a tag with a digest reference");
  }
  return reference.canonical();
}

// The document of the image that the container was made from; of one that is gone only what its layers tell.
OrderedJson parent_document(storage::Database& database, const CommitOptions& options) {
  OrderedJson document = OrderedJson::object();
  if (has_image(database, options.image_id)) {
    document = OrderedJson::parse(get_image(database, options.image_id).config_text);
    // Docker's own, about the container that the parent came from.
    for (const char* key : {"container", "container_config", "docker_version", "id", "parent"}) document.erase(key);
  } else {
    document["architecture"] = host_platform().architecture;
    document["os"] = "linux";
    document["history"] = OrderedJson::array();
    for (std::size_t i = 0; i < options.layers.size(); ++i) {
      document["history"].push_back(OrderedJson{{"comment", "layer of an image that was removed"}});
    }
  }
  return document;
}

// What the container says replaces what the image said; keys that only images have (OnBuild) stay.
OrderedJson merged_config(const OrderedJson& parent, const CommitOptions& options) {
  OrderedJson config = parent.is_object() ? parent : OrderedJson::object();
  const OrderedJson container = OrderedJson::parse(options.container_config);
  for (const auto& [key, value] : container.items()) {
    if (value.is_null()) {
      config.erase(key);
    } else if (key == "Volumes" && config.contains(key) && config[key].is_object()) {
      config[key].update(value);
    } else {
      config[key] = value;
    }
  }
  apply_changes(options.changes, config);
  return config;
}

std::string make_document(storage::Database& database, const CommitOptions& options, const std::string& diff_id) {
  OrderedJson document = parent_document(database, options);
  const std::string created = format::rfc3339_nano(format::now_ns());
  document["created"] = created;
  document["author"] = options.author;
  if (options.author.empty()) document.erase("author");
  document["config"] = merged_config(document.value("config", OrderedJson::object()), options);
  OrderedJson entry{{"created", created}, {"created_by", options.created_by}};
  if (!options.author.empty()) entry["author"] = options.author;
  if (!options.message.empty()) entry["comment"] = options.message;
  if (!document.contains("history") || !document["history"].is_array()) document["history"] = OrderedJson::array();
  document["history"].push_back(std::move(entry));
  OrderedJson diff_ids = options.layers;
  diff_ids.push_back(diff_id);
  document["rootfs"] = OrderedJson{{"type", "layers"}, {"diff_ids", std::move(diff_ids)}};
  return document.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

ReadyLayer receive_upper(const storage::Instance& instance, const CommitOptions& options) {
  storage::PackSource source;
  source.parent = options.upper;
  source.user_namespace = options.user_namespace;
  source.rules.as_layer = true;
  source.rules.excluded = options.excluded;
  source.rules.opaque = storage::find_opaque_directories(options.upper);
  Pipe pipe = sys::pipe();
  storage::Packer packer = storage::Packer::start(source, pipe.write.get());
  pipe.write.reset();
  storage::GzipCompressor compressor(chunks_of(pipe.read.get()));
  std::optional<ReadyLayer> layer;
  std::exception_ptr failure;
  try {
    layer.emplace(receive_layer(instance, [&] { return compressor.next(); }));
  } catch (const Error&) {
    failure = std::current_exception();
  }
  pipe.read.reset();
  finish_packer(packer, failure);
  return std::move(*layer);
}

// Those of the parent, held; one that occurs twice once.
std::vector<ReadyLayer> hold_layers(storage::Database& database, const storage::Instance& instance,
                                    const std::vector<std::string>& diff_ids) {
  std::vector<ReadyLayer> layers;
  for (const std::string& diff_id : std::set<std::string>(diff_ids.begin(), diff_ids.end())) {
    std::optional<ReadyLayer> layer = hold_existing_layer(database, instance, diff_id);
    if (!layer) {
      throw Error(ErrorKind::not_found, fmt::format("layer {} of the container's image is missing", diff_id));
    }
    layers.push_back(std::move(*layer));
  }
  return layers;
}

}  // namespace

std::string commit(const storage::Instance& instance, const CommitOptions& options) {
  NewImage image;
  image.tag = tag_of(options.reference);
  storage::Database database = storage::Database::open(instance.database());
  make_document(database, options, "");  // a mistake in the changes shows before the work
  std::vector<ReadyLayer> layers = hold_layers(database, instance, options.layers);
  ReadyLayer layer = receive_upper(instance, options);
  image.config_text = make_document(database, options, layer.diff_id);
  parse_image_config(image.config_text);  // what no start would accept is refused here
  image.id = sha256_of(image.config_text);
  const std::string id = image.id;
  std::vector<std::string> order = options.layers;
  order.push_back(layer.diff_id);
  // The same changes again, or none, give a layer that is part of the image already.
  const bool is_known = std::any_of(layers.begin(), layers.end(),
                                    [&](const ReadyLayer& known) { return known.diff_id == layer.diff_id; });
  if (!is_known) {
    layers.push_back(std::move(layer));
  } else if (!layer.blob->complete()) {
    layer.blob->discard();
  }
  commit_layers(database, instance, layers, order, std::move(image));
  return id;
}

}  // namespace minidock::image
