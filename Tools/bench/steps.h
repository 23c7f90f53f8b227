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

#define SELL "UPDATE enterprise SET taxable_sales = taxable_sales + ?3, status = ?2 WHERE id = ?1"

/* COUNT edits of a table of so many rows, from the `first` on, `together` of them in a transaction. */
static void edit_rows(sqlite3_stmt *statement, long by, long rows, long first, long count, long together) {
  for (long n = 0; n < count; n++) {
    if (together > 1 && n % together == 0) run("BEGIN IMMEDIATE");
    bind_text(statement, 1, key_of(edited(first + n, rows)));
    if (by) {
      bind_text(statement, 2, (by + n) % 2 ? "迁出" : "注销");
      sqlite3_bind_int64(statement, 3, by);
    }
    step(statement);
    if (together > 1 && (n % together == together - 1 || n == count - 1)) run("COMMIT");
  }
}

/* Two columns of the rows of the first COUNT edits. */
static void update_rows(long by, long rows, long count, long together) {
  sqlite3_stmt *statement = prepare(SELL);
  edit_rows(statement, by, rows, 0, count, together);
  sqlite3_finalize(statement);
}

/* Another column of the COUNT rows after the first COUNT. */
static void annotate_rows(long rows, long count) {
  sqlite3_stmt *statement = prepare("UPDATE enterprise SET note = '由乡镇统计员复核' WHERE id = ?1");
  edit_rows(statement, 0, rows, count, count, 100);
  sqlite3_finalize(statement);
}

/* A fifth of the rows is changed at most; what is deleted comes after. */
static void delete_rows(long rows, long count) {
  sqlite3_stmt *statement = prepare("DELETE FROM enterprise WHERE id = ?1");
  edit_rows(statement, 0, rows, rows / 5, count, 100);
  sqlite3_finalize(statement);
}

#endif
