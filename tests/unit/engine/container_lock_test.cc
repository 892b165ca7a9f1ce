#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/nap.h"
#include "engine/container_store.h"

namespace minidock {
namespace {

// `rm -f` waits for the lock while the command that cleans up takes the directory away.
TEST(ContainerLock, IsTakenWhileTheDirectoryIsRemoved) {
  std::string scratch = std::filesystem::temp_directory_path() / "minidock-lock-XXXXXX";
  ASSERT_NE(mkdtemp(scratch.data()), nullptr);
  const storage::Instance instance = storage::make_instance(scratch + "/root", scratch + "/state");
  std::atomic<bool> done = false;
  std::thread remover([&] {
    while (!done) {
      try {
        file::remove_tree(instance.container_state_dir("cx"));
      } catch (const Error&) {
        // It was made again meanwhile.
      }
    }
  });
  for (int round = 0; round < 20000; ++round) {
    try {
      lock_container(instance, "cx");
    } catch (const Error& error) {
      ADD_FAILURE() << "round " << round << ": " << error.message();
      break;
    }
  }
  done = true;
  remover.join();
  file::remove_tree(scratch);
}

// Who waited for a lock whose directory was removed, and made again by another, has to wait for that one.
TEST(ContainerLock, IsThatOfTheDirectoryThatIsThere) {
  std::string scratch = std::filesystem::temp_directory_path() / "minidock-lock-XXXXXX";
  ASSERT_NE(mkdtemp(scratch.data()), nullptr);
  const storage::Instance instance = storage::make_instance(scratch + "/root", scratch + "/state");
  Fd first = lock_container(instance, "cx");
  std::atomic<bool> has_lock = false;
  Fd waited;
  std::thread waiter([&] {
    waited = lock_container(instance, "cx");
    has_lock = true;
  });
  nap(100);
  file::remove_tree(instance.container_state_dir("cx"));
  Fd second = lock_container(instance, "cx");
  first.reset();
  nap(100);
  EXPECT_FALSE(has_lock);
  EXPECT_FALSE(try_lock_container(instance, "cx"));
  second.reset();
  waiter.join();
  EXPECT_TRUE(waited.valid());
  EXPECT_FALSE(try_lock_container(instance, "cx"));
  file::remove_tree(scratch);
}

}  // namespace
}  // namespace minidock
