/* Cells of rows in a growing buffer, and how small zstd makes it. */
#ifndef PACK_H
#define PACK_H

#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

typedef struct {
  uint8_t *bytes;
  size_t count, room;
} buffer;

static void put(buffer *out, const void *bytes, size_t count) {
  if (out->count + count > out->room) {
    out->room = (out->count + count) * 2;
    out->bytes = realloc(out->bytes, out->room);
    if (!out->bytes) exit(71);
  }
  memcpy(out->bytes + out->count, bytes, count);
  out->count += count;
}

/* A cell: its type; a number of 8 bytes, or a length of 4 and the bytes; nothing for NULL. */
static void put_cell(buffer *out, sqlite3_stmt *row, int column) {
  uint8_t type = (uint8_t)sqlite3_column_type(row, column);
  put(out, &type, 1);
  if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) {
    sqlite3_int64 bits = sqlite3_column_int64(row, column);
    double real = sqlite3_column_double(row, column);
    put(out, type == SQLITE_INTEGER ? (void *)&bits : (void *)&real, 8);
  } else if (type != SQLITE_NULL) {
    uint32_t size = (uint32_t)sqlite3_column_bytes(row, column);
    put(out, &size, 4);
    put(out, sqlite3_column_blob(row, column), size);
  }
}

static size_t packed(const buffer *out) {
  size_t room = ZSTD_compressBound(out->count);
  void *target = malloc(room);
  size_t size = target ? ZSTD_compress(target, room, out->bytes, out->count, 3) : 0;
  free(target);
  return size;
}

#endif
