#include "engine/runtime/overlay.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <optional>

#include "base/syscall.h"
#include "engine/runtime/handshake.h"

namespace minidock::runtime {
namespace {

// The upper directory is read by commit and diff: it has to hold whole files and no references to lower ones.
constexpr std::array<std::array<const char*, 2>, 3> kOptions = {
    {{"index", "off"}, {"metacopy", "off"}, {"redirect_dir", "off"}}};

// O_PATH descriptors, on mounts of the namespace that opened them: the kernel takes no others.
struct Opened {
  std::vector<Fd> lowers;
  Fd upper;
  Fd work;
};

Opened open_directories(const OverlayDirectories& directories) {
  Opened opened;
  Fd store;
  if (!directories.layer_mount) store = sys::open(directories.store, O_PATH | O_DIRECTORY);
  const int base = directories.layer_mount ? directories.layer_mount.get() : store.get();
  if (directories.is_read_only && !directories.upper.empty()) {
    opened.lowers.push_back(sys::open(directories.upper, O_PATH | O_DIRECTORY));
  }
  for (const std::string& layer : directories.layers) {
    opened.lowers.push_back(open_layer(base, directories.store, layer, O_PATH));
  }
  if (directories.is_read_only) return opened;
  opened.upper = sys::open(directories.upper, O_PATH | O_DIRECTORY);
  opened.work = sys::open(directories.work, O_PATH | O_DIRECTORY);
  return opened;
}

std::string link_to(const Fd& fd) { return fmt::format("/proc/self/fd/{}", fd.get()); }

Fd create_overlay(const Fd& context, const OverlayDirectories& directories, std::uint64_t attributes) {
  for (const auto& [key, value] : kOptions) sys::fsconfig_string(context.get(), key, value);
  if (directories.is_volatile) sys::fsconfig_flag(context.get(), "volatile");
  sys::fsconfig_string(context.get(), "source", "overlay");
  sys::fsconfig_create(context.get());
  return sys::fsmount(context.get(), static_cast<unsigned>(attributes));
}

Fd mount_by_descriptors(const OverlayDirectories& directories, std::uint64_t attributes) {
  const Opened opened = open_directories(directories);
  const Fd context = sys::fsopen("overlay");
  for (const Fd& lower : opened.lowers) sys::fsconfig_fd(context.get(), "lowerdir+", lower.get());
  if (opened.upper) {
    sys::fsconfig_fd(context.get(), "upperdir", opened.upper.get());
    sys::fsconfig_fd(context.get(), "workdir", opened.work.get());
  }
  return create_overlay(context, directories, attributes);
}

Fd mount_by_strings(const OverlayDirectories& directories, std::uint64_t attributes) {
  const Opened opened = open_directories(directories);
  const Fd context = sys::fsopen("overlay");
  // Links into /proc keep below the 255 bytes of an option and need no escapes.
  for (const Fd& lower : opened.lowers) sys::fsconfig_string(context.get(), "lowerdir+", link_to(lower));
  if (opened.upper) {
    sys::fsconfig_string(context.get(), "upperdir", link_to(opened.upper));
    sys::fsconfig_string(context.get(), "workdir", link_to(opened.work));
  }
  return create_overlay(context, directories, attributes);
}

Fd mount_classic(const OverlayDirectories& directories, std::uint64_t attributes) {
  const Opened opened = open_directories(directories);
  std::string options = "lowerdir=";
  for (std::size_t i = 0; i < opened.lowers.size(); ++i) {
    options += (i == 0 ? "" : ":") + link_to(opened.lowers[i]);
  }
  if (opened.upper) options += ",upperdir=" + link_to(opened.upper) + ",workdir=" + link_to(opened.work);
  for (const auto& [key, value] : kOptions) options += fmt::format(",{}={}", key, value);
  if (directories.is_volatile) options += ",volatile";
  if (options.size() >= static_cast<std::size_t>(getpagesize())) {
    throw Error(ErrorKind::unsupported,
                fmt::format("{} layers are too many for this kernel's overlay (Linux 6.7 lifts the limit)",
                            opened.lowers.size()));
  }
  // In the helper's own mount namespace: what it hides does not matter there.
  sys::mount("overlay", directories.store, "overlay", 0, options);
  Fd tree = sys::open_tree(AT_FDCWD, directories.store, OPEN_TREE_CLONE);
  struct mount_attr wanted {};
  wanted.attr_set = attributes;
  if (attributes != 0) sys::mount_setattr(tree.get(), "", AT_EMPTY_PATH, wanted);
  return tree;
}

// A kernel whose overlay has the mount interface of old (before Linux 6.5) takes no descriptor as a value.
bool has_old_interface(const Error& error) { return error.error_number() == EOPNOTSUPP; }

// How a newer one says that it does not know a key, or a descriptor as its value.
bool may_be_unknown_to_kernel(const Error& error) {
  return error.error_number() == EINVAL || error.error_number() == EBADF;
}

// In one namespace, because moving the layers there cannot be repeated.
Fd mount_here(const OverlayDirectories& directories, OverlayCall call, std::uint64_t attributes) {
  if (call == OverlayCall::classic) return mount_classic(directories, attributes);
  try {
    return mount_by_strings(directories, attributes);
  } catch (const Error& error) {
    if (call == OverlayCall::strings || !may_be_unknown_to_kernel(error)) throw;
  }
  return mount_classic(directories, attributes);
}

[[noreturn]] void helper_main(int channel, const OverlayDirectories& directories, OverlayCall call,
                              std::uint64_t attributes) {
  try {
    sys::mount("", "/", "", MS_REC | MS_PRIVATE, "");
    if (directories.layer_mount) {
      // Older kernels take lowers only from mounts that are attached somewhere.
      sys::move_mount(directories.layer_mount.get(), "", AT_FDCWD, directories.store, MOVE_MOUNT_F_EMPTY_PATH);
    }
    const Fd mount = mount_here(directories, call, attributes);
    const std::array<int, 1> fds = {mount.get()};
    send_step(channel, Step::rootfs, {}, fds);
    _exit(0);
  } catch (const Error& error) {
    send_failure(channel, error);
  }
  _exit(1);
}

Fd mount_in_helper(const OverlayDirectories& directories, OverlayCall call, std::uint64_t attributes) {
  SocketPair channel = sys::socketpair(SOCK_SEQPACKET);
  struct clone_args arguments {};
  arguments.exit_signal = SIGCHLD;
  arguments.flags = CLONE_NEWNS;
  const pid_t helper = sys::clone3(arguments);
  if (helper == 0) helper_main(channel.theirs.get(), directories, call, attributes);
  channel.theirs.reset();
  Fd mount;
  std::exception_ptr failure;
  try {
    mount = std::move(expect_step(channel.ours.get(), Step::rootfs).fds.at(0));
  } catch (const Error&) {
    failure = std::current_exception();
  }
  sys::waitpid(helper);
  if (failure) std::rethrow_exception(failure);
  return mount;
}

}  // namespace

Fd open_layer(int store, const std::string& store_path, const std::string& layer, int flags) {
  try {
    return sys::openat2(store, layer, flags | O_DIRECTORY, 0,
                        RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
  } catch (const SysError& error) {
    if (error.error_number() != ENOENT) throw;
    throw Error(ErrorKind::not_found, fmt::format("layer {} is missing in {}: pull the image again", layer, store_path),
                ENOENT);
  }
}

Fd parent_mount_overlay(const OverlayDirectories& directories, OverlayCall call, std::uint64_t attributes) {
  if (call == OverlayCall::descriptors) return mount_by_descriptors(directories, attributes);
  if (call != OverlayCall::automatic) return mount_in_helper(directories, call, attributes);
  std::optional<Error> first;
  try {
    return mount_by_descriptors(directories, attributes);
  } catch (const Error& error) {
    // Its own error explains nothing, and any other key than the classic ones gets a line into the kernel's log.
    if (has_old_interface(error)) return mount_in_helper(directories, OverlayCall::classic, attributes);
    if (!may_be_unknown_to_kernel(error)) throw;
    first = error;
  }
  try {
    return mount_in_helper(directories, OverlayCall::automatic, attributes);
  } catch (const Error&) {
    // The newest interface explains a real mistake best.
    throw *first;
  }
}

}  // namespace minidock::runtime
