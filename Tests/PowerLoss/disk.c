#define _GNU_SOURCE
#include "disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Calls go to the kernel directly: the names of the library are taken by calls.c.
enum { most = 4096 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long count, syncs;
static char disk[most];

static int raw_open(const char *path, int flags) { return syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600); }
static void raw_rename(const char *from, const char *to) { syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0); }

static void defect(const char *what) {
  dprintf(2, "power loss: cannot %s: %s\n", what, strerror(errno));
  syscall(SYS_exit_group, 70);
}

static void write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = syscall(SYS_write, fd, bytes, length);
    if (written < 0) defect("write");
    bytes += written;
    length -= written;
  }
}

static const char *place(const char *kind, ino_t inode) {
  static char path[most + 64];
  snprintf(path, sizeof path, "%s/%s/%lu", disk, kind, (unsigned long)inode);
  return path;
}

// Sets the disk of the machine whose file this is; false when it is no machine's.
static bool find_disk(const char *path) {
  const char *root = getenv("POWER_LOSS");
  if (root == NULL) return false;
  size_t length = strlen(root);
  if (strncmp(path, root, length) != 0 || path[length] != '/' || path[length + 1] == '.') return false;
  const char *name = path + length + 1, *end = strchrnul(name, '/');
  if (end == name) return false;
  int written = snprintf(disk, sizeof disk, "%s/.disks/%.*s", root, (int)(end - name), name);
  if (written < 0 || (size_t)written >= sizeof disk) defect("name the disk");
  struct stat found;
  return stat(disk, &found) == 0;
}

static void cut_at(const char *variable, long reached) {
  const char *wanted = getenv(variable);
  if (wanted == NULL || reached != atol(wanted)) return;
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

static bool enter(const char *call, const char *path) {
  pthread_mutex_lock(&lock);
  if (!find_disk(path)) {
    pthread_mutex_unlock(&lock);
    return false;
  }
  char line[most + 64];
  snprintf(line, sizeof line, "%ld %s %s\n", ++count, call, path);
  char log[most + 8];
  snprintf(log, sizeof log, "%s/log", disk);
  int fd = raw_open(log, O_WRONLY | O_CREAT | O_APPEND);
  if (fd < 0) defect("open the log");
  write_all(fd, line, strlen(line));
  close(fd);
  if (strstr(call, "sync") != NULL) cut_at("POWER_LOSS_CUT_SYNC", ++syncs);
  cut_at("POWER_LOSS_CUT", count);
  return true;
}

// The path of an open file; empty when it has none.
static void path_of(int fd, char path[most]) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, most - 1);
  path[length < 0 ? 0 : length] = 0;
}

static void absolute(int folder, const char *path, char whole[most]) {
  char base[most] = "";
  if (path[0] != '/' && folder == AT_FDCWD && getcwd(base, sizeof base) == NULL) base[0] = 0;
  if (path[0] != '/' && folder != AT_FDCWD) path_of(folder, base);
  int length = snprintf(whole, most, "%s%s%s", base, path[0] == '/' ? "" : "/", path);
  if (length >= most) whole[0] = 0;
}

bool disk_enter_path(const char *call, int folder, const char *path) {
  char whole[most];
  absolute(folder, path, whole);
  return enter(call, whole);
}

bool disk_enter_file(const char *call, int fd) {
  struct stat found;
  if (fstat(fd, &found) != 0 || !(S_ISREG(found.st_mode) || S_ISDIR(found.st_mode))) return false;
  char path[most];
  path_of(fd, path);
  return enter(call, path);
}

void disk_leave(void) { pthread_mutex_unlock(&lock); }

void disk_note_file(int fd) {
  int before = errno;
  struct stat found;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  if (fstat(fd, &found) != 0) defect("stat");
  // A file that has no name any more cannot get one, and needs none.
  if (S_ISREG(found.st_mode) && found.st_nlink > 0
      && syscall(SYS_linkat, AT_FDCWD, link, AT_FDCWD, place("files", found.st_ino), AT_SYMLINK_FOLLOW) != 0
      && errno != EEXIST)
    defect("keep a file");
  errno = before;
}

void disk_note_new_folder(int folder, const char *path) {
  struct stat found;
  if (fstatat(folder, path, &found, 0) == 0) syscall(SYS_unlinkat, AT_FDCWD, place("folders", found.st_ino), 0);
}

static void copy_file(int fd, int out) {
  static char bytes[1 << 20];
  off_t at = 0;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  // The file may be open for writing alone.
  int in = raw_open(link, O_RDONLY);
  if (in < 0) defect("read a file");
  for (;;) {
    ssize_t length = pread(in, bytes, sizeof bytes, at);
    if (length < 0) defect("read a file");
    if (length == 0) break;
    write_all(out, bytes, length);
    at += length;
  }
  close(in);
}

static void list_folder(int fd, int out) {
  char path[most];
  path_of(fd, path);
  DIR *folder = opendir(path);
  if (folder == NULL) defect("list a folder");
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    struct stat found;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (fstatat(dirfd(folder), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) continue;
    char line[most];
    char kind = S_ISDIR(found.st_mode) ? 'd' : 'f';
    int length = snprintf(line, sizeof line, "%c %lu %s\n", kind, (unsigned long)found.st_ino, entry->d_name);
    write_all(out, line, length);
  }
  closedir(folder);
}

void disk_sync(int fd) {
  const char *lies = getenv("POWER_LOSS_LIES");
  if (lies != NULL && lies[0] != 0) return;
  disk_note_file(fd);
  struct stat found;
  if (fstat(fd, &found) != 0) defect("stat");
  char fresh[most + 64];
  snprintf(fresh, sizeof fresh, "%s/new-%d", disk, getpid());
  int out = raw_open(fresh, O_WRONLY | O_CREAT | O_TRUNC);
  if (out < 0) defect("write to the disk");
  if (S_ISDIR(found.st_mode)) {
    list_folder(fd, out);
  } else {
    copy_file(fd, out);
  }
  close(out);
  raw_rename(fresh, place(S_ISDIR(found.st_mode) ? "folders" : "contents", found.st_ino));
}
