// libcurl, found when it is first needed: a server whose mail goes into files neither needs nor loads it.

#pragma once

#include <curl/curl.h>

/// Loads libcurl and prepares it; to be called before any other function. Returns what is wrong, or NULL.
const char *mockforge_load_curl(void);

CURL *mockforge_curl_init(void);
CURLcode mockforge_curl_perform(CURL *handle);
void mockforge_curl_cleanup(CURL *handle);
const char *mockforge_curl_error(CURLcode code);
struct curl_slist *mockforge_curl_list_append(struct curl_slist *list, const char *text);
void mockforge_curl_list_free(struct curl_slist *list);

// curl_easy_setopt and curl_easy_getinfo take any type through C's varargs, which Swift does not call: one function for each type.

CURLcode mockforge_curl_set_long(CURL *handle, CURLoption option, long value);
CURLcode mockforge_curl_set_text(CURL *handle, CURLoption option, const char *value);
CURLcode mockforge_curl_set_pointer(CURL *handle, CURLoption option, void *value);
CURLcode mockforge_curl_set_reader(CURL *handle, size_t (*reader)(char *, size_t, size_t, void *));
CURLcode mockforge_curl_response_code(CURL *handle, long *code);
