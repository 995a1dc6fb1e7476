// See import_run.h. Everything is made in a folder ".import-PID" beside the runs and renamed when it is whole.
#include "perf/import/import_run.h"

#include "perf/import/imported.h"
#include "perf/result/run_store.h"
#include "perf/stats/quantile.h"
#include "perf/util/host_file.h"
#include "perf/util/json_get.h"
#include "perf/util/sha256.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void digest(const char *text, size_t len, char hex[SHA256_HEX])
{
    struct sha256 s;
    sha256_start(&s);
    sha256_add(&s, text, len);
    sha256_end(&s, hex);
}

static char *fault_of_system(const char *doing, const char *path)
{
    return x_printf("cannot %s %s: %s", doing, path, strerror(errno));
}

static bool no_place(struct import_taken *taken, char **why, const char *doing, const char *path)
{
    taken->no_place = true;
    *why = fault_of_system(doing, path);
    return false;
}

// ---- runs of cloudbench ----
static bool copy_file(const char *from, const char *to, struct import_taken *taken, char **why)
{
    size_t len;
    char *text = file_read(from, &len);
    bool ok = text && (file_write_new(to, text, len) || no_place(taken, why, "write", to));
    if (!text)
        *why = fault_of_system("read", from);
    free(text);
    return ok;
}

// The regular files of the folder; links and folders are not followed.
static bool copy_files(const char *from, const char *to, struct import_taken *taken, char **why)
{
    DIR *d = opendir(from);
    struct dirent *e;
    bool ok = d != NULL;
    while (ok && (e = readdir(d))) {
        char *a = x_printf("%s/%s", from, e->d_name), *b = x_printf("%s/%s", to, e->d_name);
        struct stat st;
        if (!lstat(a, &st) && S_ISREG(st.st_mode))
            ok = copy_file(a, b, taken, why);
        free(a);
        free(b);
    }
    if (!d)
        *why = fault_of_system("open", from);
    else
        closedir(d);
    return ok;
}

// Where the run goes: its id, or its id with its digest when another run has that id. NULL: it is there already.
static char *free_name(const char *base, const char *id, const char *text, size_t len)
{
    char hex[SHA256_HEX];
    char *name[2] = {x_strdup(id), NULL}, *out = NULL;
    bool there = false;
    digest(text, len, hex);
    name[1] = x_printf("%s-%.8s", id, hex);
    for (int i = 0; i < 2 && !out && !there; i++) {
        size_t n = 0;
        char *path = x_printf("%s/%s", base, name[i]), *file = x_printf("%s/run.json", path), *old = file_read(file, &n);
        there = old && n == len && !memcmp(old, text, len);
        if (access(path, F_OK))
            out = x_strdup(name[i]);
        free(old);
        free(file);
        free(path);
    }
    free(name[0]);
    free(name[1]);
    return out;
}

static bool place(const char *base, const char *folder, const char *name, struct import_taken *taken, char **why)
{
    char *there = x_printf("%s/%s", base, name);
    bool ok = rename(folder, there) == 0 || no_place(taken, why, "make", there);
    free(there);
    return ok;
}

// The run in the folder `made`: all files of its own folder, or the document alone.
static bool fill(const char *made, const char *from, json_t *run, struct import_taken *taken, char **why)
{
    if (!make_dirs(made))
        return no_place(taken, why, "make", made);
    if (from)
        return copy_files(from, made, taken, why);
    return run_store_save(made, "run.json", run) || no_place(taken, why, "write", made);
}

static bool merge(const struct import_request *q, const char *file, json_t *run, const char *text, size_t len,
                  struct import_taken *taken, char **why)
{
    char *from = x_strdup(file), *slash = strrchr(from, '/'), *made = x_printf("%s/.import-%d", q->base, (int)getpid());
    *why = import_run_fault(file, run, text);
    char *name = *why ? NULL : free_name(q->base, text_of(run, "id"), text, len);
    bool whole = slash && !strcmp(slash, "/run.json"), ok = !*why;
    if (ok && !name)
        *why = x_printf("%s: run %s is there already", file, text_of(run, "id"));
    if (slash)
        *slash = '\0';
    if (name) {
        ok = fill(made, whole ? from : NULL, run, taken, why) && place(q->base, made, name, taken, why);
        if (ok)
            list_add(&taken->ids, name);
        remove_tree(made);
    }
    free(made);
    free(from);
    free(name);
    return ok;
}

// ---- other tools ----
static json_t *kernel_entry(const char *label)
{
    const char *family = strncasecmp(label, "cloudos", 7) ? "linux" : "cloudos";
    return json_pack("{s:s,s:s,s:s,s:s}", "label", label, "family", family, "version", "", "cmdline", "");
}

