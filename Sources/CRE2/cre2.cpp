#include "cre2.h"

#include <re2/re2.h>

#include <cstring>
#include <new>

struct cre2_pattern {
    re2::RE2 expression;
    cre2_pattern(const re2::StringPiece &text, const re2::RE2::Options &options) : expression(text, options) {}
};

cre2_pattern *cre2_compile(
    const char *pattern, size_t length, int case_insensitive, long long max_memory, char *message, size_t capacity)
{
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_case_sensitive(!case_insensitive);
    options.set_max_mem(max_memory);
    auto *compiled = new (std::nothrow) cre2_pattern(re2::StringPiece(pattern, length), options);
    if (compiled != nullptr && compiled->expression.ok()) return compiled;
    if (capacity > 0) {
        const char *reason = compiled == nullptr ? "out of memory" : compiled->expression.error().c_str();
        std::strncpy(message, reason, capacity - 1);
        message[capacity - 1] = '\0';
    }
    delete compiled;
    return nullptr;
}

void cre2_free(cre2_pattern *pattern) { delete pattern; }

int cre2_search(const cre2_pattern *pattern, const char *text, size_t length)
{
    return re2::RE2::PartialMatch(re2::StringPiece(text, length), pattern->expression);
}

int cre2_full_match(const cre2_pattern *pattern, const char *text, size_t length)
{
    return re2::RE2::FullMatch(re2::StringPiece(text, length), pattern->expression);
}
