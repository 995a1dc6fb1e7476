// See line_operations.h.
#include "perf/lines/line_operations.h"

#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/util/text_buf.h"
#include "perf/vm/vm_topology.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const line_operations[LINE_OPERATIONS] = {"getppid", "dup",    "open",  "stat",  "rw",     "pipe", "mmap", "touch",
                                                      "futex",   "signal", "sched", "timer", "thread", "fork", "exec", "switch"};

#define RANDOM_LINES_MAX 512 // as in bench/guest/work_share.c

static const char *const controls[] = {"nothing", "private", "pingpong", "false", "counter", "getppid-counted", "random", "known", "read-1k", "read-2k"};

static bool is_among(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(list[i], name))
            return true;
    return false;
}

static bool is_placed(const char *name, const char *at)
{
    json_t *workloads = project_config("workloads");
    char *workload = x_printf("%.*s", (int)(at - name), name);
    bool known = json_object_get(workloads, workload) && is_among(at + 1, placement_name, PLACEMENTS);
    free(workload);
    json_decref(workloads);
    return known;
}

// random-SEED-LINES
static bool is_random(const char *name)
{
    unsigned seed, lines;
    char more;
    return strspn(name, "random-0123456789") == strlen(name) && sscanf(name, "random-%u-%u%c", &seed, &lines, &more) == 2 && lines > 0 &&
           lines <= RANDOM_LINES_MAX;
}

bool line_operation_known(const char *name, bool pairs)
{
    const char *at = strchr(name, '@');
    if (at && !pairs && is_placed(name, at))
        return true;
    if (!at && (is_random(name) || is_among(name, line_operations, LINE_OPERATIONS) || is_among(name, controls, sizeof(controls) / sizeof(*controls))))
        return true;
    say_error("no operation is called \"%s\"", name);
    say_hint(pairs ? "pairs are of the operations that `cloudbench lines --help` lists"
                   : "`cloudbench lines --help` lists them; a workload of two parties has its placement: pipe@cross-cpu");
    return false;
}
