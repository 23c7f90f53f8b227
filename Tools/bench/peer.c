/* The same work done by others: what captures changes of the table, how much leaves, what it costs to merge it.
 *
 *   peer KIND FOLDER ROWS [EXTENSION]      KIND: session (of SQLite), crsqlite, sqlitesync (loadable extensions)
 *
 * Inserts ROWS rows, takes them out and merges them into an empty copy; changes two columns of ROWS/5 rows, deletes ROWS/125,
 * takes that out and merges it into the copy, which has edits of its own in ROWS/20 of the same rows, half of them in the
 * same column. Prints JSON: seconds of each step; bytes of what was taken out, and how small zstd -3 makes it.
 */
#include "pack.h"
#include "steps.h"

enum kind { SESSION, CRSQLITE, SQLITESYNC };
static enum kind kind;
static const char *extension;

typedef struct {
  sqlite3 *db;
  sqlite3_session *session;
  sqlite3_int64 since;
} copy;

/* SQLite has concat() since 3.44; sqlite-sync needs it. */
static void concat(sqlite3_context *context, int count, sqlite3_value **values) {
  char *text = sqlite3_mprintf("");
  for (int i = 0; i < count; i++) {
    const unsigned char *part = sqlite3_value_text(values[i]);
    text = sqlite3_mprintf("%z%s", text, part ? (const char *)part : "");
  }
  sqlite3_result_text(context, text, -1, sqlite3_free);
}

static sqlite3_int64 number(const char *sql) {
  sqlite3_stmt *statement = prepare(sql);
  if (sqlite3_step(statement) != SQLITE_ROW) fail(sql);
  sqlite3_int64 result = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return result;
}

static void attach(copy *it) {
  if (kind != SESSION) return;
  if (sqlite3session_create(it->db, "main", &it->session) || sqlite3session_attach(it->session, "enterprise")) fail("session");
}

static copy open_copy(const char *folder, const char *name) {
  copy it = {0};
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  if (sqlite3_open(path, &db) != SQLITE_OK) fail(path);
  it.db = db;
  if (kind != SESSION) {
    if (kind == SQLITESYNC && sqlite3_libversion_number() < 3044000)
      sqlite3_create_function(db, "concat", -1, SQLITE_UTF8 | SQLITE_INNOCUOUS, 0, concat, 0, 0);
    char *error = 0;
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, (int *)0);
    if (sqlite3_load_extension(db, extension, 0, &error) != SQLITE_OK) fail(error);
  }
  run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;"
      "CREATE TABLE enterprise (" DEFINITIONS ")");
  if (kind == CRSQLITE) run("SELECT crsql_as_crr('enterprise')");
  if (kind == SQLITESYNC) run("SELECT cloudsync_init('enterprise')");
  attach(&it);
  return it;
}

static void close_copy(copy *it) {
  db = it->db;
  if (it->session) sqlite3session_delete(it->session);
  if (kind == CRSQLITE) run("SELECT crsql_finalize()");
  if (kind == SQLITESYNC) run("SELECT cloudsync_terminate()");
  sqlite3_close(db);
}

/* From now on only later changes are taken out. */
static void acknowledge(copy *it) {
  db = it->db;
  if (kind == CRSQLITE) it->since = number("SELECT crsql_db_version()");
  if (kind == SQLITESYNC) it->since = number("SELECT cloudsync_db_version()");
  if (it->session) sqlite3session_delete(it->session);
  attach(it);
}

static buffer take_out(copy *it) {
  db = it->db;
  buffer out = {0};
  if (kind == SESSION) {
    int count = 0;
    void *changes = 0;
    if (sqlite3session_changeset(it->session, &count, &changes) != SQLITE_OK) fail("changeset");
    put(&out, changes, (size_t)count);
    sqlite3_free(changes);
    return out;
  }
  sqlite3_stmt *rows = prepare(
      kind == CRSQLITE
          ? "SELECT \"table\", pk, cid, val, col_version, db_version, site_id, cl, seq FROM crsql_changes WHERE db_version > ?1"
          : "SELECT cloudsync_payload_encode(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq)"
            " FROM cloudsync_changes WHERE site_id = cloudsync_siteid() AND db_version > ?1");
  sqlite3_bind_int64(rows, 1, it->since);
  while (sqlite3_step(rows) == SQLITE_ROW) {
    if (kind == SQLITESYNC) put(&out, sqlite3_column_blob(rows, 0), (size_t)sqlite3_column_bytes(rows, 0));
    else for (int column = 0; column < 9; column++) put_cell(&out, rows, column);
  }
  if (sqlite3_finalize(rows) != SQLITE_OK) fail("changes");
  return out;
}

