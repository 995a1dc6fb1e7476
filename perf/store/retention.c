// See retention.h.
#include "perf/store/retention.h"

#include "perf/result/run_partial.h"
#include "perf/util/host_file.h"
#include "perf/util/json_get.h"

#include <dirent.h>
#include <fcntl.h>
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

// What a run leaves that was killed before its first boot had ended (perf/result/begun_round.h): nothing goes on with it.
static bool is_only_begun(const char *dir)
{
    DIR *d = opendir(dir);
    size_t begun = 0, others = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        bool ours = !strncmp(e->d_name, "round-", 6), state = !strncmp(e->d_name, PARTIAL_FILE ".", sizeof(PARTIAL_FILE));
        begun += ours;
        others += !ours && !state && strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    }
    if (d)
        closedir(d);
    return begun && !others;
}

// A folder without run.json, in which nothing was written for so long.
static bool is_old_part(const char *dir, time_t now, int days)
{
    struct stat st;
    char *partial = x_printf("%s/" PARTIAL_FILE, dir), *whole = x_printf("%s/run.json", dir); // finished, and killed before it took the other file away
    bool part = !stat(partial, &st) || (is_only_begun(dir) && !stat(dir, &st));
    bool old = part && !file_exists(whole) && difftime(now, st.st_mtime) > (double)days * DAY;
    free(partial);
    free(whole);
    return old;
}

void retention_unfinished(const struct retention *r, const char *base, time_t now, struct str_list *gone)
{
    struct dirent **found;
    int n = scandir(base, &found, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        const char *id = found[i]->d_name;
        char *dir = x_printf("%s/%s", base, id);
        if (*id != '.' && is_old_part(dir, now, r->days) && is_idle(dir) && !is_marked(base, id))
            list_add(gone, id);
        free(dir);
        free(found[i]);
    }
    if (n >= 0)
        free(found);
}
