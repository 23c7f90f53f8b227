#include <malloc.h>

/* All threads share so many heaps; glibc would give each its own. What is large goes back to the system as soon as it is freed,
 * and so does the end of a heap. See mallopt(3). */
static inline void cheap_share(int heaps) {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, heaps);
  mallopt(M_MMAP_THRESHOLD, 256 << 10);
  mallopt(M_TRIM_THRESHOLD, 128 << 10);
#else
  (void)heaps;
#endif
}

/* All threads share the heap of the first one, which alone grows by more than a page at a time. For a program of one busy thread. */
static inline void cheap_one(void) {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, 1);
#endif
}
