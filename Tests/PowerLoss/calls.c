// The calls of the C library that change files and folders, each counted, and the two that make changes last.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "disk.h"

_Static_assert(sizeof(off_t) == 8, "sizes of 64 bits");

// Runs an expression that changes an open file.
#define CHANGING(name, fd, call)                 \
  do {                                           \
    bool ours = disk_enter_file(name, fd);       \
    __typeof__(call) result = (call);            \
    if (ours) disk_leave();                      \
    return result;                               \
  } while (0)

// Runs an expression that changes a name.
#define NAMING(name, folder, path, call)             \
  do {                                               \
    bool ours = disk_enter_path(name, folder, path); \
    int result = (call);                             \
    if (ours) disk_leave();                          \
    return result;                                   \
  } while (0)

// MARK: Opening

static int opening(int folder, const char *path, int flags, mode_t mode) {
  bool changes = (flags & (O_CREAT | O_TRUNC)) != 0;
  bool ours = changes && disk_enter_path("open", folder, path);
  int fd = syscall(SYS_openat, folder, path, flags, mode);
  if (ours) {
    if (fd >= 0) disk_note_file(fd);
    disk_leave();
  }
  return fd;
}

#define OPEN(name, ...)                                       \
  int name(__VA_ARGS__, int flags, ...) {                     \
    va_list rest;                                             \
    va_start(rest, flags);                                    \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                             \
    return opening(FOLDER, path, flags, mode);                \
  }

#define FOLDER AT_FDCWD
OPEN(open, const char *path)
OPEN(open64, const char *path)
#undef FOLDER
#define FOLDER folder
OPEN(openat, int folder, const char *path)
OPEN(openat64, int folder, const char *path)
int __open_2(const char *path, int flags) { return opening(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return opening(AT_FDCWD, path, flags, 0); }
int creat(const char *path, mode_t mode) { return opening(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return opening(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

// MARK: Writing

ssize_t write(int fd, const void *bytes, size_t size) {
  CHANGING("write", fd, (ssize_t)syscall(SYS_write, fd, bytes, size));
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
  CHANGING("pwrite", fd, (ssize_t)syscall(SYS_pwrite64, fd, bytes, size, at));
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
  CHANGING("pwrite", fd, (ssize_t)syscall(SYS_pwrite64, fd, bytes, size, at));
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  CHANGING("writev", fd, (ssize_t)syscall(SYS_writev, fd, parts, count));
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
  CHANGING("pwritev", fd, (ssize_t)syscall(SYS_pwritev, fd, parts, count, at, 0));
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
  CHANGING("pwritev", fd, (ssize_t)syscall(SYS_pwritev, fd, parts, count, at, 0));
}
int ftruncate(int fd, off_t size) { CHANGING("ftruncate", fd, (int)syscall(SYS_ftruncate, fd, size)); }
int ftruncate64(int fd, off64_t size) { CHANGING("ftruncate", fd, (int)syscall(SYS_ftruncate, fd, size)); }
int truncate(const char *path, off_t size) {
  NAMING("truncate", AT_FDCWD, path, (int)syscall(SYS_truncate, path, size));
}
int fallocate(int fd, int mode, off_t at, off_t size) {
  CHANGING("fallocate", fd, (int)syscall(SYS_fallocate, fd, mode, at, size));
}
int posix_fallocate(int fd, off_t at, off_t size) {
  CHANGING("fallocate", fd, syscall(SYS_fallocate, fd, 0, at, size) == 0 ? 0 : errno);
}

// MARK: Names

int rename(const char *from, const char *to) {
  NAMING("rename", AT_FDCWD, to, (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
int renameat(int a, const char *from, int b, const char *to) {
  NAMING("rename", b, to, (int)syscall(SYS_renameat2, a, from, b, to, 0));
}
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
  NAMING("rename", b, to, (int)syscall(SYS_renameat2, a, from, b, to, flags));
}
int link(const char *from, const char *to) {
  NAMING("link", AT_FDCWD, to, (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0));
}
int linkat(int a, const char *from, int b, const char *to, int flags) {
  NAMING("link", b, to, (int)syscall(SYS_linkat, a, from, b, to, flags));
}
int unlink(const char *path) { NAMING("unlink", AT_FDCWD, path, (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0)); }
int unlinkat(int folder, const char *path, int flags) {
  NAMING("unlink", folder, path, (int)syscall(SYS_unlinkat, folder, path, flags));
}
int rmdir(const char *path) { NAMING("rmdir", AT_FDCWD, path, (int)syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR)); }
int remove(const char *path) { return unlink(path) == 0 ? 0 : errno == EISDIR ? rmdir(path) : -1; }

int mkdirat(int folder, const char *path, mode_t mode) {
  bool ours = disk_enter_path("mkdir", folder, path);
  int result = syscall(SYS_mkdirat, folder, path, mode);
  if (ours) {
    if (result == 0) disk_note_new_folder(folder, path);
    disk_leave();
  }
  return result;
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

// MARK: Making it last

static int syncing(const char *call, int fd) {
  if (!disk_enter_file(call, fd)) return syscall(SYS_fsync, fd);
  disk_sync(fd);
  disk_leave();
  return 0;
}

int fsync(int fd) { return syncing("fsync", fd); }
int fdatasync(int fd) { return syncing("fdatasync", fd); }
