// What the files of a disk and the disk itself share.
#pragma once
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "simulated_disk.h"
#include "unsynced.h"

struct simulated_disk {
  sqlite3_vfs vfs;
  sqlite3_vfs *real;
  int64_t (*clock)(void *);
  void *owner;
  struct content *contents;
  int fault;
  int64_t calls_left;
  uint64_t seed;
  bool has_failed, pauses;
};

// A file as SQLite sees it; the real one follows in memory.
struct file {
  sqlite3_file base;
  simulated_disk *disk;
  struct content *content;
  sqlite3_file *real;
};

extern const sqlite3_io_methods disk_file_methods;

static inline bool is_dead(const simulated_disk *disk) { return disk->has_failed && disk->fault != simulated_disk_full; }

// Counts a call that changes something. Whether the fault begins with it.
static inline bool strikes(simulated_disk *disk) {
  if (disk->fault == 0 || disk->has_failed || disk->pauses || --disk->calls_left > 0) return false;
  disk->has_failed = true;
  return true;
}
