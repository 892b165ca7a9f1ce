// system df, in docker's tables and arithmetic.
#include <fmt/format.h>

#include "base/format.h"
#include "base/gotemplate.h"
#include "base/table.h"
#include "cmd/minidock/command.h"
#include "engine/list_rows.h"

namespace minidock::cmd {
namespace {

constexpr char kSummaryTable[] = "table {{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}";
constexpr char kImageTable[] =
    "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.VirtualSize}}\t{{.SharedSize}}\t{{.UniqueSize}}\t"
    "{{.Containers}}";
constexpr char kContainerTable[] =
    "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}";
constexpr char kVolumeTable[] = "table {{.Name}}\t{{.Links}}\t{{.Size}}";
constexpr char kCacheTable[] =
    "table {{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}";

std::string size(std::uint64_t bytes) { return format::human_size(static_cast<double>(bytes)); }

// ---- the summary

struct Summary {
  const char* type;
  std::size_t total = 0;
  std::size_t active = 0;
  std::uint64_t size = 0;
  std::uint64_t reclaimable = 0;
};

// The layers of images that containers use are used; what else is there could go.
Summary summary_of_images(const DiskUsage& usage) {
  Summary summary{"Images", usage.images.size()};
  std::uint64_t used = 0;
  for (const auto& [diff_id, bytes] : usage.layers) summary.size += bytes;
  for (const ImageUsage& image : usage.images) {
    if (image.containers == 0) continue;
    ++summary.active;
    used += image.unique;
  }
  summary.reclaimable = summary.size - used;
  return summary;
}

Summary summary_of_containers(const DiskUsage& usage) {
  Summary summary{"Containers", usage.containers.size()};
  for (const ContainerUsage& item : usage.containers) {
    const ContainerStatus status = item.container.state.status;
    const bool idle = status == ContainerStatus::created || status == ContainerStatus::exited;
    summary.active += idle ? 0 : 1;
    summary.size += item.size;
    summary.reclaimable += idle ? item.size : 0;
  }
  return summary;
}

Summary summary_of_volumes(const DiskUsage& usage) {
  Summary summary{"Local Volumes", usage.volumes.size()};
  for (const VolumeUsage& item : usage.volumes) {
    const bool idle = item.volume.users.empty();
    summary.active += idle ? 0 : 1;
    summary.size += item.size;
    summary.reclaimable += idle ? item.size : 0;
  }
  return summary;
}

OrderedJson summary_row(const Summary& summary) {
  std::string reclaimable = size(summary.reclaimable);
  if (summary.size > 0) reclaimable += fmt::format(" ({}%)", summary.reclaimable * 100 / summary.size);
  return OrderedJson{{"Active", std::to_string(summary.active)},
                     {"Reclaimable", reclaimable},
                     {"Size", size(summary.size)},
                     {"TotalCount", std::to_string(summary.total)},
                     {"Type", summary.type}};
}

void print_summary(const DiskUsage& usage, const std::string& format) {
  const OrderedJson headers{{"Active", "ACTIVE"},
                            {"Reclaimable", "RECLAIMABLE"},
                            {"Size", "SIZE"},
                            {"TotalCount", "TOTAL"},
                            {"Type", "TYPE"}};
  std::vector<OrderedJson> rows;
  for (const Summary& summary :
       {summary_of_images(usage), summary_of_containers(usage), summary_of_volumes(usage), Summary{"Build Cache"}}) {
    rows.push_back(summary_row(summary));
  }
  fmt::print("{}", format::render_list(format.empty() || format == "table" ? kSummaryTable : format, headers, rows));
}

// ---- each object (-v)

std::vector<OrderedJson> image_usage_rows(const DiskUsage& usage, bool truncate) {
  std::vector<OrderedJson> rows;
  for (const ImageUsage& item : usage.images) {
    for (OrderedJson& row : image_rows(item.image, truncate)) {
      row["Containers"] = std::to_string(item.containers);
      row["SharedSize"] = size(item.shared);
      row["UniqueSize"] = size(item.unique);
      row["VirtualSize"] = size(item.shared + item.unique);
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

std::vector<OrderedJson> container_usage_rows(const DiskUsage& usage, bool truncate) {
  std::vector<OrderedJson> rows;
  for (const ContainerUsage& item : usage.containers) {
    rows.push_back(container_row(item.container, truncate));
    rows.back()["Size"] = size(item.size);
  }
  return rows;
}

std::vector<OrderedJson> volume_usage_rows(const DiskUsage& usage, const storage::Instance& instance) {
  std::vector<OrderedJson> rows;
  for (const VolumeUsage& item : usage.volumes) {
    rows.push_back(volume_row(item.volume, instance));
    rows.back()["Links"] = std::to_string(item.volume.users.size());
    rows.back()["Size"] = size(item.size);
  }
  return rows;
}

OrderedJson image_usage_headers() {
  OrderedJson headers = image_headers();
  headers["Containers"] = "CONTAINERS";
  headers["SharedSize"] = "SHARED SIZE";
  headers["UniqueSize"] = "UNIQUE SIZE";
  headers["VirtualSize"] = "SIZE";
  return headers;
}

void print_details(const DiskUsage& usage, const storage::Instance& instance) {
  const OrderedJson cache_headers{{"ID", "CACHE ID"},          {"CacheType", "CACHE TYPE"},    {"Size", "SIZE"},
                                  {"CreatedSince", "CREATED"}, {"LastUsedSince", "LAST USED"}, {"UsageCount", "USAGE"},
                                  {"Shared", "SHARED"}};
  fmt::print("Images space usage:\n\n{}",
             format::render_list(kImageTable, image_usage_headers(), image_usage_rows(usage, true)));
  fmt::print("\nContainers space usage:\n\n{}",
             format::render_list(kContainerTable, container_headers(), container_usage_rows(usage, true)));
  fmt::print("\nLocal Volumes space usage:\n\n{}",
             format::render_list(kVolumeTable, volume_headers(), volume_usage_rows(usage, instance)));
  fmt::print("\nBuild cache usage: 0B\n\n{}", format::render_list(kCacheTable, cache_headers, {}));
}

void print_details_by_template(const DiskUsage& usage, const storage::Instance& instance, const std::string& format) {
  const OrderedJson document{{"Images", image_usage_rows(usage, false)},
                             {"Containers", container_usage_rows(usage, false)},
                             {"Volumes", volume_usage_rows(usage, instance)},
                             {"BuildCache", OrderedJson::array()}};
  fmt::print("{}", compile_template(format).execute(document));
}

}  // namespace

int system_df(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS]", "Show disk usage");
  std::string format;
  bool verbose = false;
  app->add_option("--format", format, "Format output using a Go template, 'table TEMPLATE' or 'json'");
  app->add_flag("-v,--verbose", verbose, "Show detailed information on space usage");
  expect_positionals(*app, parse(*app, invocation), 0, 0);
  Engine engine(invocation.engine);
  const DiskUsage usage = engine.disk_usage();
  if (!verbose) {
    print_summary(usage, format);
  } else if (format.empty() || format == "table") {
    print_details(usage, engine.instance());
  } else {
    print_details_by_template(usage, engine.instance(), format);
  }
  return 0;
}

int container_exists(const Invocation& invocation) {
  const auto app = make_app(invocation, "CONTAINER", "Tell by the exit code whether a container exists");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, 1);
  return Engine(invocation.engine).container_exists(names.front()) ? 0 : 1;
}

int image_exists(const Invocation& invocation) {
  const auto app = make_app(invocation, "IMAGE", "Tell by the exit code whether an image exists");
  const std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(*app, names, 1, 1);
  return Engine(invocation.engine).image_exists(names.front()) ? 0 : 1;
}

}  // namespace minidock::cmd
