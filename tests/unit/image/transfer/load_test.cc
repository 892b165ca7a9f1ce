#include "image/transfer/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"
#include "image/image_store.h"
#include "image/transfer/import.h"
#include "storage/layer_store.h"
#include "tests/unit/image/transfer/test_image.h"

namespace minidock::image {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Load : public ::testing::Test {
 protected:
  Load() {
    std::string pattern = "/tmp/minidock-load-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    instance_ = storage::make_instance(directory_ + "/root", directory_ + "/state");
    storage::create_directories(instance_);
  }
  ~Load() override { file::remove_tree(directory_); }

  static Fd input_of(const std::string& bytes) {
    Fd input(::memfd_create("input", MFD_CLOEXEC));
    sys::write_all(input.get(), bytes);
    ::lseek(input.get(), 0, SEEK_SET);
    return input;
  }

  std::vector<std::string> run(const std::string& archive) {
    const Fd input = input_of(archive);
    LoadOptions options;
    options.input = input.get();
    return load(instance_, options).lines;
  }

  std::string failure(const std::string& archive) {
    try {
      run(archive);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt_data) << error.message();
      return error.message();
    }
    return "loaded";
  }

  std::string content(const std::string& diff_id, const std::string& name) {
    return file::read(instance_.layers() + "/" + diff_id.substr(7) + "/" + name);
  }

  Image stored(const std::string& name) {
    storage::Database database = storage::Database::open(instance_.database());
    return get_image(database, name);
  }

  std::string directory_;
  storage::Instance instance_;
};

std::string docker_manifest(const std::string& config, const std::vector<std::string>& layers,
                            const std::vector<std::string>& tags) {
  return tar_file("manifest.json", Json::array({{{"Config", config}, {"RepoTags", tags}, {"Layers", layers}}}).dump());
}

