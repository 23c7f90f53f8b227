// The disk as a VFS: names, the clock and the fault.
#include "disk.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// MARK: Names

static void remove_content(struct content **place) {
  struct content *content = *place;
  *place = content->next;
  unsynced_forget(content);
  free(content->changes);
  free(content->path);
  free(content);
}

// Lets go of what is known of a file that is gone, or of another one that had its name.
static void forget_stale(simulated_disk *disk, const char *path, const struct stat *found) {
  for (struct content **place = &disk->contents; *place;) {
    struct content *content = *place;
    bool is_other = path && strcmp(content->path, path) == 0
                    && (!found || content->inode != found->st_ino || content->device != found->st_dev);
    if (content->open_count == 0 && (is_other || access(content->path, F_OK) != 0)) {
      remove_content(place);
    } else {
      place = &content->next;
    }
  }
}

static struct content *find_content(simulated_disk *disk, const char *path) {
  struct stat found = {0};
  bool exists = path && stat(path, &found) == 0;
  forget_stale(disk, path, exists ? &found : NULL);
  for (struct content *content = disk->contents; exists && content; content = content->next) {
    if (content->inode == found.st_ino && content->device == found.st_dev) return content;
  }
  struct content *content = calloc(1, sizeof *content);
  if (content == NULL) return NULL;
  content->path = strdup(path ? path : "");
  content->device = found.st_dev;
  content->inode = found.st_ino;
  content->next = disk->contents;
  disk->contents = content;
  return content;
}

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out) {
  simulated_disk *disk = vfs->pAppData;
  struct file *file = (struct file *)f;
  memset(file, 0, sizeof *file);
  if (is_dead(disk)) return SQLITE_CANTOPEN;
  file->disk = disk;
  file->real = (sqlite3_file *)(file + 1);
  int code = disk->real->xOpen(disk->real, name, file->real, flags, out);
  if (code != SQLITE_OK) return code;
  file->content = find_content(disk, name);
  if (file->content == NULL) {
    file->real->pMethods->xClose(file->real);
    return SQLITE_NOMEM;
  }
  file->content->open_count++;
  f->pMethods = &disk_file_methods;
  return SQLITE_OK;
}

static int disk_delete(sqlite3_vfs *vfs, const char *name, int syncs) {
  simulated_disk *disk = vfs->pAppData;
  if (is_dead(disk)) return SQLITE_IOERR_DELETE;
  strikes(disk);
  if (is_dead(disk)) return SQLITE_IOERR_DELETE;
  int code = disk->real->xDelete(disk->real, name, 0);
  forget_stale(disk, NULL, NULL);
  return code;
}

static int disk_access(sqlite3_vfs *vfs, const char *name, int flags, int *result) {
  simulated_disk *disk = vfs->pAppData;
  return disk->real->xAccess(disk->real, name, flags, result);
}

static int disk_full_path(sqlite3_vfs *vfs, const char *name, int length, char *path) {
  simulated_disk *disk = vfs->pAppData;
  return disk->real->xFullPathname(disk->real, name, length, path);
}

static int disk_randomness(sqlite3_vfs *vfs, int length, char *bytes) {
  simulated_disk *disk = vfs->pAppData;
  return disk->real->xRandomness(disk->real, length, bytes);
}

static int disk_sleep(sqlite3_vfs *vfs, int microseconds) {
  simulated_disk *disk = vfs->pAppData;
  return disk->real->xSleep(disk->real, microseconds);
}

// Milliseconds since noon of 24 November 4714 B.C., as SQLite counts days.
static int disk_time(sqlite3_vfs *vfs, sqlite3_int64 *time) {
  simulated_disk *disk = vfs->pAppData;
  *time = disk->clock(disk->owner) + 210866760000000;
  return SQLITE_OK;
}

static int disk_time_as_day(sqlite3_vfs *vfs, double *day) {
  sqlite3_int64 time = 0;
  disk_time(vfs, &time);
  *day = time / 86400000.0;
  return SQLITE_OK;
}

static int disk_last_error(sqlite3_vfs *vfs, int length, char *text) { return 0; }

// MARK: The disk

simulated_disk *simulated_disk_create(const char *name, int64_t (*clock)(void *), void *owner) {
  sqlite3_vfs *real = sqlite3_vfs_find(NULL);
  simulated_disk *disk = calloc(1, sizeof *disk);
  char *own_name = strdup(name);
  if (real == NULL || disk == NULL || own_name == NULL) {
    free(disk);
    free(own_name);
    return NULL;
  }
  disk->real = real;
  disk->clock = clock;
  disk->owner = owner;
  disk->vfs = (sqlite3_vfs){
      .iVersion = 2,
      .szOsFile = (int)sizeof(struct file) + real->szOsFile,
      .mxPathname = real->mxPathname,
      .zName = own_name,
      .pAppData = disk,
      .xOpen = disk_open,
      .xDelete = disk_delete,
      .xAccess = disk_access,
      .xFullPathname = disk_full_path,
      .xRandomness = disk_randomness,
      .xSleep = disk_sleep,
      .xCurrentTime = disk_time_as_day,
      .xGetLastError = disk_last_error,
      .xCurrentTimeInt64 = disk_time,
  };
  sqlite3_vfs_register(&disk->vfs, 0);
  return disk;
}

bool simulated_disk_free(simulated_disk *disk) {
  if (disk == NULL) return true;
  for (struct content *content = disk->contents; content; content = content->next) {
    if (content->open_count > 0) return false;
  }
  sqlite3_vfs_unregister(&disk->vfs);
  while (disk->contents) remove_content(&disk->contents);
  free((char *)disk->vfs.zName);
  free(disk);
  return true;
}

void simulated_disk_arm(simulated_disk *disk, int fault, int64_t call, uint64_t seed) {
  disk->fault = fault;
  disk->calls_left = call;
  disk->seed = seed;
  disk->has_failed = call <= 0;
}

void simulated_disk_pause(simulated_disk *disk, bool pauses) { disk->pauses = pauses; }

bool simulated_disk_failed(const simulated_disk *disk) { return disk->has_failed; }

int simulated_disk_restart(simulated_disk *disk) {
  bool loses = disk->has_failed && disk->fault == simulated_disk_power_loss;
  disk->fault = 0;
  disk->has_failed = false;
  if (!loses) return 0;
  int error = 0;
  for (struct content *content = disk->contents; content && error == 0; content = content->next) {
    error = unsynced_lose(content, &disk->seed);
    unsynced_forget(content);
  }
  return error;
}
