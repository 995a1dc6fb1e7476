// Lines are appended whole and synced. What is no JSON was half written when a search was killed, and is measured again; what is JSON and no trial was
// written by somebody else, and is refused.
#include "perf/tune/tune_log.h"

#include "perf/result/measured_inputs.h"
#include "perf/tune/trial_check.h"
#include "perf/util/host_file.h"
#include "perf/util/json_file.h"
#include "perf/util/json_get.h"
#include "perf/util/text_buf.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void take_line(struct tune_log *l, const char *line, int number, char **why)
{
    json_t *j = json_loads(line, 0, NULL);
    const char *fault = j ? tune_trial_fault(j, l->space->knobs, l->space->objectives) : NULL;
    if (fault && !*why)
        *why = x_printf("%s: line %d: %s", l->path, number, fault);
    else if (j)
        json_array_append(l->trials, j);
    json_decref(j);
}

static bool read_lines(struct tune_log *l, char **why)
{
    char *text = file_read(l->path, NULL), *rest = text, *line;
    for (int number = 1; (line = strsep(&rest, "\n")); number++)
        take_line(l, line, number, why);
    free(text);
    return !*why;
}

static bool start_new(const char *identity_path, json_t *identity, char **why)
{
    char *text = json_dumps(identity, JSON_INDENT(1) | JSON_SORT_KEYS);
    bool ok = file_write_new(identity_path, text, strlen(text));
    if (!ok)
        *why = errno == EEXIST ? x_printf("%s is there: another search? (--resume goes on with it)",
                                          identity_path)
                               : x_printf("%s: %s", identity_path, strerror(errno));
    free(text);
    return ok;
}

// What was asked for, without what it is made of.
static json_t *asked(json_t *identity)
{
    json_t *j = json_copy(identity);
    json_object_del(j, "inputs");
    return j;
}

static bool same_search(const char *identity_path, json_t *identity, char **why)
{
    json_t *old = json_file_load(identity_path, 0, NULL), *before = asked(old), *now = asked(identity);
    if (!old)
        *why = x_printf("%s: no search to go on with", identity_path);
    else if (!json_equal(before, now))
        *why = x_printf("%s: that search had another space, seed, tier, shape or settings",
                        identity_path);
    else
        *why = inputs_difference(json_object_get(old, "inputs"), json_object_get(identity, "inputs"), "search");
    json_decref(old);
    json_decref(before);
    json_decref(now);
    return !*why;
}

bool tune_log_open(struct tune_log *l, const char *dir, const struct tune_space *space,
                   json_t *identity, bool resume, char **why)
{
    char *identity_path = x_printf("%s/search.json", dir);
    l->space = space;
    l->path = x_printf("%s/trials.jsonl", dir);
    l->trials = json_array();
    bool ok = resume ? same_search(identity_path, identity, why)
                     : start_new(identity_path, identity, why);
    ok = ok && read_lines(l, why);
    free(identity_path);
    return ok;
}

void tune_log_close(struct tune_log *l)
{
    json_decref(l->trials);
    free(l->path);
}

static json_t *levels_json(const struct tune_log *l, const int *level)
{
    json_t *j = json_array();
    for (int k = 0; k < l->space->knobs; k++)
        json_array_append_new(j, json_integer(level[k]));
    return j;
}

static void take_evaluation(const struct tune_log *l, json_t *j, struct tune_evaluation *e)
{
    json_t *high = json_object_get(j, "high");
    for (int o = 0; o < l->space->objectives; o++)
        e->ratio[o] = json_number_value(json_array_get(json_object_get(j, "ratio"), o));
    e->p = json_number_value(json_object_get(j, "p"));
    e->low = json_number_value(json_object_get(j, "low"));
    e->high = json_is_number(high) ? json_number_value(high) : INFINITY;
}

bool tune_log_find(const struct tune_log *l, const int *level, double fidelity, bool hold_out,
                   struct tune_evaluation *out, bool *ok)
{
    json_t *want = levels_json(l, level), *j;
    size_t i;
    bool found = false;
    json_array_foreach (l->trials, i, j) {
        found = json_equal(json_object_get(j, "level"), want) &&
                json_number_value(json_object_get(j, "fidelity")) == fidelity &&
                json_is_true(json_object_get(j, "hold_out")) == hold_out;
        if (!found)
            continue;
        *ok = json_is_true(json_object_get(j, "ok"));
        take_evaluation(l, j, out);
        break;
    }
    json_decref(want);
    return found;
}

// The last line was cut off when the search was killed.
static bool ends_within_a_line(int fd)
{
    off_t end = lseek(fd, 0, SEEK_END);
    char last;
    return end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n';
}

static bool append(const char *path, const char *line)
{
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    size_t n = strlen(line);
    bool ok = fd >= 0 && (!ends_within_a_line(fd) || write(fd, "\n", 1) == 1) && write(fd, line, n) == (ssize_t)n && fsync(fd) == 0;
    int saved = errno;
    if (fd >= 0)
        close(fd);
    errno = saved;
    return ok;
}

bool tune_log_add(struct tune_log *l, const int *level, double fidelity, bool hold_out,
                  const struct tune_evaluation *e, const char *why)
{
    json_t *ratio = json_array(), *j;
    bool ok = !why;
    for (int o = 0; ok && o < l->space->objectives; o++)
        json_array_append_new(ratio, json_real(e->ratio[o]));
    j = json_pack("{s:o,s:f,s:b,s:b,s:o}", "level", levels_json(l, level), "fidelity", fidelity,
                  "hold_out", hold_out, "ok", ok, "ratio", ratio);
    if (ok) {
        json_object_set_new(j, "p", json_real(e->p));
        json_object_set_new(j, "low", json_real(e->low));
        json_object_set_new(j, "high", isfinite(e->high) ? json_real(e->high) : json_null());
    } else {
        json_object_set_new(j, "reason", json_string(why));
    }
    char *text = json_dumps(j, JSON_COMPACT), *line = x_printf("%s\n", text);
    bool kept = append(l->path, line);
    json_array_append_new(l->trials, j);
    free(text);
    free(line);
    return kept;
}

const char *tune_log_why(const struct tune_log *l)
{
    json_t *j;
    size_t i;
    const char *why = "";
    json_array_foreach (l->trials, i, j)
        if (!json_is_true(json_object_get(j, "ok")))
            why = text_of(j, "reason");
    return why;
}
