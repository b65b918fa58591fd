/// The one instruction that Swift has no word for.
#pragma once

/// Begins to bring the cache line of `address` in, for writing, and waits for nothing. Any address will do.
static inline void mockforge_prefetch(const void *_Nullable address) { __builtin_prefetch(address, 1, 3); }

/// The same for so many lines from `address` on.
static inline void mockforge_prefetch_lines(const void *_Nullable address, int count) {
  for (int line = 0; line < count; line++) __builtin_prefetch((const char *)address + line * 64, 1, 3);
}
