#include "image/transfer/import.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/format.h"
#include "image/image_store.h"
#include "image/transfer/changes.h"
#include "image/transfer/digest.h"
#include "image/transfer/layer_set.h"
#include "image/transfer/received_layer.h"

namespace minidock::image {
namespace {

std::string make_config(const ImportOptions& options, const std::string& diff_id) {
  const Platform platform = options.platform.value_or(Platform{"linux", host_platform().architecture, ""});
  const std::string created = format::rfc3339_nano(format::now_ns());
  const std::string comment = options.message.empty() ? "Imported from -" : options.message;
  OrderedJson config = OrderedJson::object();
  apply_changes(options.changes, config);
  OrderedJson document;
  document["architecture"] = platform.architecture;
  if (!platform.variant.empty()) document["variant"] = platform.variant;
  document["os"] = platform.os;
  document["created"] = created;
  document["config"] = config;
  document["history"] = OrderedJson::array({OrderedJson{{"created", created}, {"comment", comment}}});
  document["rootfs"] = OrderedJson{{"type", "layers"}, {"diff_ids", OrderedJson::array({diff_id})}};
  return document.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace

std::string import_image(const storage::Instance& instance, const ImportOptions& options) {
  NewImage image;
  if (!options.reference.empty()) {
    const Reference reference = parse_reference(options.reference);
    if (!reference.digest.empty()) {
      throw Error(ErrorKind::invalid_argument, "cannot import digest reference");
    }
    image.tag = reference.canonical();
  }
  make_config(options, "");  // a mistake in the changes shows before the work
  std::vector<ReadyLayer> layers;
  layers.push_back(receive_layer(instance, chunks_of(options.input)));
  const std::string diff_id = layers.front().diff_id;
  image.config_text = make_config(options, diff_id);
  parse_image_config(image.config_text);  // what no start would accept is refused here
  image.id = sha256_of(image.config_text);
  const std::string id = image.id;
  storage::Database database = storage::Database::open(instance.database());
  commit_layers(database, instance, layers, {diff_id}, std::move(image));
  return id;
}

}  // namespace minidock::image