static int on_conflict(void *context, int what, sqlite3_changeset_iter *change) {
  (void)context, (void)change;
  return what == SQLITE_CHANGESET_DATA || what == SQLITE_CHANGESET_CONFLICT ? SQLITE_CHANGESET_REPLACE : SQLITE_CHANGESET_OMIT;
}

/* Binds the cell that `put_cell` wrote; returns where the next one begins. */
static const uint8_t *bind_cell(sqlite3_stmt *statement, int index, const uint8_t *cell) {
  uint8_t type = *cell++;
  if (type == SQLITE_NULL) {
    sqlite3_bind_null(statement, index);
    return cell;
  }
  if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) {
    sqlite3_int64 bits;
    double real;
    memcpy(&bits, cell, 8);
    memcpy(&real, cell, 8);
    if (type == SQLITE_INTEGER) sqlite3_bind_int64(statement, index, bits);
    else sqlite3_bind_double(statement, index, real);
    return cell + 8;
  }
  uint32_t size;
  memcpy(&size, cell, 4);
  if (type == SQLITE_TEXT) sqlite3_bind_text(statement, index, (const char *)cell + 4, (int)size, SQLITE_STATIC);
  else sqlite3_bind_blob(statement, index, cell + 4, (int)size, SQLITE_STATIC);
  return cell + 4 + size;
}

static void merge(copy *it, const buffer *changes) {
  db = it->db;
  run("BEGIN IMMEDIATE");
  if (kind == SESSION) {
    if (sqlite3changeset_apply(db, (int)changes->count, changes->bytes, 0, on_conflict, 0) != SQLITE_OK) fail("apply");
  } else if (kind == SQLITESYNC) {
    sqlite3_stmt *decode = prepare("SELECT cloudsync_payload_decode(?1)");
    sqlite3_bind_blob(decode, 1, changes->bytes, (int)changes->count, SQLITE_STATIC);
    if (sqlite3_step(decode) != SQLITE_ROW) fail("decode");
    sqlite3_finalize(decode);
  } else {
    sqlite3_stmt *insert = prepare(
        "INSERT INTO crsql_changes (\"table\", pk, cid, val, col_version, db_version, site_id, cl, seq)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    for (const uint8_t *cell = changes->bytes, *end = cell + changes->count; cell < end;) {
      for (int index = 1; index <= 9; index++) cell = bind_cell(insert, index, cell);
      step(insert);
    }
    sqlite3_finalize(insert);
  }
  run("COMMIT");
}

static double since(double *start) {
  double passed = now() - *start;
  *start = now();
  return passed;
}

static void report(const char *what, double taken, double merged, buffer *changes) {
  printf(", \"extract %s\": %.6f, \"merge %s\": %.6f, \"bytes %s\": %zu, \"packed %s\": %zu", what, taken, what, merged, what,
         changes->count, what, packed(changes));
  free(changes->bytes);
}

/* Takes the changes of one copy out and merges them into another. */
static void exchange(const char *what, copy *from, copy *into) {
  double start = now();
  buffer changes = take_out(from);
  double taken = since(&start);
  merge(into, &changes);
  report(what, taken, since(&start), &changes);
  acknowledge(from);
  acknowledge(into);
}

int main(int argc, char **argv) {
  if (argc < 4) return 64;
  kind = !strcmp(argv[1], "session") ? SESSION : !strcmp(argv[1], "crsqlite") ? CRSQLITE : SQLITESYNC;
  extension = argc > 4 ? argv[4] : 0;
  if (kind != SESSION && !extension) return 64;
  long rows = atol(argv[3]);
  copy county = open_copy(argv[2], "county.sqlite"), city = open_copy(argv[2], "city.sqlite");
  db = county.db;
  double start = now();
  insert_rows(rows, 0);
  printf("{\"insert\": %.6f", since(&start));
  exchange("inserts", &county, &city);
  db = county.db;
  update_rows(7, rows, rows / 5, 100);
  delete_rows(rows, rows / 125);
  db = city.db;
  update_rows(9, rows, rows / 40, 100);
  annotate_rows(rows, rows / 40);
  exchange("changes", &county, &city);
  db = city.db;
  printf(", \"rows\": %ld}\n", stored());
  close_copy(&county);
  close_copy(&city);
  return 0;
}
