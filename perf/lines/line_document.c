// The id is the second in which it was written, with a number behind it when there is one already.
#include "perf/lines/line_document.h"

#include "perf/config/config.h"
#include "perf/result/run_store.h"
#include "perf/util/git_commit.h"
#include "perf/util/host_file.h"
#include "perf/util/json_get.h"
#include "perf/util/say.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void add_kernels(json_t *labels, json_t *list)
{
    json_t *one, *label;
    size_t i, k;
    json_array_foreach (list, i, one) {
        bool known = false;
        json_array_foreach (labels, k, label)
            known |= json_equal(label, json_object_get(one, "kernel"));
        if (!known)
            json_array_append(labels, json_object_get(one, "kernel"));
    }
}

json_t *line_document(json_t *rows, json_t *matrices, json_t *top, const char *qemu)
{
    char stamp[32], when[32], *commit = git_commit(), *host = x_printf("QEMU %s", qemu ? qemu : "of an unknown version");
    time_t now = time(NULL);
    struct tm tm;
    json_t *kernels = json_array();
    gmtime_r(&now, &tm);
    strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S-lines", &tm);
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    add_kernels(kernels, rows);
    add_kernels(kernels, matrices);
    json_t *j = json_pack("{s:s,s:s,s:s,s:s?,s:o,s:s,s:o,s:O,s:O,s:O}", "schema", LINES_SCHEMA, "id", stamp, "created", when,
                          "commit", commit, "settings", config_settings(), "host", host, "kernels", kernels, "rows", rows, "matrices", matrices, "top",
                          top);
    free(commit);
    free(host);
    return j;
}

bool line_document_keep(json_t *document, const char *base)
{
    char *dir = x_printf("%s/lines", base), *first = x_strdup(text_of(document, "id"));
    bool ok = make_dirs(dir);
    for (int n = 1; ok; n++) {
        char *id = n == 1 ? x_strdup(first) : x_printf("%s-%d", first, n), *file = x_printf("%s.json", id);
        json_object_set_new(document, "id", json_string(id));
        ok = run_store_save(dir, file, document);
        free(id);
        free(file);
        if (ok || errno != EEXIST)
            break;
        ok = true;
    }
    if (!ok)
        say_error("cannot write into %s: %s", dir, strerror(errno));
    else
        say("kept: %s/%s.json", dir, text_of(document, "id"));
    free(dir);
    free(first);
    return ok;
}
