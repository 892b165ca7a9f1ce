// container mount, container unmount, image mount, image unmount: podman's.
#include <fmt/format.h>

#include "cmd/minidock/command.h"

namespace minidock::cmd {
namespace {

void print_all(const std::vector<MountedRoot>& mounted) {
  for (const MountedRoot& root : mounted) fmt::print("{} {}\n", root.id, root.path);
}

// One name prints the path alone, for `$(minidock container mount …)`.
int mount_each(const std::vector<std::string>& names, const std::function<MountedRoot(const std::string&)>& mount) {
  return for_each_name(names, false, [&](const std::string& name) {
    const MountedRoot root = mount(name);
    fmt::print("{}{}\n", names.size() > 1 ? root.id + " " : "", root.path);
  });
}

}  // namespace

int container_mount(const Invocation& invocation) {
  const auto app = make_app(invocation, "[CONTAINER...]", "Make the root filesystem of containers visible on the host");
  const std::vector<std::string> names = parse(*app, invocation);
  Engine engine(invocation.engine);
  if (names.empty()) {
    print_all(engine.mounted_containers());
    return 0;
  }
  return mount_each(names, [&](const std::string& name) { return engine.mount_container(name); });
}

int image_mount(const Invocation& invocation) {
  const auto app = make_app(invocation, "[IMAGE...]", "Make the root filesystem of images visible on the host");
  const std::vector<std::string> names = parse(*app, invocation);
  Engine engine(invocation.engine);
  if (names.empty()) {
    print_all(engine.mounted_images());
    return 0;
  }
  return mount_each(names, [&](const std::string& name) { return engine.mount_image(name); });
}

int container_unmount(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] CONTAINER [CONTAINER...]", "Undo container mount");
  bool all = false;
  app->add_flag("-a,--all", all, "All that are mounted");
  std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(invocation, names, all ? 0 : 1, all ? 0 : -1);
  Engine engine(invocation.engine);
  if (all) {
    for (const MountedRoot& root : engine.mounted_containers()) names.push_back(root.id);
  }
  return for_each_name(names, false,
                       [&](const std::string& name) { fmt::print("{}\n", engine.unmount_container(name)); });
}

int image_unmount(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] IMAGE [IMAGE...]", "Undo image mount");
  bool all = false;
  app->add_flag("-a,--all", all, "All that are mounted");
  std::vector<std::string> names = parse(*app, invocation);
  expect_positionals(invocation, names, all ? 0 : 1, all ? 0 : -1);
  Engine engine(invocation.engine);
  if (all) {
    for (const MountedRoot& root : engine.mounted_images()) names.push_back(root.id);
  }
  return for_each_name(names, false, [&](const std::string& name) { fmt::print("{}\n", engine.unmount_image(name)); });
}

}  // namespace minidock::cmd
