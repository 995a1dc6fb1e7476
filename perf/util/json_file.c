// See json_file.h.
#include "perf/util/json_file.h"

#include "perf/util/host_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *json_file_load(const char *path, size_t flags, json_error_t *err)
{
    json_error_t unused;
    size_t len = 0;
    char *text = file_read(path, &len);
    json_t *j = text ? json_loadb(text, len, flags, err ? err : &unused) : NULL;
    if (!text && err) {
        memset(err, 0, sizeof(*err));
        snprintf(err->text, sizeof(err->text), "%s", strerror(errno));
    }
    free(text);
    return j;
}
