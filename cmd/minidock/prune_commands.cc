// container prune, image prune, network prune, volume prune, system prune.
#include <fmt/format.h>

#include <algorithm>

#include "base/format.h"
#include "cmd/minidock/command.h"
#include "cmd/minidock/words.h"

namespace minidock::cmd {
namespace {

struct Choice {
  PruneOptions options;
  bool force = false;
};

void add_options(CLI::App& app, Choice& choice) {
  add_filters(app, "--filter", choice.options.filters);
  app.add_flag("-f,--force", choice.force, "Do not prompt for confirmation");
  app.add_flag("--dry-run", choice.options.dry_run, "Only show what would be removed, and its size");
}

std::string size(std::uint64_t bytes) { return format::human_size(static_cast<double>(bytes)); }

void print_objects(const char* kind, const PruneReport& report, bool dry_run) {
  if (report.objects.empty()) return;
  fmt::print("{} {}:\n", dry_run ? "Would delete" : "Deleted", kind);
  for (const PruneReport::Object& object : report.objects) {
    fmt::print("{}{}\n", object.text, dry_run ? "  " + size(object.bytes) : "");
  }
  fmt::print("\n");
}

void print_total(std::uint64_t bytes, bool dry_run) {
  fmt::print("Total {} space: {}\n", dry_run ? "reclaimable" : "reclaimed", size(bytes));
}

// A verb for one kind of object.
int prune(const Invocation& invocation, CLI::App& app, Choice& choice, const char* kind,
          const std::function<std::string()>& warning, PruneReport (Engine::*verb)(const PruneOptions&)) {
  add_options(app, choice);
  expect_positionals(app, parse(app, invocation), 0, 0);
  PruneReport report;
  if (choice.options.dry_run || choice.force || confirms(warning())) {
    Engine engine(invocation.engine);
    report = (engine.*verb)(choice.options);
  }
  print_objects(kind, report, choice.options.dry_run);
  print_total(report.reclaimed, choice.options.dry_run);
  return 0;
}

std::string system_warning(const Choice& choice, bool volumes) {
  std::string text =
      "This will remove:\n  - all stopped containers\n  - all networks not used by at least one container\n";
  if (volumes) text += "  - all anonymous volumes not used by at least one container\n";
  text += choice.options.all ? "  - all images without at least one container associated to them\n  - all build cache\n"
                             : "  - all dangling images\n  - all dangling build cache\n";
  if (choice.options.filters.empty()) return text;
  text += "\n  Items to be pruned will be filtered with:\n";
  std::vector<std::string> filters = choice.options.filters;
  std::sort(filters.begin(), filters.end());
  for (const std::string& filter : filters) text += fmt::format("  - {}\n", filter);
  return text;
}

bool is_about_time(const std::string& filter) { return filter.starts_with("until="); }

std::vector<std::string> names_of(const PruneReport& report) {
  std::vector<std::string> names;
  for (const PruneReport::Object& object : report.objects) names.push_back(object.text);
  return names;
}

void prune_system(Engine& engine, PruneOptions options, bool volumes) {
  const PruneReport containers = engine.prune_containers(options);
  if (options.dry_run) options.gone = names_of(containers);
  std::uint64_t total = containers.reclaimed;
  print_objects("Containers", containers, options.dry_run);
  print_objects("Networks", engine.prune_networks(options), options.dry_run);
  if (volumes) {
    PruneOptions anonymous = options;
    anonymous.all = false;
    const PruneReport report = engine.prune_volumes(anonymous);
    print_objects("Volumes", report, options.dry_run);
    total += report.reclaimed;
  }
  const PruneReport images = engine.prune_images(options);
  print_objects("Images", images, options.dry_run);
  print_total(total + images.reclaimed, options.dry_run);
}

}  // namespace

int container_prune(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS]", "Remove all stopped containers");
  Choice choice;
  return prune(
      invocation, *app, choice, "Containers", [] { return std::string("This will remove all stopped containers."); },
      &Engine::prune_containers);
}

int image_prune(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS]", "Remove unused images");
  Choice choice;
  app->add_flag("-a,--all", choice.options.all, "Remove all unused images, not just dangling ones");
  const auto warning = [&] {
    return std::string(choice.options.all
                           ? "This will remove all images without at least one container associated to them."
                           : "This will remove all dangling images.");
  };
  return prune(invocation, *app, choice, "Images", warning, &Engine::prune_images);
}

int network_prune(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS]", "Remove all unused networks");
  Choice choice;
  add_options(*app, choice);
  expect_positionals(*app, parse(*app, invocation), 0, 0);
  const char* warning = "This will remove all custom networks not used by at least one container.";
  if (!choice.options.dry_run && !choice.force && !confirms(warning)) return 0;
  print_objects("Networks", Engine(invocation.engine).prune_networks(choice.options), choice.options.dry_run);
  return 0;
}

int volume_prune(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS]", "Remove unused local volumes");
  Choice choice;
  app->add_flag("-a,--all", choice.options.all, "Remove all unused volumes, not just anonymous ones");
  const auto warning = [&] {
    return fmt::format("This will remove {} local volumes not used by at least one container.",
                       choice.options.all ? "all" : "anonymous");
  };
  return prune(invocation, *app, choice, "Volumes", warning, &Engine::prune_volumes);
}

int system_prune(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS]", "Remove unused data");
  Choice choice;
  bool volumes = false;
  app->add_flag("-a,--all", choice.options.all, "Remove all unused images not just dangling ones");
  app->add_flag("--volumes", volumes, "Prune anonymous volumes");
  add_options(*app, choice);
  expect_positionals(*app, parse(*app, invocation), 0, 0);
  const std::vector<std::string>& filters = choice.options.filters;
  if (volumes && std::any_of(filters.begin(), filters.end(), is_about_time)) {
    throw Error(ErrorKind::invalid_argument, "The \"until\" filter is not supported with \"--volumes\"");
  }
  if (!choice.options.dry_run && !choice.force && !confirms(system_warning(choice, volumes))) return 0;
  Engine engine(invocation.engine);
  prune_system(engine, choice.options, volumes);
  return 0;
}

}  // namespace minidock::cmd
