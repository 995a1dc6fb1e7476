// JSON of a file, read by file_read: without end it is refused, and a signal is not waited for.
#pragma once
#include <jansson.h>

// As json_load_file; for a file that cannot be read err has line 0 and the reason.
json_t *json_file_load(const char *path, size_t flags, json_error_t *err);
