// container mount, container unmount, image mount, image unmount: podman's.
#include <fmt/format.h>

#include <functional>

#include "cmd/minidock/command.h"

namespace minidock::cmd {
namespace {

// One name prints the path alone, for `$(minidock container mount …)`.
int mount_each(const std::vector<std::string>& names, const std::function<MountedRoot(const std::string&)>& mount) {
  return for_each_name(names, false, [&](const std::string& name) {
    const MountedRoot root = mount(name);
    fmt::print("{}{}\n", names.size() > 1 ? root.id + " " : "", root.path);
  });
}

using Mount = std::function<MountedRoot(const std::string&)>;
using List = std::function<std::vector<MountedRoot>()>;
using Unmount = std::function<std::string(const std::string&)>;

// Without a name: those that are mounted.
int mount(const std::vector<std::string>& names, const List& list, const Mount& mount_one) {
  if (!names.empty()) return mount_each(names, mount_one);
  for (const MountedRoot& root : list()) fmt::print("{} {}\n", root.id, root.path);
  return 0;
}

int unmount(const Invocation& invocation, CLI::App& app, const List& list, const Unmount& unmount_one) {
  bool all = false;
  app.add_flag("-a,--all", all, "All that are mounted");
  std::vector<std::string> names = parse(app, invocation);
  expect_positionals(app, names, all ? 0 : 1, all ? 0 : -1);
  if (all) {
    for (const MountedRoot& root : list()) names.push_back(root.id);
  }
  return for_each_name(names, false, [&](const std::string& name) { fmt::print("{}\n", unmount_one(name)); });
}

}  // namespace

int container_mount(const Invocation& invocation) {
  const auto app = make_app(invocation, "[CONTAINER...]", "Make the root filesystem of containers visible on the host");
  const std::vector<std::string> names = parse(*app, invocation);
  Engine engine(invocation.engine);
  return mount(
      names, [&] { return engine.mounted_containers(); },
      [&](const std::string& name) { return engine.mount_container(name); });
}

int image_mount(const Invocation& invocation) {
  const auto app = make_app(invocation, "[IMAGE...]", "Make the root filesystem of images visible on the host");
  const std::vector<std::string> names = parse(*app, invocation);
  Engine engine(invocation.engine);
  return mount(
      names, [&] { return engine.mounted_images(); },
      [&](const std::string& name) { return engine.mount_image(name); });
}

int container_unmount(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] CONTAINER [CONTAINER...]", "Undo container mount");
  Engine engine(invocation.engine);
  return unmount(
      invocation, *app, [&] { return engine.mounted_containers(); },
      [&](const std::string& name) { return engine.unmount_container(name); });
}

int image_unmount(const Invocation& invocation) {
  const auto app = make_app(invocation, "[OPTIONS] IMAGE [IMAGE...]", "Undo image mount");
  Engine engine(invocation.engine);
  return unmount(
      invocation, *app, [&] { return engine.mounted_images(); },
      [&](const std::string& name) { return engine.unmount_image(name); });
}

}  // namespace minidock::cmd
