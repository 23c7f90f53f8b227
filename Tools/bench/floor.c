/* What the work of a sync costs in C with nothing around it: the floors that the engine is measured against.
 *
 *   floor extract FILE     reads the pending rows of a replica's table `enterprise` with their bases, and packs them
 *   floor merge COUNT FILE merges COUNT changed rows of two columns, in no order, into a table of as many: select the
 *                          row, compare the columns with base and present value, update; a place in a feed and a line of
 *                          history for each; one durable transaction
 *   floor insert COUNT FILE the same for new rows
 *   floor pack FILE        zstd -3 of a file
 *   floor select COUNT FILE reads COUNT rows of the table `enterprise`, each by its key
 *   floor durable COUNT FILE changes one column of COUNT rows of it, each in a durable transaction (WAL, synchronous FULL)
 *
 * Prints seconds, and where bytes are made, their number.
 */
#include "pack.h"
#include "rows.h"

static buffer out;

static void extract(void) {
  sqlite3_stmt *rows = prepare(
      "SELECT b.*, r.* FROM sync_base_enterprise b LEFT JOIN enterprise r ON r.id = b.id ORDER BY b.id");
  sqlite3_stmt *mask = prepare("SELECT sync_mask, sync_existed FROM sync_base_enterprise ORDER BY id");
  double start = now();
  int width = sqlite3_column_count(rows) - 15;
  long count = 0;
  while (sqlite3_step(rows) == SQLITE_ROW && sqlite3_step(mask) == SQLITE_ROW) {
    sqlite3_int64 touched = sqlite3_column_int64(mask, 0);
    if (!sqlite3_column_int64(mask, 1)) touched = 0x7fff;
    put_cell(&out, rows, 0);
    for (int column = 1; column < 15; column++) {
      if (!(touched >> column & 1)) continue;
      put_cell(&out, rows, column);
      put_cell(&out, rows, width + column);
    }
    for (int column = 15; column < width; column++) put_cell(&out, rows, column);
    count++;
  }
  size_t size = packed(&out);
  printf("%.6f %zu %ld\n", now() - start, size, count);
}

static void prepare_master(long count, int empty) {
  run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;"
      "CREATE TABLE enterprise (" DEFINITIONS ") STRICT;"
      "CREATE TABLE feed (place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, unit TEXT, skip INTEGER) STRICT;"
      "CREATE TABLE history (id TEXT, arrival INTEGER, PRIMARY KEY (id, arrival)) STRICT, WITHOUT ROWID");
  if (empty) return;
  run("BEGIN");
  sqlite3_stmt *insert = prepare("INSERT INTO enterprise (" COLUMNS ") VALUES (" MARKS ")");
  for (long n = 0; n < count; n++) {
    bind_row(insert, n);
    step(insert);
  }
  sqlite3_finalize(insert);
  run("INSERT INTO feed (id, unit) SELECT id, county FROM enterprise ORDER BY id; COMMIT;"
      "PRAGMA wal_checkpoint(TRUNCATE)");
}

static void merge(long count, int empty) {
  prepare_master(count, empty);
  sqlite3_stmt *read = prepare("SELECT " COLUMNS " FROM enterprise WHERE id = ?1");
  sqlite3_stmt *insert = prepare("INSERT INTO enterprise (" COLUMNS ") VALUES (" MARKS ")");
  sqlite3_stmt *write = prepare("UPDATE enterprise SET taxable_sales = ?2, status = ?3 WHERE id = ?1");
  sqlite3_stmt *leave = prepare("DELETE FROM feed WHERE id = ?1");
  sqlite3_stmt *place = prepare("INSERT INTO feed (id, unit, skip) VALUES (?1, 'A', 7)");
  sqlite3_stmt *note = prepare("INSERT INTO history VALUES (?1, 1)");
  double start = now();
  run("BEGIN IMMEDIATE");
  for (long n = 0; n < count; n++) {
    long row = edited(n, count);
    const char *key = key_of(row);
    bind_text(read, 1, key);
    int found = sqlite3_step(read) == SQLITE_ROW;
    if (found == empty) fail("merge");
    if (found) {
      sqlite3_int64 sales = sqlite3_column_int64(read, 4);
      const char *status = (const char *)sqlite3_column_text(read, 7);
      bind_text(write, 1, key);
      sqlite3_bind_int64(write, 2, sales + 7);
      bind_text(write, 3, strcmp(status, "迁出") ? "迁出" : "在业");
      sqlite3_reset(read);
      step(write);
    } else {
      sqlite3_reset(read);
      bind_row(insert, row);
      step(insert);
    }
    sqlite3_stmt *const notes[] = {leave, place, note};
    for (int i = 0; i < 3; i++) {
      bind_text(notes[i], 1, key);
      step(notes[i]);
    }
  }
  run("COMMIT");
  printf("%.6f\n", now() - start);
}

static void pack(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) fail(path);
  uint8_t part[65536];
  double start = now();
  size_t size;
  while ((size = fread(part, 1, sizeof part, file)) > 0) put(&out, part, size);
  fclose(file);
  printf("%.6f %zu\n", now() - start, packed(&out));
}

static void select_rows(long count) {
  sqlite3_stmt *row = prepare("SELECT " COLUMNS " FROM enterprise WHERE id = ?1");
  double start = now();
  for (long n = 0; n < count; n++) {
    bind_text(row, 1, key_of(n));
    if (sqlite3_step(row) != SQLITE_ROW) fail("select");
    for (int column = 0; column < 15; column++) put_cell(&out, row, column);
    sqlite3_reset(row);
  }
  printf("%.6f\n", now() - start);
}

static void durable(long count) {
  run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  sqlite3_stmt *write = prepare("UPDATE enterprise SET taxable_sales = ?2 WHERE id = ?1");
  double start = now();
  for (long n = 0; n < count; n++) {
    bind_text(write, 1, key_of(n));
    sqlite3_bind_int64(write, 2, n);
    run("BEGIN IMMEDIATE");
    step(write);
    if (sqlite3_changes(db) != 1) fail("durable");
    run("COMMIT");
  }
  printf("%.6f\n", now() - start);
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "floor extract FILE | merge|insert|select|durable COUNT FILE | pack FILE\n");
    return 64;
  }
  const char *what = argv[1], *file = argv[argc - 1];
  if (strcmp(what, "pack") == 0) {
    pack(file);
    return 0;
  }
  if (sqlite3_open(file, &db) != SQLITE_OK) fail(file);
  run("PRAGMA cache_size = -65536");
  if (strcmp(what, "extract") == 0) extract();
  else if (strcmp(what, "merge") == 0) merge(atol(argv[2]), 0);
  else if (strcmp(what, "insert") == 0) merge(atol(argv[2]), 1);
  else if (strcmp(what, "select") == 0) select_rows(atol(argv[2]));
  else if (strcmp(what, "durable") == 0) durable(atol(argv[2]));
  else return 64;
  return 0;
}
