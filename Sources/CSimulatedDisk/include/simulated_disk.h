// A disk for SQLite on which programs die, the power fails and space runs out at any write.
//
// Each disk is a VFS of its own, which hands everything on to SQLite's default one. What is written reaches the file at once, as
// other programs see it; what a loss of power leaves of it is known only here: everything up to the last sync of that file, and of
// what came after it any part. A removed file stays removed, and a file that was given another name is taken to be on the disk.
// One thread uses a disk.
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct simulated_disk simulated_disk;

enum {
  // Every call fails from there on, as if the program had died.
  simulated_disk_death = 1,
  // The same, and what was not synced is to be lost.
  simulated_disk_power_loss = 2,
  // No file grows any more.
  simulated_disk_full = 3,
};

// Registers a disk as the VFS of this name. NULL when there is no memory.
// clock: milliseconds since 1970, asked with owner.
simulated_disk *simulated_disk_create(const char *name, int64_t (*clock)(void *), void *owner);

// Lets go of a disk. While a connection has a file of it open it stays: what closes that file writes to it.
// Returns whether it is gone.
bool simulated_disk_free(simulated_disk *disk);

// Lets a fault begin at the call that writes, cuts off, syncs or removes, counted from 1;
// 0: now. The seed says how much of that write, and
// later of what was not synced, gets through; 0: nothing.
void simulated_disk_arm(simulated_disk *disk, int fault, int64_t call, uint64_t seed);

// Whether calls go uncounted.
void simulated_disk_pause(simulated_disk *disk, bool pauses);

// Whether the fault has begun.
bool simulated_disk_failed(const simulated_disk *disk);

// Brings the files to what the disk holds, if the power has failed, and lets the disk work again. After a death or a loss of
// power no connection may be open. Returns 0, or errno when a file cannot be written.
int simulated_disk_restart(simulated_disk *disk);
