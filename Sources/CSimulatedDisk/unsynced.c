#include "unsynced.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
uint64_t split_mix(uint64_t *seed) {
  uint64_t z = *seed += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

struct change *unsynced_add(struct content *content, int64_t at, int64_t size_before, int64_t old_length,
                            const void *bytes, int64_t new_length) {
  if (content->count == content->room) {
    int room = content->room ? 2 * content->room : 16;
    struct change *more = realloc(content->changes, room * sizeof *more);
    if (more == NULL) return NULL;
    content->changes = more;
    content->room = room;
  }
  unsigned char *kept = malloc(old_length + new_length + 1);
  if (kept == NULL) return NULL;
  if (new_length > 0) memcpy(kept + old_length, bytes, new_length);
  struct change *change = &content->changes[content->count++];
  *change = (struct change){at, size_before, old_length, new_length, kept};
  return change;
}

void unsynced_forget(struct content *content) {
  for (int i = 0; i < content->count; i++) free(content->changes[i].bytes);
  content->count = 0;
}

static int put(int fd, const unsigned char *bytes, int64_t length, int64_t at) {
  while (length > 0) {
    ssize_t written = pwrite(fd, bytes, length, at);
    if (written < 0) return errno;
    bytes += written;
    length -= written;
    at += written;
  }
  return 0;
}

static int undo(int fd, const struct change *change) {
  int error = put(fd, change->bytes, change->old_length, change->at);
  if (error == 0 && ftruncate(fd, change->size_before) != 0) error = errno;
  return error;
}

// A write of which not everything gets through loses sectors, whichever they are.
static int redo_in_part(int fd, const struct change *change, uint64_t *seed) {
  enum { sector = 512 };
  int64_t end = change->at + change->new_length;
  for (int64_t at = change->at; at < end;) {
    int64_t next = (at / sector + 1) * sector;
    if (next > end) next = end;
    const unsigned char *bytes = change->bytes + change->old_length + (at - change->at);
    int error = split_mix(seed) & 1 ? put(fd, bytes, next - at, at) : 0;
    if (error != 0) return error;
    at = next;
  }
  return 0;
}

static int redo(int fd, const struct change *change) {
  if (change->new_length == 0) return ftruncate(fd, change->at) == 0 ? 0 : errno;
  return put(fd, change->bytes + change->old_length, change->new_length, change->at);
}

int unsynced_lose(struct content *content, uint64_t *seed) {
  if (content->count == 0) return 0;
  int fd = open(content->path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? 0 : errno;
  struct stat found;
  int error = fstat(fd, &found) == 0 ? 0 : errno;
  bool is_same = error == 0 && found.st_ino == content->inode && found.st_dev == content->device;
  for (int i = content->count - 1; is_same && error == 0 && i >= 0; i--) error = undo(fd, &content->changes[i]);
  // Of every four losses one takes everything and one takes the end.
  int kind = *seed == 0 ? 0 : split_mix(seed) % 4;
  int end = kind == 0 ? 0 : kind == 1 ? (int)(split_mix(seed) % (content->count + 1)) : content->count;
  for (int i = 0; is_same && error == 0 && i < end; i++) {
    uint64_t fate = kind == 1 ? 0 : split_mix(seed) % 4;
    if (fate < 2) error = redo(fd, &content->changes[i]);
    if (fate == 2 && content->changes[i].new_length > 0) error = redo_in_part(fd, &content->changes[i], seed);
  }
  close(fd);
  return error;
}
