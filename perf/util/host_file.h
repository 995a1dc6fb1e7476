// Files and folders of the host: read whole, write once, make and remove trees.
// Calls that return bool or NULL on failure leave errno set; none prints.
#pragma once
#include "perf/util/text_buf.h"

#include <stdbool.h>
#include <stddef.h>

// The whole file, NUL-terminated, owned by the caller; *len may be NULL. NULL on failure, with EFBIG beyond 1 GiB and, of what is no
// regular file, with EINTR when a signal that ends the program came: what never ends (a pipe without a writer, /dev/zero) holds nobody.
char *file_read(const char *path, size_t *len);
// Create a file that must not exist yet (EEXIST otherwise): results are never overwritten. Whole or not at all.
bool file_write_new(const char *path, const void *data, size_t len);
// Create or replace by rename, so a reader never sees half a file; a link's target is replaced, not the link; into a device or a pipe it is written.
bool file_replace(const char *path, const void *data, size_t len);
bool file_exists(const char *path);
// After links: a folder, a pipe or a device is none.
bool file_is_regular(const char *path);
bool make_dirs(const char *path);
// Remove a folder and what it holds; links are removed, not followed.
void remove_tree(const char *path);
// The glob match that sorts last by version ("6.1.9" before "6.1.10"), or NULL.
char *newest_match(const char *pattern);
