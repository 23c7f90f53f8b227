// What was done to a file since its last sync, so that any part of it can be undone.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct change {
  int64_t at;
  // The size of the file before; of a cut, its size after is `at`.
  int64_t size_before;
  // The bytes that stood there, as far as the file went, and those that were written. One allocation.
  int64_t old_length, new_length;
  unsigned char *bytes;
};

// A file that SQLite has opened, and that may be open several times.
struct content {
  struct content *next;
  char *path;
  dev_t device;
  ino_t inode;
  int open_count;
  struct change *changes;
  int count, room;
};

// A change with room for its bytes, added to the content; NULL when there is no memory.
struct change *unsynced_add(struct content *content, int64_t at, int64_t size_before, int64_t old_length,
                            const void *bytes, int64_t new_length);
void unsynced_forget(struct content *content);

// Lets each change get through wholly, in part or not at all; seed 0: not at all. 0 or errno.
int unsynced_lose(struct content *content, uint64_t *seed);

uint64_t split_mix(uint64_t *seed);
