// The one SQLite file of an instance (WAL). Uniqueness of names, addresses and ports is decided by its constraints, in
// transactions; nothing here knows what the tables mean.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace minidock::storage {

// A prepared statement. bind() takes parameters in order from 1; step() is true while there is a row.
class Statement {
 public:
  Statement(sqlite3* db, std::string_view sql);
  // Takes ownership of a statement that is prepared already.
  Statement(sqlite3* db, sqlite3_stmt* prepared) : db_(db), statement_(prepared) {}
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  Statement(const Statement&) = delete;
  ~Statement();

  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view text);
  Statement& bind_null();
  // A broken UNIQUE, PRIMARY KEY or FOREIGN KEY constraint is ErrorKind::conflict.
  bool step();
  // Runs a statement that gives no rows.
  void run();

  std::int64_t int64(int column) const;
  std::string text(int column) const;
  bool is_null(int column) const;

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
  int next_parameter_ = 1;
};

class Database {
 public:
  // Opens or creates the file and brings the schema (storage/schema.cc) up to date. Waits up to ten seconds for a lock.
  // A file that is none of ours or damaged is ErrorKind::corrupt_data, one of a newer minidock ErrorKind::unsupported.
  static Database open(const std::string& path);
  Database(Database&& other) noexcept;
  Database& operator=(Database&&) = delete;
  Database(const Database&) = delete;
  ~Database();

  Statement prepare(std::string_view sql) { return Statement(db_, sql); }
  void execute(const std::string& sql);
  std::int64_t last_insert_id() const;
  // Rows changed by the last statement.
  int changes() const;

 private:
  explicit Database(sqlite3* db);
  void bring_up_to_date(const std::string& path);

  sqlite3* db_;
  // Pages in the WAL after our last commit; SQLite's hook writes it, so it stays where it is when the object moves.
  std::unique_ptr<int> wal_pages_;
};

// BEGIN IMMEDIATE … COMMIT; rolls back when destroyed without commit().
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace minidock::storage
