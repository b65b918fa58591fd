/// The one instruction that Swift has no word for.
#pragma once

/// Begins to bring the cache line of `address` in, for writing, and waits for nothing. Any address will do.
static inline void mockforge_prefetch(const void *_Nullable address) { __builtin_prefetch(address, 1, 3); }
