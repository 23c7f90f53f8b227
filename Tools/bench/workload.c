/* What a program costs that edits one table: on a plain table, and on the same table in a file that is tracked.
 *
 *   workload FILE create                 makes the plain table, WAL
 *   workload FILE create-loose           the same without STRICT, which older peers cannot read
 *   workload FILE STEP COUNT [--durable] [--by N]   does one step, prints its seconds
 *
 *   insert       COUNT rows in one transaction
 *   insert-one   COUNT rows, a transaction each
 *   update       two columns of COUNT rows
 *   update-one   two columns of COUNT rows, a transaction each
 *   delete       COUNT rows
 *   note         another column of COUNT rows after the first COUNT
 *   edit-again   two columns of COUNT rows, 100 times
 *
 * Rows are edited in no order of theirs, 100 in a transaction where nothing else is said.
 * synchronous is NORMAL; with --durable it is FULL. N is added to sales.
 */
#include "steps.h"

static int is(const char *a, const char *b) { return strcmp(a, b) == 0; }

static void edit_again(long rows, long count) {
  sqlite3_stmt *statement = prepare(SELL);
  for (long round = 1; round <= 100; round++) edit_rows(statement, round, rows, rows / 4, count, 100);
  sqlite3_finalize(statement);
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "workload FILE create | STEP COUNT [--durable] [--by N]\n");
    return 64;
  }
  if (sqlite3_open(argv[1], &db) != SQLITE_OK) fail(argv[1]);
  run("PRAGMA cache_size = -65536; PRAGMA busy_timeout = 10000");
  if (is(argv[2], "create") || is(argv[2], "create-loose")) {
    run("PRAGMA journal_mode = WAL");
    run(is(argv[2], "create") ? "CREATE TABLE enterprise (" DEFINITIONS ") STRICT" : "CREATE TABLE enterprise (" DEFINITIONS ")");
    return sqlite3_close(db) == SQLITE_OK ? 0 : 1;
  }
  run("PRAGMA synchronous = NORMAL");
  long count = argc > 3 ? atol(argv[3]) : 0, by = 7;
  for (int n = 4; n < argc; n++) {
    if (is(argv[n], "--durable")) run("PRAGMA synchronous = FULL");
    else if (is(argv[n], "--by") && n + 1 < argc) by = atol(argv[++n]);
    else return 64;
  }
  const char *what = argv[2];
  long rows = stored();
  double start = now();
  if (is(what, "insert")) insert_rows(count, 0);
  else if (is(what, "insert-one")) insert_rows(count, 1);
  else if (is(what, "update")) update_rows(by, rows, count, 100);
  else if (is(what, "update-one")) update_rows(by, rows, count, 1);
  else if (is(what, "delete")) delete_rows(rows, count);
  else if (is(what, "note")) annotate_rows(rows, count);
  else if (is(what, "edit-again")) edit_again(rows, count);
  else return 64;
  printf("%.6f\n", now() - start);
  return sqlite3_close(db) == SQLITE_OK ? 0 : 1;
}
