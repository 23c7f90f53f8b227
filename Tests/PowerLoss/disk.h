// What of a machine's files would survive the loss of power.
//
// $POWER_LOSS/NAME is the folder that the machine NAME works in, on a file system whose writes all reach their file at
// once. $POWER_LOSS/.disks/NAME is its disk, where less arrives:
//
//   contents/INODE   the bytes of a file as of its last fsync or fdatasync; none: the file is empty
//   folders/INODE    the names in a folder as of its last fsync, a line each: "f INODE NAME" or "d INODE NAME"
//   files/INODE      a hard link to the file: keeps its newest bytes, and its number from being used again
//   log              every call that changes a file or a folder, numbered, a line each
//
// The model is POSIX's, which is stricter than any one file system: fsync of a file says nothing about its name, creation,
// rename and removal of a name last only with fsync of the folder, and what is written through a memory map, without fsync,
// or through the shared memory beside a database is lost. sync, msync and O_SYNC do not save anything here.
#pragma once
#include <stdbool.h>
#include <sys/types.h>

// Power fails, and the process ends without warning, before the call that $POWER_LOSS_CUT counts to, or before the fsync or
// fdatasync that $POWER_LOSS_CUT_SYNC counts to. Else these return with the disk locked; or false when the name, relative
// or absolute, or the file is not a machine's.
bool disk_enter_path(const char *call, int folder, const char *path);
bool disk_enter_file(const char *call, int fd);
void disk_leave(void);

// To be called between enter and leave, after the call itself has succeeded.
void disk_note_file(int fd);
void disk_note_new_folder(int folder, const char *path);
// Makes what the file or folder holds now last; does nothing on a disk that lies ($POWER_LOSS_LIES is not empty).
void disk_sync(int fd);
