#include "image/image_store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/file.h"
#include "storage/layer_store.h"

namespace minidock::image {
namespace {

std::string digest(char digit) { return "sha256:" + std::string(64, digit); }

class ImageStore : public ::testing::Test {
 protected:
  ImageStore() : instance_(make()), database_(storage::Database::open(instance_.database())) {}
  ~ImageStore() override { file::remove_tree(directory_); }

  storage::Instance make() {
    std::string pattern = "/tmp/minidock-image-store-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    const storage::Instance instance = storage::make_instance(directory_ + "/root", directory_ + "/state");
    storage::create_directories(instance);
    return instance;
  }

  void add_image(char digit, const std::string& tag, const std::string& repo_digest = "") {
    storage::Transaction transaction(database_);
    const std::string layer = digest(digit);
    if (!storage::has_layer(database_, layer)) storage::PendingLayer::create(instance_).commit(database_, layer, 10);
    commit_image(database_, {digest(digit), "{}", {{layer, ""}, {layer, ""}}, tag, repo_digest});
    transaction.commit();
  }

  void add_container(char digit, const std::string& id, const std::string& status) {
    database_
        .prepare(
            "INSERT INTO containers(id, name, created, image_id, definition, status, state) "
            "VALUES(?, ?, 1, ?, '{}', ?, '{}')")
        .bind(id)
        .bind(id)
        .bind(digest(digit))
        .bind(status)
        .run();
  }

  std::string refusal(const std::string& name, bool force) {
    try {
      remove_image(database_, instance_, name, force);
    } catch (const Error& error) {
      return error.message();
    }
    return "removed";
  }

  std::string directory_;
  storage::Instance instance_;
  storage::Database database_;
};

TEST_F(ImageStore, FindsByTagIdPrefixAndDigest) {
  add_image('a', "docker.io/library/busybox:latest", "docker.io/library/busybox@" + digest('d'));
  for (const std::string& name : {std::string("busybox"), std::string("docker.io/library/busybox:latest"), digest('a'),
                                  std::string(64, 'a'), std::string("aaaaaaaaaaaa"), std::string("sha256:aaa"),
                                  "busybox@" + digest('d'), "busybox:other@" + digest('d')}) {
    const std::optional<Image> image = find_image(database_, name);
    ASSERT_TRUE(image) << name;
    EXPECT_EQ(image->id, digest('a'));
    EXPECT_EQ(image->size, 20);
    EXPECT_EQ(image->diff_ids.size(), 2U);
  }
  EXPECT_FALSE(find_image(database_, "busybox:other"));
  EXPECT_FALSE(find_image(database_, "b"));
  EXPECT_FALSE(find_image(database_, "not a reference"));
}

TEST_F(ImageStore, NamesWhatIsNotThereAsDockerDoes) {
  try {
    get_image(database_, "nothing");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::not_found);
    EXPECT_EQ(error.message(), "No such image: nothing:latest");
  }
}

TEST_F(ImageStore, RefusesAnAmbiguousPrefix) {
  storage::Transaction transaction(database_);
  commit_image(database_, {"sha256:ab" + std::string(62, '0'), "{}", {}, "", ""});
  commit_image(database_, {"sha256:ab" + std::string(62, '1'), "{}", {}, "", ""});
  transaction.commit();
  EXPECT_THROW(find_image(database_, "ab"), Error);
  EXPECT_TRUE(find_image(database_, "ab0"));
}

TEST_F(ImageStore, MovesATagToTheNewImage) {
  add_image('a', "docker.io/library/app:latest");
  add_image('b', "docker.io/library/app:latest");
  EXPECT_EQ(get_image(database_, "app").id, digest('b'));
  EXPECT_TRUE(get_image(database_, digest('a')).tags.empty());
  EXPECT_EQ(list_images(database_).size(), 2U);
}

TEST_F(ImageStore, RemovesTheLastNameWithImageAndLayers) {
  add_image('a', "docker.io/library/busybox:latest", "docker.io/library/busybox@" + digest('d'));
  const RemovedImage removed = remove_image(database_, instance_, "busybox", false);
  EXPECT_EQ(removed.untagged, (std::vector<std::string>{"busybox:latest", "busybox@" + digest('d')}));
  EXPECT_EQ(removed.deleted, (std::vector<std::string>{digest('a'), digest('a')}));
  EXPECT_FALSE(file::exists(instance_.layers() + "/" + std::string(64, 'a')));
}

TEST_F(ImageStore, UntagsWhileOtherNamesAreLeft) {
  add_image('a', "docker.io/library/one:1");
  add_image('a', "docker.io/library/two:1");
  const RemovedImage removed = remove_image(database_, instance_, "one:1", false);
  EXPECT_EQ(removed.untagged, std::vector<std::string>{"one:1"});
  EXPECT_TRUE(removed.deleted.empty());
  EXPECT_TRUE(find_image(database_, "two:1"));
}

TEST_F(ImageStore, AnIdWithSeveralNamesMustBeForced) {
  add_image('a', "docker.io/library/one:1");
  add_image('a', "docker.io/library/two:1");
  EXPECT_EQ(refusal("aaaaaaaaaaaa", false),
            "conflict: unable to delete aaaaaaaaaaaa (must be forced) - image is referenced in multiple repositories");
  EXPECT_EQ(refusal("aaaaaaaaaaaa", true), "removed");
  EXPECT_TRUE(list_images(database_).empty());
}

TEST_F(ImageStore, KeepsWhatAContainerUses) {
  add_image('a', "docker.io/library/busybox:latest");
  const std::string container(64, 'c');
  add_container('a', container, "exited");
  EXPECT_EQ(
      refusal("busybox", false),
      "conflict: unable to remove repository reference \"busybox\" (must force) - container cccccccccccc is using "
      "its referenced image aaaaaaaaaaaa");
  EXPECT_EQ(refusal("aaaaaaaaaaaa", false),
            "conflict: unable to delete aaaaaaaaaaaa (must be forced) - image is being used by stopped container "
            "cccccccccccc");
  database_.execute("UPDATE containers SET status = 'running'");
  EXPECT_EQ(refusal("aaaaaaaaaaaa", true),
            "conflict: unable to delete aaaaaaaaaaaa (cannot be forced) - image is being used by running container "
            "cccccccccccc");
  const RemovedImage removed = remove_image(database_, instance_, "busybox", true);
  EXPECT_EQ(removed.untagged, std::vector<std::string>{"busybox:latest"});
  EXPECT_TRUE(removed.deleted.empty());
  EXPECT_TRUE(find_image(database_, digest('a')));
}

TEST_F(ImageStore, ForceDeletesUnderAStoppedContainer) {
  add_image('a', "docker.io/library/busybox:latest");
  add_container('a', std::string(64, 'c'), "exited");
  EXPECT_EQ(remove_image(database_, instance_, "busybox", true).deleted.front(), digest('a'));
}

}  // namespace
}  // namespace minidock::image
