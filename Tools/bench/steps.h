/* What edits the table, on whatever connection `db` is. A changed row is found by its key. */
#ifndef STEPS_H
#define STEPS_H

#include "rows.h"

static long stored(void) {
  sqlite3_stmt *count = prepare("SELECT count(*) FROM enterprise");
  if (sqlite3_step(count) != SQLITE_ROW) fail("count");
  long rows = (long)sqlite3_column_int64(count, 0);
  sqlite3_finalize(count);
  return rows;
}

static void insert_rows(long count, int each) {
  sqlite3_stmt *statement = prepare("INSERT INTO enterprise (" COLUMNS ") VALUES (" MARKS ")");
  long start = stored();
  if (!each) run("BEGIN IMMEDIATE");
  for (long n = start; n < start + count; n++) {
    bind_row(statement, n);
    step(statement);
  }
  if (!each) run("COMMIT");
  sqlite3_finalize(statement);
}

static void update_rows(long count, long together, long by) {
  long rows = stored(), spread = count <= rows / 4 ? 4 : 1;
  sqlite3_stmt *statement = prepare("UPDATE enterprise SET taxable_sales = taxable_sales + ?3, status = ?2 WHERE id = ?1");
  for (long n = 0; n < count; n++) {
    if (together > 1 && n % together == 0) run("BEGIN IMMEDIATE");
    bind_text(statement, 1, key_of(n * spread));
    bind_text(statement, 2, by % 2 ? "迁出" : "注销");
    sqlite3_bind_int64(statement, 3, by);
    step(statement);
    if (together > 1 && (n % together == together - 1 || n == count - 1)) run("COMMIT");
  }
  sqlite3_finalize(statement);
}

static void delete_rows(long count) {
  sqlite3_stmt *statement = prepare("DELETE FROM enterprise WHERE id = ?1");
  run("BEGIN IMMEDIATE");
  for (long n = 0; n < count; n++) {
    bind_text(statement, 1, key_of(n * 4 + 1));
    step(statement);
  }
  run("COMMIT");
  sqlite3_finalize(statement);
}

/* The city's own edits, in another column than those of `update_rows`, after its first COUNT rows. */
static void note_rows(long count) {
  sqlite3_stmt *statement = prepare("UPDATE enterprise SET note = '由乡镇统计员复核' WHERE id = ?1");
  run("BEGIN IMMEDIATE");
  for (long n = 0; n < count; n++) {
    bind_text(statement, 1, key_of((count + n) * 4));
    step(statement);
  }
  run("COMMIT");
  sqlite3_finalize(statement);
}

#endif
