#ifndef CRE2_H
#define CRE2_H
#include <stddef.h>

// A C face of RE2, the linear-time regular expression engine: only what MockEngine needs.
#ifdef __cplusplus
extern "C" {
#endif

typedef struct cre2_pattern cre2_pattern;

// Compiles `pattern` (UTF-8, not null terminated). On failure returns NULL and copies a message of at most
// `capacity` bytes, null terminated, into `message`. `max_memory` bounds the bytes the compiled program may use.
cre2_pattern *cre2_compile(
    const char *pattern, size_t length, int case_insensitive, long long max_memory, char *message, size_t capacity);
void cre2_free(cre2_pattern *pattern);

// 1 when the pattern is found anywhere in `text`, else 0.
int cre2_search(const cre2_pattern *pattern, const char *text, size_t length);

// 1 when the pattern covers the whole of `text`, else 0.
int cre2_full_match(const cre2_pattern *pattern, const char *text, size_t length);

#ifdef __cplusplus
}
#endif
#endif
