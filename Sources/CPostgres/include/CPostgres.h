// libpq, found when it is first needed: a server on SQLite neither needs nor loads it, and all that it brings along.

#pragma once

#if __has_include(<libpq-fe.h>)
#include <libpq-fe.h>
#else
#include <postgresql/libpq-fe.h>
#endif

/// Loads libpq; to be called before any of its functions. Returns what is wrong, or NULL.
const char *mockforge_load_libpq(void);