std::string oci_layout(const TestImage& image, const Json& annotations) {
  std::string entries = tar_file("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  for (const auto& [digest, blob] : image.blobs) entries += tar_file("blobs/sha256/" + digest.substr(7, 64), blob);
  entries += tar_file("blobs/sha256/" + sha256_of(image.manifest).substr(7), image.manifest);
  const Json descriptor = {{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                           {"digest", sha256_of(image.manifest)},
                           {"size", image.manifest.size()},
                           {"annotations", annotations}};
  return entries + tar_file("index.json", Json{{"schemaVersion", 2}, {"manifests", {descriptor}}}.dump());
}

TEST_F(Load, TakesDockersArchive) {
  const TestImage image({tar_of(tar_file("a", "first")), tar_of(tar_file("b", "second"))});
  const std::string archive =
      tar_of(tar_file("./x/layer.tar", image.layers[0]) + tar_file("y/layer.tar", "", '2', "../z/layer.tar") +
             tar_file("z/layer.tar", image.layers[1]) + tar_file("c.json", image.config) +
             docker_manifest("c.json", {"x/layer.tar", "y/layer.tar"}, {"app:1", "app:2"}));
  EXPECT_THAT(run(archive), ElementsAre("Loaded image: app:1", "Loaded image: app:2"));
  EXPECT_EQ(stored("app:2").id, image.id());
  EXPECT_EQ(content(image.layer_digest(0), "a"), "first");
  EXPECT_EQ(content(image.layer_digest(1), "b"), "second");
  EXPECT_TRUE(storage::open_blob(instance_, image.layer_digest(1)));
}

TEST_F(Load, TakesAnOciLayout) {
  const TestImage image({tar_of(tar_file("a", "first"))});
  EXPECT_THAT(run(tar_of(oci_layout(image, {{"org.opencontainers.image.ref.name", "latest"}}))),
              ElementsAre("Loaded image ID: " + image.id()));
  EXPECT_THAT(run(tar_of(oci_layout(image, {{"org.opencontainers.image.ref.name", "latest"},
                                            {"io.containerd.image.name", "docker.io/library/app:3"}}))),
              ElementsAre("Loaded image: app:3"));
  EXPECT_EQ(content(image.layer_digest(0), "a"), "first");
}

TEST_F(Load, TellsWhenANameMoves) {
  const TestImage old({tar_of(tar_file("a", "old"))});
  const TestImage now({tar_of(tar_file("a", "new"))});
  run(tar_of(oci_layout(old, {{"io.containerd.image.name", "docker.io/library/app:3"}})));
  EXPECT_THAT(
      run(tar_of(oci_layout(now, {{"io.containerd.image.name", "docker.io/library/app:3"}}))),
      ElementsAre("The image app:3 already exists, renaming the old one with ID " + old.id() + " to empty string",
                  "Loaded image: app:3"));
}

TEST_F(Load, RefusesWhatIsNotWhole) {
  const TestImage image({tar_of(tar_file("a", "first"))});
  EXPECT_THAT(failure("this is no archive, but it is long enough"), HasSubstr("invalid archive: "));
  EXPECT_EQ(failure(tar_of(tar_file("a", "b"))),
            "invalid archive: neither manifest.json (docker save) nor index.json (OCI layout) is in it");
  EXPECT_EQ(failure(tar_of(docker_manifest("../../etc/passwd", {}, {}))),
            "invalid archive: \"../../etc/passwd\" is missing");
  EXPECT_EQ(failure(tar_of(tar_file("c.json", image.config) + docker_manifest("c.json", {"l.tar"}, {}))),
            "invalid archive: \"l.tar\" is missing");
  EXPECT_EQ(failure(tar_of(tar_file("c.json", "", '2', "c.json") + docker_manifest("c.json", {}, {}))),
            "invalid archive: too many links behind \"c.json\"");
  EXPECT_THAT(failure(tar_of(tar_file("c.json", image.config) + docker_manifest("c.json", {}, {}))),
              HasSubstr("names 1 layers, but the archive 0"));
}

TEST_F(Load, ALayerThatIsNotTheConfigsLeavesNothing) {
  const TestImage image({tar_of(tar_file("a", "first"))});
  const std::string other = tar_of(tar_file("a", "other"));
  EXPECT_THAT(failure(tar_of(tar_file("c.json", image.config) + tar_file("l.tar", other) +
                             docker_manifest("c.json", {"l.tar"}, {"app:1"}))),
              HasSubstr("the image's config says " + image.layer_digest(0)));
  EXPECT_FALSE(file::exists(instance_.layers() + "/" + image.layer_digest(0).substr(7)));
  EXPECT_FALSE(file::exists(instance_.blobs() + "/" + sha256_of(other).substr(7) + ".partial"));
}

TEST_F(Load, ABlobWithAnotherDigestIsRefused) {
  TestImage image({tar_of(tar_file("a", "first"))});
  image.blobs[image.layer_digest(0)] = tar_of(tar_file("a", "f1rst"));
  EXPECT_THAT(failure(tar_of(oci_layout(image, Json::object()))), HasSubstr("blob " + image.layer_digest(0)));
}

TEST_F(Load, ImportMakesAnImageOfOneLayer) {
  const std::string tar = tar_of(tar_file("a", "first"));
  const Fd input = input_of(tar);
  ImportOptions options;
  options.input = input.get();
  options.reference = "app:4";
  options.message = "mine";
  options.changes = {"CMD [\"/a\"]", "ENV X=1"};
  const std::string id = import_image(instance_, options);
  const Image image = stored("app:4");
  EXPECT_EQ(image.id, id);
  EXPECT_EQ(id, sha256_of(image.config_text));
  EXPECT_EQ(image.diff_ids, std::vector<std::string>{sha256_of(tar)});
  const ImageConfig config = parse_image_config(image.config_text);
  EXPECT_EQ(config.cmd, std::vector<std::string>{"/a"});
  EXPECT_EQ(config.env, std::vector<std::string>{"X=1"});
  EXPECT_EQ(config.os, "linux");
  EXPECT_EQ(Json::parse(image.config_text)["history"][0]["comment"], "mine");
  EXPECT_EQ(content(sha256_of(tar), "a"), "first");
}

}  // namespace
}  // namespace minidock::image
