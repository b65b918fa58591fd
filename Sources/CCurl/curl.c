// The functions are called through pointers, past the macros that check the types of their arguments.
#define CURL_DISABLE_TYPECHECK
#include "CCurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#undef curl_easy_setopt
#undef curl_easy_getinfo

#ifdef __APPLE__
#define LIBRARY "libcurl.4.dylib"
#else
#define LIBRARY "libcurl.so.4"
#endif

#define FUNCTIONS(F)                                                                                                   \
    F(curl_global_init) F(curl_easy_init) F(curl_easy_perform) F(curl_easy_cleanup) F(curl_easy_strerror)              \
    F(curl_easy_setopt) F(curl_easy_getinfo) F(curl_slist_append) F(curl_slist_free_all)

static struct {
#define FIELD(name) __typeof__(&name) name;
    FUNCTIONS(FIELD)
} curl;

static char problem[512];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        snprintf(problem, sizeof problem, "%s", dlerror());
        return;
    }
#define FIND(name)                                                                                                     \
    curl.name = (__typeof__(&name))dlsym(library, #name);                                                              \
    if (!curl.name) snprintf(problem, sizeof problem, LIBRARY " has no function " #name);
    FUNCTIONS(FIND)
    if (!problem[0] && curl.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        snprintf(problem, sizeof problem, LIBRARY " cannot be prepared");
    }
}

const char *mockforge_load_curl(void) {
    pthread_once(&once, load);
    return problem[0] ? problem : NULL;
}

CURL *mockforge_curl_init(void) { return curl.curl_easy_init(); }
CURLcode mockforge_curl_perform(CURL *handle) { return curl.curl_easy_perform(handle); }
void mockforge_curl_cleanup(CURL *handle) { curl.curl_easy_cleanup(handle); }
const char *mockforge_curl_error(CURLcode code) { return curl.curl_easy_strerror(code); }
struct curl_slist *mockforge_curl_list_append(struct curl_slist *list, const char *text) {
    return curl.curl_slist_append(list, text);
}
void mockforge_curl_list_free(struct curl_slist *list) { curl.curl_slist_free_all(list); }

CURLcode mockforge_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl.curl_easy_setopt(handle, option, value);
}
CURLcode mockforge_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl.curl_easy_setopt(handle, option, value);
}
CURLcode mockforge_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl.curl_easy_setopt(handle, option, value);
}
CURLcode mockforge_curl_set_reader(CURL *handle, size_t (*reader)(char *, size_t, size_t, void *)) {
    return curl.curl_easy_setopt(handle, CURLOPT_READFUNCTION, reader);
}
CURLcode mockforge_curl_response_code(CURL *handle, long *code) {
    return curl.curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, code);
}
