// See retention.h.
#include "perf/store/retention.h"

#include "perf/result/run_partial.h"
#include "perf/util/host_file.h"
#include "perf/util/json_get.h"

#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY 86400

static bool same_board(json_t *a, json_t *b)
{
    static const char *const keys[] = {"tier", "topology", "host"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        if (strcmp(text_of(a, keys[i]), text_of(b, keys[i])))
            return false;
    return true;
}

// How many of its board are newer, up to `most`.
static int newer(json_t *runs, size_t at, int most)
{
    int n = 0;
    for (size_t i = at + 1; i < json_array_size(runs) && n < most; i++)
        n += same_board(json_array_get(runs, at), json_array_get(runs, i));
    return n;
}

static bool is_old(const char *created, time_t now, int days)
{
    struct tm tm = {0};
    const char *end = strptime(created, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return end && !*end && difftime(now, timegm(&tm)) > (double)days * DAY;
}

static bool is_marked(const char *base, const char *id)
{
    char *path = x_printf("%s/%s/keep", base, id);
    bool marked = file_exists(path);
    free(path);
    return marked;
}

void retention_choose(const struct retention *r, json_t *runs, const char *base, time_t now, struct str_list *gone)
{
    json_t *run;
    size_t i;
    json_array_foreach (runs, i, run)
        if (is_old(text_of(run, "created"), now, r->days) && newer(runs, i, r->last) >= r->last && !is_marked(base, text_of(run, "run")))
            list_add(gone, text_of(run, "run"));
}

// Nobody holds the folder's lock (perf/result/run_session.c).
static bool is_idle(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool idle = fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB);
    if (fd >= 0)
        close(fd);
    return idle;
}

void retention_unfinished(const struct retention *r, const char *base, time_t now, struct str_list *gone)
{
    char *pattern = x_printf("%s/*/" PARTIAL_FILE, base);
    struct stat st;
    glob_t g;
    if (!glob(pattern, 0, NULL, &g)) {
        for (size_t i = 0; i < g.gl_pathc; i++) {
            bool old = !stat(g.gl_pathv[i], &st) && difftime(now, st.st_mtime) > (double)r->days * DAY;
            *strrchr(g.gl_pathv[i], '/') = '\0';
            const char *id = strrchr(g.gl_pathv[i], '/') + 1;
            char *whole = x_printf("%s/run.json", g.gl_pathv[i]); // finished, and killed before it took the other file away
            if (old && !file_exists(whole) && is_idle(g.gl_pathv[i]) && !is_marked(base, id))
                list_add(gone, id);
            free(whole);
        }
        globfree(&g);
    }
    free(pattern);
}
