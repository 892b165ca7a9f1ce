#include "storage/database.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "storage/schema.h"

namespace minidock::storage {
namespace {

constexpr std::int64_t kLockTimeoutMs = 10'000;
// Rows are a few kilobytes: small pages keep what each transaction appends to the WAL small.
constexpr char kPageSize[] = "PRAGMA page_size = 1024";
// A command that opens the database alone reads and checks the whole WAL (about a microsecond a page), and a checkpoint
// costs two syncs: so one in ten or so commands that write pays for a checkpoint, and the others read little.
constexpr int kCheckpointAtClose = 192;
// A process that stays (the API) must not let it grow without bound either.
constexpr int kCheckpointAtCommit = 8192;

std::int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

void sleep_us(long us) {
  const timespec pause{0, us * 1000};
  nanosleep(&pause, nullptr);
}

// SQLite's own busy handler starts with 1 ms and goes to 100: a write here takes 0.05 ms, so look more often. The sum
// of the pauses stands for the time, as in SQLite's.
int wait_for_lock(void*, int tries) {
  constexpr int kShortTries = 10;
  constexpr long kLongPauseUs = 2000;
  if (tries >= kLockTimeoutMs * 1000 / kLongPauseUs) return 0;
  sleep_us(tries < kShortTries ? 100L * (tries + 1) : kLongPauseUs);
  return 1;
}

int after_commit(void* wal_pages, sqlite3* db, const char* schema, int pages) {
  *static_cast<int*>(wal_pages) = pages;
  // A failed checkpoint loses nothing, and the commit stands: it is tried again later.
  if (pages >= kCheckpointAtCommit) {
    sqlite3_wal_checkpoint_v2(db, schema, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  }
  return SQLITE_OK;
}

[[noreturn]] void throw_error(sqlite3* db, int code, std::string_view what) {
  const int primary = code & 0xff;
  const int err = db != nullptr ? sqlite3_system_errno(db) : 0;
  const std::string message =
      fmt::format("database: {}: {}", what, db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code));
  switch (primary) {
    case SQLITE_CONSTRAINT:
      switch (code) {
        case SQLITE_CONSTRAINT_UNIQUE:
        case SQLITE_CONSTRAINT_PRIMARYKEY:
        case SQLITE_CONSTRAINT_ROWID:
        case SQLITE_CONSTRAINT_FOREIGNKEY:
          throw Error(ErrorKind::conflict, message);
        default:
          throw Error(ErrorKind::internal, message);
      }
    case SQLITE_FULL:
      throw SysError(ENOSPC, message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw Error(ErrorKind::unavailable, fmt::format("{}: another process has held the lock for more than {} seconds",
                                                      message, kLockTimeoutMs / 1000));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw Error(ErrorKind::corrupt_data, message);
    case SQLITE_PERM:
    case SQLITE_AUTH:
      throw Error(ErrorKind::permission_denied, message, err);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      if (err != 0) throw SysError(err, message);
      throw Error(ErrorKind::system, message);
    default:
      throw Error(ErrorKind::internal, message);
  }
}

void check(sqlite3* db, int code, std::string_view what) {
  if (code != SQLITE_OK) throw_error(db, code, what);
}

struct CloseDatabase {
  void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
};
using Handle = std::unique_ptr<sqlite3, CloseDatabase>;

// Both are allocated and threaded into lists at once by default, some fifty pages that a short command never uses.
void spare_memory() {
  static const int configured = [] {
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
    return sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
  }();
  static_cast<void>(configured);
}

Handle open_existing(const std::string& path, int& code) {
  spare_memory();
  sqlite3* raw = nullptr;
  // No mutex of SQLite's: a Database belongs to one thread.
  code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  return Handle(raw);
}

Handle open_or_create(const std::string& path) {
  int code = SQLITE_OK;
  Handle db = open_existing(path, code);
  if ((code & 0xff) == SQLITE_CANTOPEN && sqlite3_system_errno(db.get()) == ENOENT) {
    // mknod rather than open: it sets the mode from the first moment (R11; WAL and index get the same), and there is no
    // descriptor to close, which would drop the locks that another connection of this process holds on the file.
    if (mknod(path.c_str(), S_IFREG | 0600, 0) != 0 && errno != EEXIST) {
      throw SysError(fmt::format("cannot create the database \"{}\"", path));
    }
    db = open_existing(path, code);
  }
  check(db.get(), code, fmt::format("cannot open \"{}\"", path));
  return db;
}

// Settings that are not kept in the file.
void configure(sqlite3* db) {
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_handler(db, wait_for_lock, nullptr);
  check(db, sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr), "foreign keys");
  // Without these two the last command to close would checkpoint, sync and delete the WAL: 1.1 ms each time.
  check(db, sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr), "no checkpoint on close");
  int persist = 1;
  check(db, sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist), "persistent WAL");
}

int user_version(Database& database) {
  Statement statement = database.prepare("PRAGMA user_version");
  statement.step();
  return static_cast<int>(statement.int64(0));
}

// Changing the journal mode does not call the busy handler in every case.
void switch_to_wal(Database& database) {
  for (const std::int64_t deadline = now_ms() + kLockTimeoutMs;;) {
    try {
      Statement statement = database.prepare("PRAGMA journal_mode = WAL");
      statement.step();
      if (statement.text(0) == "wal") return;
      throw Error(ErrorKind::unsupported,
                  fmt::format("the file system does not allow a write-ahead log (mode \"{}\")", statement.text(0)));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unavailable || now_ms() > deadline) throw;
    }
    sleep_us(1000);
  }
}

}  // namespace

