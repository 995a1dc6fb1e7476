// Folders of results. Names sort by time.
#include "perf/result/run_store.h"

#include "perf/import/import_run.h"
#include "perf/util/host_file.h"
#include "perf/util/json_file.h"
#include "perf/util/json_get.h"
#include "perf/util/project.h"
#include "perf/util/say.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

char *run_store_default_base(void)
{
    return project_path("out/runs");
}

char *run_store_create(const char *base, const char *tier, char **id)
{
    char stamp[32];
    time_t now = time(NULL);
    struct tm tm;
    strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", gmtime_r(&now, &tm));
    if (!make_dirs(base))
        return NULL;
    for (int n = 1; n < 1000; n++) {
        *id = n == 1 ? x_printf("%s-%s", stamp, tier) : x_printf("%s-%s-%d", stamp, tier, n);
        char *dir = x_printf("%s/%s", base, *id);
        if (mkdir(dir, 0755) == 0)
            return dir;
        int saved = errno;
        free(dir);
        free(*id);
        *id = NULL;
        errno = saved;
        if (saved != EEXIST)
            return NULL;
    }
    return NULL;
}

bool run_store_save(const char *dir, const char *file, json_t *run)
{
    char *path = x_printf("%s/%s", dir, file);
    char *text = json_dumps(run, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    char *line = x_printf("%s\n", text);
    bool ok = file_write_new(path, line, strlen(line));
    int saved = errno;
    free(path);
    free(text);
    free(line);
    errno = saved;
    return ok;
}

static int is_run(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

void run_store_list(const char *base, struct str_list *ids)
{
    struct dirent **entry;
    int n = scandir(base, &entry, is_run, alphasort);
    for (int i = 0; i < n; i++) {
        char *path = x_printf("%s/%s/run.json", base, entry[i]->d_name);
        if (file_is_regular(path))
            list_add(ids, entry[i]->d_name);
        free(path);
        free(entry[i]);
    }
    if (n >= 0)
        free(entry);
}

// "20261130-065936": when a run was made, by its own id, or of a folder with another name by what is in it; "" when neither says. The caller's.
static char *made_at(const char *base, const char *name)
{
    char when[16] = "";
    size_t n = 0;
    if (strspn(name, "0123456789") == 8 && name[8] == '-' && strspn(name + 9, "0123456789") >= 6)
        return x_printf("%.15s", name);
    char *path = x_printf("%s/%s/run.json", base, name);
    json_t *run = json_file_load(path, 0, NULL);
    const char *created = text_of(run, "created"); // 2026-11-30T06:59:36Z
    for (; *created && n < 15; created++)
        if (isdigit((unsigned char)*created) || *created == 'T')
            when[n++] = *created == 'T' ? '-' : *created;
    json_decref(run);
    free(path);
    return x_strdup(when);
}

char *run_store_latest(const char *base)
{
    struct str_list ids = {0};
    char *path = NULL, *newest = NULL;
    run_store_list(base, &ids);
    for (size_t i = 0; i < ids.count; i++) {
        char *when = made_at(base, ids.items[i]);
        if (newest && strcmp(when, newest) < 0) {
            free(when);
            continue;
        }
        free(newest);
        free(path);
        newest = when;
        path = x_printf("%s/%s/run.json", base, ids.items[i]);
    }
    free(newest);
    list_free(&ids);
    return path;
}

// "latest", a file, a run's folder, a folder of runs (its latest), an id below base.
static char *find(const char *base, const char *name)
{
    struct stat st;
    if (!strcmp(name, "latest"))
        return run_store_latest(base);
    if (stat(name, &st))
        return x_printf("%s/%s/run.json", base, name);
    if (!S_ISDIR(st.st_mode))
        return x_strdup(name);
    char *path = x_printf("%s/run.json", name);
    if (file_exists(path))
        return path;
    free(path);
    return run_store_latest(name);
}

// Below base a run goes by its folder's name: an import that met another run of its id put it beside that one (perf/import/import_run.c).
static void take_folders_name(json_t *run, const char *base, const char *path)
{
    size_t n = strlen(base);
    if (strncmp(path, base, n) || path[n] != '/')
        return;
    const char *name = path + n + 1, *slash = strchr(name, '/');
    if (slash && !strcmp(slash, "/run.json"))
        json_object_set_new(run, "id", json_stringn(name, slash - name));
}

json_t *run_store_load(const char *base, const char *name)
{
    json_error_t err;
    char *path = find(base, name), *fault = NULL;
    json_t *run = path ? json_file_load(path, 0, &err) : NULL;
    const char *schema = json_string_value(json_object_get(run, "schema"));
    if (!path || (!run && !file_exists(path))) {
        say_error("no run is called \"%s\"", name);
        say_hint("`cloudbench list runs` shows those below %s", base);
    } else if (!run) {
        say_error("%s: line %d: %s", path, err.line, err.text);
    } else if (!schema || strcmp(schema, RUN_SCHEMA)) {
        say_error("%s is no run of schema " RUN_SCHEMA, path);
        json_decref(run);
        run = NULL;
    } else if ((fault = import_run_fault(path, run, NULL))) {
        say_error("%s", fault);
        json_decref(run);
        run = NULL;
    } else {
        take_folders_name(run, base, path);
    }
    free(fault);
    free(path);
    return run;
}
