#include "storage/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"
#include "storage/schema.h"
#include "tests/unit/storage/scratch.h"

namespace minidock::storage {
namespace {

class DatabaseTest : public testing::Test {
 protected:
  const Scratch scratch_;
  const std::string path_ = scratch_.path() + "/db.sqlite";
};

void add_volume(Database& database, const std::string& name) {
  database.prepare("INSERT INTO volumes(name, created, anonymous, options, owner) VALUES(?, ?, ?, '{}', '{}')")
      .bind(name)
      .bind(7)
      .bind(0)
      .run();
}

std::int64_t count_volumes(Database& database) {
  Statement statement = database.prepare("SELECT count(*) FROM volumes");
  statement.step();
  return statement.int64(0);
}

ErrorKind kind_of_open(const std::string& path) {
  try {
    Database::open(path);
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "the database was opened";
  return ErrorKind::internal;
}

TEST_F(DatabaseTest, KeepsRowsAndIsClosedToOthers) {
  {
    Database database = Database::open(path_);
    add_volume(database, "data");
    EXPECT_EQ(database.changes(), 1);
  }
  Database database = Database::open(path_);
  Statement statement = database.prepare("SELECT name, created, NULL FROM volumes");
  ASSERT_TRUE(statement.step());
  EXPECT_EQ(statement.text(0), "data");
  EXPECT_EQ(statement.int64(1), 7);
  EXPECT_TRUE(statement.is_null(2));
  EXPECT_FALSE(statement.step());
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat status {};
    ASSERT_EQ(stat((path_ + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << suffix;
  }
}

TEST_F(DatabaseTest, ABrokenConstraintIsAConflict) {
  Database database = Database::open(path_);
  add_volume(database, "data");
  try {
    add_volume(database, "data");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::conflict);
    EXPECT_THAT(error.message(), testing::HasSubstr("volumes.name"));
  }
  try {
    database.execute("INSERT INTO volume_users VALUES('nowhere', 'c')");
    FAIL() << "foreign keys are off";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::conflict);
  }
}

TEST_F(DatabaseTest, ATransactionWithoutCommitLeavesNothing) {
  Database database = Database::open(path_);
  {
    const Transaction transaction(database);
    add_volume(database, "lost");
  }
  EXPECT_EQ(count_volumes(database), 0);
  {
    Transaction transaction(database);
    add_volume(database, "kept");
    transaction.commit();
  }
  EXPECT_EQ(count_volumes(database), 1);
}

TEST_F(DatabaseTest, TheLogStaysShortWhenEachOpenerIsAlone) {
  off_t largest = 0;
  for (int i = 0; i < 600; ++i) {
    Database database = Database::open(path_);
    add_volume(database, std::to_string(i));
    struct stat log {};
    ASSERT_EQ(stat((path_ + "-wal").c_str(), &log), 0);
    largest = std::max(largest, log.st_size);
  }
  EXPECT_GT(largest, 0);
  EXPECT_LT(largest, 500 * 1048) << "a kilobyte a page, and 24 bytes before each";
}

TEST_F(DatabaseTest, ManyProcessesCreateAndWriteAtOnce) {
  constexpr int kProcesses = 12;
  constexpr int kRows = 20;
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t pid = fork();
    if (pid == 0) {
      try {
        for (int row = 0; row < kRows; ++row) {
          Database database = Database::open(path_);
          Transaction transaction(database);
          add_volume(database, std::to_string(i) + "-" + std::to_string(row));
          transaction.commit();
        }
        _exit(0);
      } catch (const Error& error) {
        fprintf(stderr, "%s\n", error.what());
        _exit(1);
      }
    }
    children.push_back(pid);
  }
  for (const pid_t pid : children) EXPECT_EQ(sys::waitpid(pid), 0);
  Database database = Database::open(path_);
  EXPECT_EQ(count_volumes(database), kProcesses * kRows);
}

TEST_F(DatabaseTest, AKilledWriterLosesOnlyItsOpenTransaction) {
  const pid_t pid = fork();
  if (pid == 0) {
    Database database = Database::open(path_);
    add_volume(database, "committed");
    Transaction transaction(database);
    add_volume(database, "open");
    kill(getpid(), SIGKILL);
  }
  sys::waitpid(pid);
  Database database = Database::open(path_);
  EXPECT_EQ(count_volumes(database), 1);
}

TEST_F(DatabaseTest, TheLogIsBroughtBackWhenItIsLarge) {
  {
    Database database = Database::open(path_);
    for (int i = 0; i < 1500; ++i) add_volume(database, std::to_string(i) + std::string(4000, 'x'));
  }
  struct stat status {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_GT(status.st_size, 4 << 20) << "no checkpoint at close";
  Database database = Database::open(path_);
  EXPECT_EQ(count_volumes(database), 1500);
}

TEST_F(DatabaseTest, AForeignFileIsRefused) {
  file::write(path_, "this is not a database, but long enough to be read as one" + std::string(4096, 'x'), 0600);
  EXPECT_EQ(kind_of_open(path_), ErrorKind::corrupt_data);
}

TEST_F(DatabaseTest, BringsAnOlderOneUpToDate) {
  {
    Database database = Database::open(path_);
    database.execute("ALTER TABLE networks DROP COLUMN settings");
    database.execute("ALTER TABLE networks DROP COLUMN ipv6_subnet");
    database.execute("ALTER TABLE networks DROP COLUMN ipv6_gateway");
    database.execute("ALTER TABLE endpoints DROP COLUMN names");
    database.execute("DROP INDEX endpoints_ipv6");
    database.execute("ALTER TABLE endpoints DROP COLUMN ipv6_address");
    database.execute("DROP INDEX endpoints_egress");
    database.execute("ALTER TABLE endpoints DROP COLUMN egress");
    const auto insert = [&](const char* id, const char* definition, const char* state) {
      database.prepare("INSERT INTO containers VALUES(?, ?, 1, 'image', ?, 'running', ?)")
          .bind(id)
          .bind(id)
          .bind(definition)
          .bind(state)
          .run();
    };
    insert("c1", R"({"Id":"c1"})",
           R"({"networkId":"n1","networkName":"bridge","endpoint":{"id":"e1","address":"172.17.0.2"}})");
    insert("c2", R"({"Id":"c2","HostConfig":{"NetworkMode":"none"}})",
           R"({"networkId":"","networkName":"","endpoint":{"id":"","address":""}})");
    database.execute("PRAGMA user_version = 2");
  }
  Database database = Database::open(path_);
  const auto value = [&](const std::string& sql) {
    Statement row = database.prepare(sql);
    EXPECT_TRUE(row.step());
    return row.text(0);
  };
  EXPECT_EQ(value("PRAGMA user_version"), std::to_string(kSchemaVersion));
  EXPECT_EQ(value("SELECT json_extract(definition, '$.Networks') FROM containers WHERE id = 'c1'"),
            R"([{"Network":"bridge"}])");
  EXPECT_EQ(value("SELECT json_extract(state, '$.endpoints') FROM containers WHERE id = 'c1'"),
            R"([{"id":"e1","address":"172.17.0.2","networkId":"n1","networkName":"bridge","interface":"eth0"}])");
  EXPECT_EQ(value("SELECT coalesce(json_extract(definition, '$.Networks'), 'none') FROM containers WHERE id = 'c2'"),
            "none");
  EXPECT_EQ(value("SELECT json_extract(state, '$.endpoints') FROM containers WHERE id = 'c2'"), "[]");
  EXPECT_EQ(value("SELECT count(settings) FROM networks"), "0");
  EXPECT_EQ(value("SELECT count(egress) FROM endpoints"), "0");
}

TEST_F(DatabaseTest, BringsTheLastOneUpToDate) {
  {
    Database database = Database::open(path_);
    database.execute("DROP INDEX endpoints_egress");
    database.execute("ALTER TABLE endpoints DROP COLUMN egress");
    database.execute("INSERT INTO networks VALUES('n', 'n', 'br', '10.0.0.0/24', '10.0.0.1', '', 1, '{}', '', '')");
    database.execute(
        "INSERT INTO endpoints(network_id, address, container_id, endpoint_id) VALUES('n', '10.0.0.2', 'c', 'e')");
    database.execute("PRAGMA user_version = 3");
  }
  Database database = Database::open(path_);
  Statement row = database.prepare("SELECT egress FROM endpoints WHERE endpoint_id = 'e'");
  ASSERT_TRUE(row.step());
  EXPECT_EQ(row.text(0), "");
}

TEST_F(DatabaseTest, ANewerFormatIsRefused) {
  {
    Database database = Database::open(path_);
    database.execute("PRAGMA user_version = " + std::to_string(kSchemaVersion + 1));
  }
  EXPECT_EQ(kind_of_open(path_), ErrorKind::unsupported);
}

TEST_F(DatabaseTest, AMissingDirectoryIsNamed) {
  try {
    Database::open(scratch_.path() + "/none/db.sqlite");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.error_number(), ENOENT);
    EXPECT_THAT(error.message(), testing::HasSubstr("/none/db.sqlite"));
  }
}

TEST_F(DatabaseTest, AFullDiskIsSaid) {
  const pid_t pid = fork();
  if (pid == 0) {
    // A mount namespace of the test's own: the host never sees this file system.
    sys::unshare(CLONE_NEWNS);
    sys::mount("none", "/", "", MS_REC | MS_PRIVATE, "");
    sys::mount("tmpfs", scratch_.path(), "tmpfs", 0, "size=1m");
    try {
      Database database = Database::open(path_);
      for (int i = 0; i < 2000; ++i) add_volume(database, std::to_string(i) + std::string(4000, 'x'));
    } catch (const Error& error) {
      fprintf(stderr, "%s\n", error.what());
      _exit(error.error_number() == ENOSPC ? 0 : 2);
    }
    _exit(1);
  }
  EXPECT_EQ(sys::waitpid(pid), 0);
}

}  // namespace
}  // namespace minidock::storage
