// The methods of a file: what SQLite does to it, counted, noted down and handed on.
#include "disk.h"

#include <stddef.h>

#define FILE_OF(f) struct file *file = (struct file *)(f)
#define METHODS file->real->pMethods
// What reads or locks fails once the program is dead.
#define ALIVE(code) if (is_dead(file->disk)) return code

// MARK: Changing

static int write_and_note(struct file *file, const void *bytes, int length, sqlite3_int64 at) {
  sqlite3_int64 size = 0;
  int code = METHODS->xFileSize(file->real, &size);
  if (code != SQLITE_OK) return code;
  sqlite3_int64 old = at >= size ? 0 : size - at < length ? size - at : length;
  struct change *change = unsynced_add(file->content, at, size, old, bytes, length);
  if (change == NULL) return SQLITE_IOERR_NOMEM;
  if (old > 0) code = METHODS->xRead(file->real, change->bytes, (int)old, at);
  return code == SQLITE_OK ? METHODS->xWrite(file->real, bytes, length, at) : code;
}

// What gets through of a write during which something happens.
static int write_part(struct file *file, const void *bytes, int length, sqlite3_int64 at) {
  uint64_t part = split_mix(&file->disk->seed) & 1 ? split_mix(&file->disk->seed) % (length + 1) : 0;
  return part == 0 ? SQLITE_OK : write_and_note(file, bytes, (int)part, at);
}

static int disk_write(sqlite3_file *f, const void *bytes, int length, sqlite3_int64 at) {
  FILE_OF(f);
  ALIVE(SQLITE_IOERR_WRITE);
  bool begins = strikes(file->disk);
  if (!file->disk->has_failed) return write_and_note(file, bytes, length, at);
  if (file->disk->fault != simulated_disk_full) {
    write_part(file, bytes, length, at);
    return SQLITE_IOERR_WRITE;
  }
  sqlite3_int64 size = 0;
  int code = METHODS->xFileSize(file->real, &size);
  if (code != SQLITE_OK) return code;
  if (at + length <= size) return write_and_note(file, bytes, length, at);
  if (begins) write_part(file, bytes, length, at);
  return SQLITE_FULL;
}

static int disk_truncate(sqlite3_file *f, sqlite3_int64 size) {
  FILE_OF(f);
  ALIVE(SQLITE_IOERR_TRUNCATE);
  strikes(file->disk);
  ALIVE(SQLITE_IOERR_TRUNCATE);
  sqlite3_int64 before = 0;
  int code = METHODS->xFileSize(file->real, &before);
  if (code != SQLITE_OK) return code;
  sqlite3_int64 old = before > size ? before - size : 0;
  struct change *change = unsynced_add(file->content, size, before, old, NULL, 0);
  if (change == NULL) return SQLITE_IOERR_NOMEM;
  if (old > 0) code = METHODS->xRead(file->real, change->bytes, (int)old, size);
  return code == SQLITE_OK ? METHODS->xTruncate(file->real, size) : code;
}

// The file is not synced in earnest: what it is worth is known here.
static int disk_sync(sqlite3_file *f, int flags) {
  FILE_OF(f);
  ALIVE(SQLITE_IOERR_FSYNC);
  strikes(file->disk);
  ALIVE(SQLITE_IOERR_FSYNC);
  unsynced_forget(file->content);
  return SQLITE_OK;
}

// MARK: Everything else of a file

static int disk_read(sqlite3_file *f, void *bytes, int length, sqlite3_int64 at) {
  FILE_OF(f);
  ALIVE(SQLITE_IOERR_READ);
  return METHODS->xRead(file->real, bytes, length, at);
}

static int disk_close(sqlite3_file *f) {
  FILE_OF(f);
  file->content->open_count--;
  int code = METHODS->xClose(file->real);
  f->pMethods = NULL;
  return code;
}

static int disk_file_size(sqlite3_file *f, sqlite3_int64 *size) {
  FILE_OF(f);
  ALIVE(SQLITE_IOERR_FSTAT);
  return METHODS->xFileSize(file->real, size);
}

static int disk_lock(sqlite3_file *f, int kind) {
  FILE_OF(f);
  ALIVE(SQLITE_IOERR_LOCK);
  return METHODS->xLock(file->real, kind);
}

static int disk_unlock(sqlite3_file *f, int kind) {
  FILE_OF(f);
  return METHODS->xUnlock(file->real, kind);
}

static int disk_is_reserved(sqlite3_file *f, int *result) {
  FILE_OF(f);
  return METHODS->xCheckReservedLock(file->real, result);
}

static int disk_control(sqlite3_file *f, int what, void *argument) {
  FILE_OF(f);
  // It would make the real file grow ahead of what is written.
  if (what == SQLITE_FCNTL_SIZE_HINT || what == SQLITE_FCNTL_CHUNK_SIZE) return SQLITE_OK;
  return METHODS->xFileControl(file->real, what, argument);
}

static int disk_sector_size(sqlite3_file *f) {
  FILE_OF(f);
  return METHODS->xSectorSize(file->real);
}

static int disk_characteristics(sqlite3_file *f) {
  FILE_OF(f);
  return METHODS->xDeviceCharacteristics(file->real);
}

static int disk_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **memory) {
  FILE_OF(f);
  ALIVE(SQLITE_IOERR_SHMMAP);
  return METHODS->xShmMap(file->real, page, size, extend, memory);
}

static int disk_shm_lock(sqlite3_file *f, int offset, int n, int flags) {
  FILE_OF(f);
  if (!(flags & SQLITE_SHM_UNLOCK)) ALIVE(SQLITE_IOERR_SHMLOCK);
  return METHODS->xShmLock(file->real, offset, n, flags);
}

static void disk_shm_barrier(sqlite3_file *f) {
  FILE_OF(f);
  METHODS->xShmBarrier(file->real);
}

static int disk_shm_unmap(sqlite3_file *f, int deletes) {
  FILE_OF(f);
  return METHODS->xShmUnmap(file->real, deletes);
}

// Version 2: no memory map, through which changes would go unseen.
const sqlite3_io_methods disk_file_methods = {
    2,
    disk_close,
    disk_read,
    disk_write,
    disk_truncate,
    disk_sync,
    disk_file_size,
    disk_lock,
    disk_unlock,
    disk_is_reserved,
    disk_control,
    disk_sector_size,
    disk_characteristics,
    disk_shm_map,
    disk_shm_lock,
    disk_shm_barrier,
    disk_shm_unmap,
    NULL,
    NULL,
};