// ---- Statement

Statement::Statement(sqlite3* db, std::string_view sql) : db_(db) {
  const int code = sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr);
  if (code != SQLITE_OK) throw_error(db_, code, sql);
}

Statement::Statement(Statement&& other) noexcept
    : db_(other.db_), statement_(std::exchange(other.statement_, nullptr)), next_parameter_(other.next_parameter_) {}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(std::int64_t value) {
  check(db_, sqlite3_bind_int64(statement_, next_parameter_++, value), "bind");
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  // An empty view may have no address, which SQLite would take for NULL.
  const char* data = text.data() != nullptr ? text.data() : "";
  check(db_, sqlite3_bind_text64(statement_, next_parameter_++, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8),
        "bind");
  return *this;
}

Statement& Statement::bind_null() {
  check(db_, sqlite3_bind_null(statement_, next_parameter_++), "bind");
  return *this;
}

bool Statement::step() {
  // A first step that finds its snapshot outdated or the WAL being recovered by another process starts anew; the busy
  // handler is not asked in these cases. With another statement of this connection still reading it would never end.
  constexpr int kTries = 1000;
  for (int tries = 0;; ++tries) {
    const bool first = sqlite3_stmt_busy(statement_) == 0;
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    const bool again = code == SQLITE_BUSY_SNAPSHOT || code == SQLITE_BUSY_RECOVERY;
    if (!first || !again || tries >= kTries) {
      const char* sql = sqlite3_sql(statement_);
      throw_error(db_, code, sql != nullptr ? sql : "step");
    }
    sqlite3_reset(statement_);
    sleep_us(1000);
  }
}

void Statement::run() {
  while (step()) {
  }
}

std::int64_t Statement::int64(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Statement::text(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

// ---- Database

Database::Database(sqlite3* db) : db_(db), wal_pages_(std::make_unique<int>(0)) {
  sqlite3_wal_hook(db_, after_commit, wal_pages_.get());
}

Database::Database(Database&& other) noexcept
    : db_(std::exchange(other.db_, nullptr)), wal_pages_(std::move(other.wal_pages_)) {}

Database::~Database() {
  if (db_ == nullptr) return;
  if (*wal_pages_ >= kCheckpointAtClose) {
    // Truncated, because the note that all of the WAL is in the database is kept in the shared index only, which the
    // next lone opener makes anew: it would read, and checkpoint, ever more. Others at work: one of them does it.
    sqlite3_busy_handler(db_, nullptr, nullptr);
    sqlite3_wal_checkpoint_v2(db_, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  }
  sqlite3_wal_hook(db_, nullptr, nullptr);
  sqlite3_close_v2(db_);
}

Database Database::open(const std::string& path) {
  Handle handle = open_or_create(path);
  configure(handle.get());
  Database database(handle.release());
  try {
    database.bring_up_to_date(path);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt_data) throw error.with_context(path);
    throw Error(ErrorKind::corrupt_data,
                fmt::format("{} is damaged or not minidock's: {}; restore it from a backup, or move it away to start "
                            "with an empty state",
                            path, error.message()));
  }
  return database;
}

void Database::bring_up_to_date(const std::string& path) {
  int version = user_version(*this);
  if (version == 0) {
    execute(kPageSize);
    switch_to_wal(*this);
    Transaction transaction(*this);
    version = user_version(*this);  // another process may have been first
    if (version == 0) {
      execute(kSchema);
      execute(fmt::format("PRAGMA user_version = {}", kSchemaVersion));
      version = kSchemaVersion;
    }
    transaction.commit();
  }
  if (version == 2 || version == 3) {
    Transaction transaction(*this);
    version = user_version(*this);
    if (version == 2) execute(kFromVersion2);
    if (version == 2 || version == 3) {
      execute(kFromVersion3);
      execute(fmt::format("PRAGMA user_version = {}", kSchemaVersion));
      version = kSchemaVersion;
    }
    transaction.commit();
  }
  if (version != kSchemaVersion) {
    throw Error(ErrorKind::unsupported,
                fmt::format("the database has format {}, but this minidock knows format {}: use the minidock that "
                            "wrote it, or another --root than {}",
                            version, kSchemaVersion, path.substr(0, path.rfind('/'))));
  }
  // WAL and NORMAL: a power cut may lose the last commits, it never damages the file.
  execute("PRAGMA synchronous = NORMAL");
}

void Database::execute(const std::string& sql) {
  const char* rest = sql.c_str();
  while (*rest != '\0') {
    sqlite3_stmt* raw = nullptr;
    const char* tail = nullptr;
    check(db_, sqlite3_prepare_v2(db_, rest, -1, &raw, &tail), sql);
    // Null for white space and comments.
    if (raw != nullptr) Statement(db_, raw).run();
    rest = tail;
  }
}

std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(db_); }

int Database::changes() const { return sqlite3_changes(db_); }

// ---- Transaction

Transaction::Transaction(Database& database) : database_(database) { database_.execute("BEGIN IMMEDIATE"); }

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.execute("ROLLBACK");
  } catch (const Error&) {
    // A full disk or an I/O error has rolled back already.
  }
}

void Transaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

}  // namespace minidock::storage
