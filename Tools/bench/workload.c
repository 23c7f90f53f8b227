/* What a program costs that edits one table: on a plain table, and on the same table in a file that is tracked.
 *
 *   workload FILE create                 makes the plain table, WAL
 *   workload FILE STEP COUNT [--durable] [--by N]   does one step, prints its seconds
 *
 *   insert       COUNT rows in one transaction
 *   insert-one   COUNT rows, a transaction each
 *   update       two columns of COUNT rows, a transaction for 100 of them
 *   update-one   two columns of COUNT rows, a transaction each
 *   delete       COUNT rows in one transaction
 *   edit-again   one column of COUNT rows, 100 times, a transaction for each round
 *
 * synchronous is NORMAL; with --durable it is FULL. N is added to sales. A changed row is found by its key.
 */
#include "rows.h"

static int is(const char *a, const char *b) { return strcmp(a, b) == 0; }

static long stored(void) {
  sqlite3_stmt *count = prepare("SELECT count(*) FROM enterprise");
  if (sqlite3_step(count) != SQLITE_ROW) fail("count");
  long rows = (long)sqlite3_column_int64(count, 0);
  sqlite3_finalize(count);
  return rows;
}

static void insert(long count, int each) {
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

static void update(long count, long together, long by) {
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

static void delete(long count) {
  sqlite3_stmt *statement = prepare("DELETE FROM enterprise WHERE id = ?1");
  run("BEGIN IMMEDIATE");
  for (long n = 0; n < count; n++) {
    bind_text(statement, 1, key_of(n * 4 + 1));
    step(statement);
  }
  run("COMMIT");
  sqlite3_finalize(statement);
}

static void edit_again(long count) {
  sqlite3_stmt *statement = prepare("UPDATE enterprise SET taxable_sales = taxable_sales + ?2 WHERE id = ?1");
  for (int round = 1; round <= 100; round++) {
    run("BEGIN IMMEDIATE");
    for (long n = 0; n < count; n++) {
      bind_text(statement, 1, key_of(n * 4 + 2));
      sqlite3_bind_int64(statement, 2, round);
      step(statement);
    }
    run("COMMIT");
  }
  sqlite3_finalize(statement);
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "workload FILE create | STEP COUNT [--durable] [--by N]\n");
    return 64;
  }
  if (sqlite3_open(argv[1], &db) != SQLITE_OK) fail(argv[1]);
  run("PRAGMA cache_size = -65536; PRAGMA busy_timeout = 10000");
  if (is(argv[2], "create")) {
    run("PRAGMA journal_mode = WAL; CREATE TABLE enterprise (" DEFINITIONS ") STRICT");
    return 0;
  }
  run("PRAGMA synchronous = NORMAL");
  long count = argc > 3 ? atol(argv[3]) : 0, by = 7;
  for (int n = 4; n < argc; n++) {
    if (is(argv[n], "--durable")) run("PRAGMA synchronous = FULL");
    else if (is(argv[n], "--by") && n + 1 < argc) by = atol(argv[++n]);
    else return 64;
  }
  const char *what = argv[2];
  double start = now();
  if (is(what, "insert")) insert(count, 0);
  else if (is(what, "insert-one")) insert(count, 1);
  else if (is(what, "update")) update(count, 100, by);
  else if (is(what, "update-one")) update(count, 1, by);
  else if (is(what, "delete")) delete(count);
  else if (is(what, "edit-again")) edit_again(count);
  else return 64;
  printf("%.6f\n", now() - start);
  return sqlite3_close(db) == SQLITE_OK ? 0 : 1;
}