static double median_of(json_t *samples)
{
    size_t n = json_array_size(samples);
    double *v = x_alloc((n + 1) * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = number_of(json_array_get(samples, i), "value");
    double m = stats_median(v, n);
    free(v);
    return m;
}

static void finish_rows(json_t *rows, const char *kernel)
{
    json_t *row;
    size_t i;
    json_array_foreach (rows, i, row) {
        json_object_set_new(row, "kernel", json_string(kernel));
        if (!strcmp(text_of(row, "status"), "ok"))
            json_object_set_new(row, "value", json_real(median_of(json_object_get(row, "samples"))));
    }
}

// The last part of a path; one that is no text is shown without what is none.
static json_t *file_name(const char *file)
{
    const char *slash = strrchr(file, '/');
    char *name = x_strdup(slash ? slash + 1 : file);
    json_t *j = json_string(name);
    for (char *p = name; !j && *p; p++)
        *p = *p < ' ' || *p > '~' ? '?' : *p;
    j = j ? j : json_string(name);
    free(name);
    return j;
}

static json_t *maybe(const char *a, const char *b)
{
    return a ? json_string(a) : b ? json_string(b) : json_null();
}

static json_t *document(const struct import_request *q, struct imported *im, const char *tool, const char *file,
                        const char *hex, const char *id)
{
    const char *kernel = q->kernel ? q->kernel : im->kernel ? im->kernel : "imported";
    char when[32], *why = x_printf("measured by %s, not by cloudbench", tool);
    time_t now = time(NULL);
    struct tm tm;
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    finish_rows(im->rows, kernel);
    json_t *run = json_pack("{s:s,s:s,s:s,s:s,s:s,s:[],s:{s:s,s:i,s:i,s:[]},s:[],s:i,s:i,s:i,s:b}", "schema", RUN_SCHEMA, "id", id,
                            "created", when, "tier", "import", "tier_why", why, "suites", "topology", "name", "host", "cpus", 0,
                            "memory_mb", 0, "nodes", "settings", "boots_per_kernel", 0, "scale", 1, "seed", 0,
                            "same_clocksource", 1);
    json_object_set_new(run, "identity", json_pack("{s:{s:o},s:{s:o}}", "kernels", kernel, kernel_entry(kernel), "host",
                                                   "name", maybe(q->host, im->host)));
    json_object_set_new(run, "imported",
                        json_pack("{s:s,s:o,s:o,s:s,s:s,s:i}", "tool", tool, "version", maybe(q->version, im->version),
                                  "file", file_name(file), "sha256", hex, "text", "imported.txt", "left_out",
                                  im->left_out));
    json_object_set_new(run, "boots", json_array());
    json_object_set(run, "rows", im->rows);
    free(why);
    return run;
}

static bool store(const struct import_request *q, struct imported *im, const char *tool, const char *file, const char *text,
                  size_t len, struct import_taken *taken, char **why)
{
    char hex[SHA256_HEX], *id = NULL, *dir = run_store_create(q->base, "import", &id), *copy;
    if (!dir)
        return no_place(taken, why, "make a run below", q->base);
    digest(text, len, hex);
    json_t *run = document(q, im, tool, file, hex, id);
    copy = x_printf("%s/imported.txt", dir);
    bool ok = file_write_new(copy, text, len) && run_store_save(dir, "run.json", run);
    if (ok) {
        list_add(&taken->ids, id);
    } else {
        no_place(taken, why, "write", dir);
        remove_tree(dir);
    }
    json_decref(run);
    free(copy);
    free(dir);
    free(id);
    return ok;
}

static bool import_tool_file(const struct import_request *q, const char *file, const char *text, size_t len, struct import_taken *taken,
                             char **why)
{
    struct imported im = {.file = file};
    const struct import_tool *tool = import_read(&im, text, len, q->tool);
    bool ok = tool && store(q, &im, tool->name, file, text, len, taken, why);
    if (!tool) {
        *why = im.why;
        im.why = NULL;
    }
    imported_free(&im);
    return ok;
}

// ---- what a file is ----
// A folder of runs: what is sound in it is taken, the faults of the others are joined.
static bool import_folder(const struct import_request *q, const char *folder, struct import_taken *taken, char **why)
{
    struct str_list runs = {0};
    struct text_buf faults = {0};
    run_store_list(folder, &runs);
    bool ok = runs.count > 0;
    for (size_t i = 0; i < runs.count; i++) {
        char *path = x_printf("%s/%s/run.json", folder, runs.items[i]), *fault = NULL;
        ok &= import_file(q, path, taken, &fault);
        if (fault)
            text_addf(&faults, "%s%s", faults.len ? "\n" : "", fault);
        free(fault);
        free(path);
    }
    *why = runs.count ? faults.data : x_printf("%s: no run.json is in it or one folder below", folder);
    list_free(&runs);
    return ok;
}

static bool is_run_text(const char *text)
{
    return import_after(text, "{") && strstr(text, "\"schema\"") && strstr(text, "\"cloudbench-");
}

bool import_file(const struct import_request *q, const char *file, struct import_taken *taken, char **why)
{
    struct stat st;
    char *own = x_printf("%s/run.json", file), *text = NULL;
    json_error_t err;
    size_t len;
    bool ok = false;
    *why = NULL;
    if (!stat(file, &st) && S_ISDIR(st.st_mode)) {
        ok = file_exists(own) ? import_file(q, own, taken, why) : import_folder(q, file, taken, why);
    } else if (!(text = file_read(file, &len))) {
        *why = fault_of_system("read", file);
    } else if (q->tool || !is_run_text(text)) {
        ok = import_tool_file(q, file, text, len, taken, why);
    } else {
        json_t *run = json_loadb(text, len, 0, &err);
        if (run)
            ok = merge(q, file, run, text, len, taken, why);
        else
            *why = x_printf("%s:%d: %s", file, err.line, err.text);
        json_decref(run);
    }
    free(text);
    free(own);
    return ok;
}
