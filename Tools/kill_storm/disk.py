"""A small disk of memory that can be filled up."""

import errno
import os
import pathlib
import subprocess

SIZE = 512 << 20  # bytes: the files of a whole storm


class NotRoot(Exception):
    pass


class Disk:
    def __init__(self, folder):
        self.folder, self.is_mounted = pathlib.Path(folder), False

    def mount(self):
        if os.geteuid() != 0:
            raise NotRoot("Tools/kill --full-disk mounts a disk of memory: only root may; run it with sudo, or without --full-disk")
        self.folder.mkdir(parents=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", self.folder], capture_output=True, text=True)
        if done.returncode != 0:
            raise NotRoot(f"Tools/kill --full-disk cannot mount a disk of memory here: {done.stderr.strip()}")
        self.is_mounted = True

    def unmount(self):
        if self.is_mounted:
            subprocess.run(["umount", "-l", self.folder], check=True)

    @property
    def free(self):
        state = os.statvfs(self.folder)
        return state.f_bavail * state.f_frsize

    def fill(self, left):
        """Takes all room but so many bytes, or some more when programs write at the same time."""
        with open(self.folder / "filler", "wb") as file:
            while (taken := self.free - left) > 0:
                try:
                    return os.posix_fallocate(file.fileno(), 0, taken)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                left += 64 << 10

    def clear(self):
        (self.folder / "filler").unlink(missing_ok=True)
