// The system SQLite with the session extension, which GRDB's own module does not declare.
#ifndef CSQLITE_SHIM_H
#define CSQLITE_SHIM_H

#define SQLITE_ENABLE_SESSION 1
#define SQLITE_ENABLE_PREUPDATE_HOOK 1
#include <sqlite3.h>

// sqlite3_db_config takes variable arguments, which Swift cannot call.
static inline int csqlite_db_config_flag(sqlite3 *db, int option, int value) {
  return sqlite3_db_config(db, option, value, (int *)0);
}

// Before any database is open: SQLite counts no more how much memory it has, for which it takes a lock each time. Variable
// arguments again.
static inline int csqlite_count_no_memory(void) {
  return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

// Waits until the write-ahead log of the main database is on the disk.
static inline int csqlite_flush_log(sqlite3 *db) {
  sqlite3_file *log = 0;
  int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (code != SQLITE_OK || !log || !log->pMethods) return code;
  return log->pMethods->xSync(log, SQLITE_SYNC_FULL);
}

#endif
