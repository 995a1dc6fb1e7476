// See retention.h.
#include "perf/store/retention.h"

#include "perf/util/host_file.h"
#include "perf/util/json_get.h"

#include <stdlib.h>
#include <string.h>

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
