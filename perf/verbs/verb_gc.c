// cloudbench gc: removes the runs that the policy does not keep, and what interrupted programs left among them.
#include "perf/result/run_partial.h"
#include "perf/result/run_store.h"
#include "perf/store/retention.h"
#include "perf/store/run_history.h"
#include "perf/util/host_file.h"
#include "perf/util/json_get.h"
#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/verbs/tool_options.h"
#include "perf/verbs/verb.h"
#include "perf/vm/host_signals.h"
#include "perf/vm/temp_dir.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_LAST = 256, OPT_DAYS };

struct gc_args {
    const char *base;
    struct retention keep;
    bool dry;
};

static const struct argp_option options[] = {
    {"keep-last", OPT_LAST, "N", 0, "newest runs of each tier, topology and host that stay (default: policy.keep.last)", 0},
    {"keep-days", OPT_DAYS, "N", 0, "runs of the last N days stay (default: policy.keep.days)", 0},
    {"dry-run", OPT_DRY, 0, 0, "only print what would go", 0},
    OPTION_RUNS,
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct gc_args *a = state->input;
    switch (key) {
    case OPT_LAST:
        a->keep.last = option_whole(state, arg, "--keep-last", 1);
        break;
    case OPT_DAYS:
        a->keep.days = option_whole(state, arg, "--keep-days", 0);
        break;
    case OPT_DRY:
        a->dry = true;
        break;
    case OPT_RUNS:
        a->base = arg;
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "gc takes no \"%s\"", arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static void fill_policy(struct retention *r)
{
    json_t *policy = project_config("policy"), *keep = json_object_get(policy, "keep");
    r->last = r->last ? r->last : (int)number_of(keep, "last");
    r->days = r->days >= 0 ? r->days : (int)number_of(keep, "days");
    json_decref(policy);
}

// run.json (or what an unfinished run goes on with, if it came to that) first: without it the folder is no run, whatever stops the rest.
static bool remove_run(const char *base, const char *id)
{
    char *dir = x_printf("%s/%s", base, id), *whole = x_printf("%s/run.json", dir);
    char *file = file_exists(whole) ? x_strdup(whole) : x_printf("%s/" PARTIAL_FILE, dir);
    bool ok = !remove(file) || errno == ENOENT;
    if (ok)
        remove_tree(dir);
    else
        say_error("cannot remove %s", file);
    free(dir);
    free(whole);
    free(file);
    return ok;
}

static int sweep(const struct gc_args *a, const struct str_list *gone)
{
    size_t removed = 0;
    for (size_t i = 0; i < gone->count && !signals_pending(); i++) {
        if (!a->dry && !remove_run(a->base, gone->items[i]))
            return EXIT_REFUSED;
        puts(gone->items[i]);
        removed++;
    }
    say("%zu run%s %s", removed, removed == 1 ? "" : "s", a->dry ? "would go" : "removed");
    return removed == gone->count ? EXIT_OK : EXIT_INTERRUPTED;
}

static int gc(struct gc_args *a)
{
    struct str_list gone = {0};
    char *why = NULL;
    struct history *h = history_open(a->base, NULL, NULL, &why);
    if (why)
        say_error("%s", why);
    free(why);
    if (!h)
        return EXIT_INTERNAL;
    json_t *runs = history_runs(h);
    fill_policy(&a->keep);
    retention_choose(&a->keep, runs, a->base, time(NULL), &gone);
    retention_unfinished(&a->keep, a->base, time(NULL), &gone);
    int rc = sweep(a, &gone);
    history_close(h); // until here nobody else reads the runs that go
    json_decref(runs);
    list_free(&gone);
    return rc;
}

const struct argp gc_argp = {
    options,
    parse,
    "",
    "Removes the runs that policy.keep (configs/policy.yaml) does not keep.\v"
    "A run whose folder holds a file \"keep\" stays. Prints the ids of what it removed.",
    0,
    0,
    0};

int verb_gc(int argc, char **argv)
{
    struct gc_args a = {.keep = {.days = -1}};
    char *base = run_store_default_base();
    argp_parse(&gc_argp, argc, argv, 0, 0, &a);
    a.base = a.base ? a.base : base;
    temp_dir_sweep();
    int rc = gc(&a);
    free(base);
    return rc;
}
