#include "engine/create.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/syscall.h"
#include "engine/cid_file.h"
#include "engine/engine.h"
#include "engine/reservation.h"
#include "image/platform.h"

namespace minidock {

namespace {

// --rootfs: what a container without an image has instead of one.
image::Image no_image(const std::string& rootfs) {
  struct stat status {};
  const int error = ::stat(rootfs.c_str(), &status) != 0 ? errno : S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
  if (error != 0) {
    throw Error(ErrorKind::invalid_argument, fmt::format("--rootfs: cannot use {}: {}", rootfs, std::strerror(error)),
                error);
  }
  image::Image image;
  image.config_text = R"({"rootfs": {"type": "layers", "diff_ids": []}})";
  return image;
}

// Nothing is asked of it without --platform.
std::optional<std::string> platform_mismatch(const image::Image& image, const std::string& wanted_text) {
  if (wanted_text.empty()) return std::nullopt;
  const image::ImageConfig config = image::parse_image_config(image.config_text);
  const image::Platform actual = image::normalize({config.os, config.architecture, config.variant});
  const image::Platform wanted = image::parse_platform(wanted_text);
  if (image::fitness(actual, wanted)) return std::nullopt;
  return fmt::format("was found but does not match the specified platform: wanted {}, actual: {}", wanted.text(),
                     actual.text());
}

}  // namespace

image::Image Engine::image_for(const CreateOptions& options) {
  if (!options.host.rootfs.empty()) return no_image(options.host.rootfs);
  const std::string& name = options.config.image;
  if (options.pull != "always") {
    std::optional<std::string> mismatch;
    if (std::optional<image::Image> found = image::find_image(database(), name)) {
      mismatch = platform_mismatch(*found, options.platform);
      if (!mismatch) return std::move(*found);
    }
    if (options.pull == "never") {
      throw Error(ErrorKind::not_found, mismatch ? fmt::format("image with reference {} {}", name, *mismatch)
                                                 : fmt::format("No such image: {}", name));
    }
    const std::string missing =
        fmt::format("Unable to find image '{}' locally\n", image::parse_reference(name).familiar());
    sys::write_all(STDERR_FILENO, missing);
  }
  pull(PullOptions{name, options.platform, options.quiet_pull, STDERR_FILENO});
  return image::get_image(database(), name);
}

// podman's --replace.
void Engine::remove_for_replacement(const std::string& name) {
  try {
    remove(name, true, true);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found) throw;
  }
}

std::string Engine::create(const CreateOptions& options) {
  const image::Image image = image_for(options);
  EngineContext here = context();
  CidFile cid_file(options.host.cid_file);
  ContainerDefinition definition = make_definition(here, options, image);
  if (options.replace) remove_for_replacement(options.name);
  const Container container = create_container(here, std::move(definition));
  cid_file.write(container.id());
  return container.id();
}

}  // namespace minidock
