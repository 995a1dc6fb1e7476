// A run is what its folder holds: run.json when it is finished, else partial.json from its first boot on.
#include "perf/result/runs_list.h"

#include "perf/result/run_partial.h"
#include "perf/result/run_store.h"
#include "perf/util/host_file.h"
#include "perf/util/json_file.h"
#include "perf/util/json_get.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static json_t *entry(const char *id, json_t *doc, json_t *kernels, size_t rows, const char *state)
{
    struct text_buf names = {0};
    json_t *k;
    size_t i;
    json_array_foreach (kernels, i, k)
        text_addf(&names, "%s%s", names.len ? " " : "", json_string_value(k));
    json_t *e = json_pack("{s:s,s:s,s:s,s:s,s:i,s:s}", "run", id, "created", text_of(doc, "created"), "tier", text_of(doc, "tier"),
                          "kernels", text_str(&names), "rows", (int)rows, "state", state);
    text_free(&names);
    json_decref(kernels);
    return e;
}

static json_t *keys_of(json_t *object)
{
    json_t *list = json_array(), *v;
    const char *name;
    json_object_foreach (object, name, v)
        json_array_append_new(list, json_string(name));
    return list;
}

static json_t *finished(const char *base, const char *id)
{
    json_t *run = run_store_load(base, id);
    json_t *kernels = keys_of(json_object_get(json_object_get(run, "identity"), "kernels"));
    json_t *e = entry(id, run, kernels, json_array_size(json_object_get(run, "rows")), run ? "finished" : "damaged");
    json_decref(run);
    return e;
}

// Somebody holds the folder's lock (run_session.c).
static bool is_running(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool locked = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0;
    if (fd >= 0)
        close(fd);
    return locked;
}

static void see_kernels(json_t *seen, json_t *boots)
{
    json_t *boot;
    size_t i;
    json_array_foreach (boots, i, boot)
        json_object_set_new(seen, text_of(boot, "kernel"), json_true());
}

static json_t *kernels_booted(json_t *partial)
{
    json_t *seen = json_object(), *round;
    size_t i;
    see_kernels(seen, json_object_get(partial, "boots"));
    json_array_foreach (json_object_get(partial, "begun"), i, round)
        see_kernels(seen, json_object_get(round, "boots"));
    json_t *list = keys_of(seen);
    json_decref(seen);
    return list;
}

// Rows of the first kernel, of its whole rounds, or of the first that is begun.
static size_t rows_measured(json_t *partial)
{
    size_t whole = json_object_size(json_array_get(json_object_get(partial, "samples"), 0));
    return whole ? whole : json_object_size(json_object_get(json_array_get(json_object_get(partial, "begun"), 0), "samples"));
}

static int begun_boots_of(json_t *partial)
{
    json_t *round;
    size_t i, boots = 0;
    json_array_foreach (json_object_get(partial, "begun"), i, round)
        boots += json_array_size(json_object_get(round, "boots"));
    return (int)boots;
}

// NULL without one that could be gone on with.
static json_t *load_partial(const char *path)
{
    json_t *partial = json_file_load(path, 0, NULL);
    char *fault = partial ? partial_fault(partial) : NULL;
    if (fault) {
        json_decref(partial);
        partial = NULL;
    }
    free(fault);
    return partial;
}

// NULL when the folder holds no run at all.
static json_t *unfinished_run(const char *dir, const char *id, int *resumable)
{
    char *path = x_printf("%s/" PARTIAL_FILE, dir);
    json_t *partial = load_partial(path);
    bool running = is_running(dir), there = file_exists(path);
    char *kept = run_partial_words((int)number_of(partial, "rounds"), (int)number_of(partial, "rounds_asked"), begun_boots_of(partial));
    char *rounds = x_printf("unfinished (%s)", kept);
    json_t *e = there || running ? entry(id, partial, kernels_booted(partial), rows_measured(partial), running ? "running" : partial ? rounds : "damaged") : NULL;
    *resumable += partial && !running;
    json_decref(partial);
    free(path);
    free(kept);
    free(rounds);
    return e;
}

static int visible(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

json_t *runs_list(const char *base, int *unfinished)
{
    json_t *out = json_array();
    struct dirent **found;
    int n = scandir(base, &found, visible, alphasort);
    *unfinished = 0;
    for (int i = 0; i < n; i++) {
        char *dir = x_printf("%s/%s", base, found[i]->d_name), *whole = x_printf("%s/run.json", dir);
        json_t *e = file_exists(whole) ? finished(base, found[i]->d_name) : unfinished_run(dir, found[i]->d_name, unfinished);
        if (e)
            json_array_append_new(out, e);
        free(dir);
        free(whole);
        free(found[i]);
    }
    if (n >= 0)
        free(found);
    return out;
}
