/* The workload's rows: 15 columns, text keys, Chinese text. The same number gives the same row on every machine. */
#ifndef ROWS_H
#define ROWS_H

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COLUMNS                                                                                                        \
  "id, county, name, industry, taxable_sales, rd_spend, staff, status, note, legal_rep, reg_capital, founded, phone, " \
  "is_hightech, updated_at"
/* The default is for peers that refuse a column without one. */
#define DEFINITIONS                                                                                            \
  "id TEXT NOT NULL PRIMARY KEY, county TEXT NOT NULL DEFAULT '', name TEXT, industry TEXT, taxable_sales INTEGER, " \
  "rd_spend INTEGER, staff INTEGER, status TEXT, note TEXT, legal_rep TEXT, reg_capital REAL, founded TEXT, "  \
  "phone TEXT, is_hightech INTEGER, updated_at INTEGER"
#define MARKS "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15"

static sqlite3 *db;

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, db ? sqlite3_errmsg(db) : "");
  exit(1);
}

static void run(const char *sql) {
  if (sqlite3_exec(db, sql, 0, 0, 0) != SQLITE_OK) fail(sql);
}

static sqlite3_stmt *prepare(const char *sql) {
  sqlite3_stmt *statement = 0;
  if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, 0) != SQLITE_OK) fail(sql);
  return statement;
}

static void step(sqlite3_stmt *statement) {
  if (sqlite3_step(statement) != SQLITE_DONE) fail(sqlite3_sql(statement));
  sqlite3_reset(statement);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static void bind_text(sqlite3_stmt *statement, int index, const char *text) {
  sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT);
}

/* Keys are spread, as credit codes are: neighbours in time are none in the index. */
static const char *key_of(long n) {
  static char key[32];
  snprintf(key, sizeof key, "91%016llX", (unsigned long long)n * 0x9E3779B97F4A7C15ull);
  return key;
}

/* The row that the nth edit is of, among so many: each once, neighbours in time far apart. */
static long edited(long n, long rows) { return (long)((uint64_t)n * 2147483647u % (uint64_t)rows); }

static void bind_row(sqlite3_stmt *statement, long n) {
  static const char *const trades[] = {"软件和信息技术服务业", "医药制造业", "通用设备制造业", "化学原料制造业", "专业技术服务业"};
  static const char *const family[] = {"张", "王", "李", "赵", "陈", "刘", "杨"};
  static const char *const given[] = {"建国", "志强", "晓明", "海燕", "丽华", "伟"};
  char text[160];
  uint64_t mixed = ((uint64_t)n + 1) * 0x9E3779B97F4A7C15ull;
  mixed ^= mixed >> 31;
  bind_text(statement, 1, key_of(n));
  bind_text(statement, 2, "A");
  snprintf(text, sizeof text, "连云港%s%s%lu科技有限公司", family[mixed % 7], given[mixed / 7 % 6], (unsigned long)(mixed % 9973));
  bind_text(statement, 3, text);
  bind_text(statement, 4, trades[mixed % 5]);
  sqlite3_bind_int64(statement, 5, mixed % 900000000);
  sqlite3_bind_int64(statement, 6, mixed % 10 < 4 ? mixed % 50000000 : 0);
  sqlite3_bind_int64(statement, 7, 1 + mixed % 3000);
  bind_text(statement, 8, mixed % 2 ? "在业" : "存续");
  if (mixed % 10 < 4) bind_text(statement, 9, "高新技术企业;已入库");
  else sqlite3_bind_null(statement, 9);
  snprintf(text, sizeof text, "%s%s", family[mixed % 7], given[mixed / 49 % 6]);
  bind_text(statement, 10, text);
  sqlite3_bind_double(statement, 11, (1 + mixed % 100000) / 10.0);
  snprintf(text, sizeof text, "%04u-%02u-%02u", 1990 + (unsigned)(mixed % 35), 1 + (unsigned)(mixed / 35 % 12), 1 + (unsigned)(mixed / 420 % 28));
  bind_text(statement, 12, text);
  snprintf(text, sizeof text, "0518-8%07u", (unsigned)(mixed % 10000000));
  bind_text(statement, 13, text);
  sqlite3_bind_int64(statement, 14, mixed % 8 == 0);
  sqlite3_bind_int64(statement, 15, 1735689600000ll + (long long)(mixed % 1000000000));
}

#endif
