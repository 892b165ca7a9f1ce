#include "storage/layer_store.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"
#include "tests/unit/storage/scratch.h"

namespace minidock::storage {
namespace {

std::string digest_of(char digit) { return "sha256:" + std::string(64, digit); }

class LayerStoreTest : public testing::Test {
 protected:
  LayerStoreTest() { create_directories(instance_); }

  // As a pull does: the layers, then the image that refers to them.
  void commit_layer(char digit) {
    PendingLayer layer = PendingLayer::create(instance_);
    file::write_at(layer.directory(), "file", "content", 0644);
    Transaction transaction(database_);
    layer.commit(database_, digest_of(digit), 7);
    transaction.commit();
  }
  void add_image(const std::string& layer, const std::string& blob) {
    database_.execute("INSERT INTO images VALUES('image', '{}', 0, 0)");
    database_.prepare("INSERT INTO image_layers VALUES('image', 0, ?, ?)").bind(layer).bind(blob).run();
  }
  std::string layer_path(char digit) const { return instance_.layers() + "/" + std::string(64, digit); }
  std::string blob_path(char digit) const { return instance_.blobs() + "/" + std::string(64, digit); }

  const Scratch scratch_;
  const Instance instance_ = make_instance(scratch_.path() + "/root", scratch_.path() + "/state");
  Database database_ = (create_directories(instance_), Database::open(instance_.database()));
};

TEST_F(LayerStoreTest, OnlyDigestsBecomeNames) {
  EXPECT_EQ(layer_directory_name(digest_of('a')), std::string(64, 'a'));
  for (const char* bad : {"", "sha256:", "sha256:../../etc", "sha512:00"}) {
    EXPECT_THROW(layer_directory_name(bad), Error) << bad;
  }
  EXPECT_THROW(layer_directory_name(digest_of('A')), Error);
  EXPECT_THROW(layer_directory_name(digest_of('a') + "a"), Error);
  EXPECT_THROW(layer_directory_name(std::string(7, 'x') + std::string(64, 'a')), Error);
  EXPECT_THROW(open_blob(instance_, "sha256:" + std::string(61, '.') + "/.."), Error);
}

TEST_F(LayerStoreTest, ACommittedLayerIsThere) {
  EXPECT_FALSE(has_layer(database_, digest_of('a')));
  commit_layer('a');
  EXPECT_TRUE(has_layer(database_, digest_of('a')));
  EXPECT_EQ(file::read(layer_path('a') + "/file"), "content");
  EXPECT_TRUE(hold_layer(instance_, digest_of('a')).valid());
  EXPECT_FALSE(hold_layer(instance_, digest_of('b')).valid());
}

TEST_F(LayerStoreTest, AnUncommittedLayerIsRemoved) {
  { const PendingLayer layer = PendingLayer::create(instance_); }
  collect_garbage(database_, instance_);
  EXPECT_EQ(rmdir(instance_.layers().c_str()), 0) << "layers/ is not empty";
}

TEST_F(LayerStoreTest, TheFirstOfTwoEqualLayersIsKept) {
  commit_layer('a');
  file::write(layer_path('a') + "/file", "first", 0644);
  commit_layer('a');
  EXPECT_EQ(file::read(layer_path('a') + "/file"), "first");
}

TEST_F(LayerStoreTest, GarbageIsWhatNoImageRefersTo) {
  commit_layer('a');
  commit_layer('b');
  file::write(blob_path('1'), "kept", 0600);
  file::write(blob_path('2'), "goes", 0600);
  file::write(blob_path('3') + ".partial", "kept for the next pull", 0600);
  add_image(digest_of('a'), digest_of('1'));
  EXPECT_EQ(collect_garbage(database_, instance_), std::vector<std::string>{digest_of('b')});
  EXPECT_TRUE(file::exists(layer_path('a')));
  EXPECT_FALSE(file::exists(layer_path('b')));
  EXPECT_FALSE(has_layer(database_, digest_of('b')));
  EXPECT_TRUE(file::exists(blob_path('1')));
  EXPECT_FALSE(file::exists(blob_path('2')));
  EXPECT_TRUE(file::exists(blob_path('3') + ".partial"));
}

TEST_F(LayerStoreTest, GarbageSparesWhatIsHeld) {
  commit_layer('a');
  const PendingLayer pending = PendingLayer::create(instance_);
  PartialBlob blob = PartialBlob::open(instance_, digest_of('1'));
  blob.commit();
  {
    const Fd held = hold_layer(instance_, digest_of('a'));
    EXPECT_TRUE(collect_garbage(database_, instance_).empty());
  }
  EXPECT_TRUE(file::exists(layer_path('a')));
  EXPECT_TRUE(file::exists(blob_path('1')));
  EXPECT_GT(sys::fstat(pending.directory()).st_nlink, 0U);
  EXPECT_EQ(collect_garbage(database_, instance_), std::vector<std::string>{digest_of('a')});
}

TEST_F(LayerStoreTest, UnfinishedWorkOfAKilledProcessIsCollected) {
  const pid_t pid = fork();
  if (pid == 0) {
    const PendingLayer layer = PendingLayer::create(instance_);
    file::write_at(layer.directory(), "file", "content", 0644);
    kill(getpid(), SIGKILL);
  }
  sys::waitpid(pid);
  EXPECT_NE(rmdir(instance_.layers().c_str()), 0);
  collect_garbage(database_, instance_);
  EXPECT_EQ(rmdir(instance_.layers().c_str()), 0) << "layers/ is not empty";
}

TEST_F(LayerStoreTest, ADirectoryWithoutRowIsCollected) {
  // What a crash between rename and commit leaves.
  ASSERT_EQ(mkdir(layer_path('c').c_str(), 0755), 0);
  collect_garbage(database_, instance_);
  EXPECT_FALSE(file::exists(layer_path('c')));
}

TEST_F(LayerStoreTest, APartialBlobIsResumed) {
  {
    const PartialBlob blob = PartialBlob::open(instance_, digest_of('1'));
    EXPECT_EQ(blob.size(), 0U);
    sys::write_all(blob.fd(), "half");
  }
  EXPECT_FALSE(open_blob(instance_, digest_of('1')).valid());
  PartialBlob blob = PartialBlob::open(instance_, digest_of('1'));
  EXPECT_EQ(blob.size(), 4U);
  EXPECT_FALSE(blob.complete());
  blob.commit();
  EXPECT_EQ(file::read(open_blob(instance_, digest_of('1')).get()), "half");
  EXPECT_FALSE(file::exists(blob_path('1') + ".partial"));
}

TEST_F(LayerStoreTest, ADiscardedBlobStartsAnew) {
  PartialBlob blob = PartialBlob::open(instance_, digest_of('1'));
  sys::write_all(blob.fd(), "wrong");
  blob.discard();
  EXPECT_EQ(PartialBlob::open(instance_, digest_of('1')).size(), 0U);
}

TEST_F(LayerStoreTest, TheSecondPullWaitsForTheFirst) {
  std::optional<PartialBlob> first = PartialBlob::open(instance_, digest_of('1'));
  sys::write_all(first->fd(), "all");
  EXPECT_FALSE(PartialBlob::try_open(instance_, digest_of('1')).has_value());
  const pid_t pid = fork();
  if (pid == 0) {
    first.reset();  // the child's copy of the locked descriptor
    const PartialBlob second = PartialBlob::open(instance_, digest_of('1'));
    _exit(second.complete() && second.size() == 3 ? 0 : 1);
  }
  first->commit();
  EXPECT_EQ(sys::waitpid(pid), 0);
}

}  // namespace
}  // namespace minidock::storage
