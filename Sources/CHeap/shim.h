#include <malloc.h>

/* All threads share so many heaps; glibc would give each its own. See mallopt(3). */
static inline void cheap_share(int heaps) {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, heaps);
#else
  (void)heaps;
#endif
}
