// cloudbench publish: the static site of all runs.
#include "perf/publish/site.h"
#include "perf/result/run_store.h"
#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/verbs/tool_options.h"
#include "perf/verbs/verb.h"
#include "perf/vm/host_signals.h"

#include <argp.h>
#include <stdlib.h>

enum { OPT_SEARCHES = 256 };

struct publish_args {
    const char *out, *base, *tune;
};

static const struct argp_option options[] = {
    {"output", 'o', "DIR", 0, "folder of the site (default: out/site)", 0},
    OPTION_RUNS,
    {"searches", OPT_SEARCHES, "DIR", 0, "folder of tune's searches (default: tune beside the folder of runs)", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct publish_args *a = state->input;
    switch (key) {
    case 'o':
        a->out = arg;
        break;
    case OPT_SEARCHES:
        a->tune = arg;
        break;
    case OPT_RUNS:
        a->base = arg;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

const struct argp publish_argp = {
    options, parse, "", "The static site of all runs: opens from a file, needs no network.", 0, 0, 0};

int verb_publish(int argc, char **argv)
{
    struct publish_args a = {0};
    char *base = run_store_default_base(), *out = project_path("out/site");
    int pages = 0;
    argp_parse(&publish_argp, argc, argv, 0, 0, &a);
    const char *dir = a.out ? a.out : out;
    char *tune = x_printf("%s/../tune", a.base ? a.base : base);
    bool ok = site_write(a.base ? a.base : base, a.tune ? a.tune : tune, dir, &pages);
    free(tune);
    if (ok)
        say("site: %s/index.html (%d pages written)", dir, pages);
    free(base);
    free(out);
    return ok ? EXIT_OK : signals_pending() ? EXIT_INTERRUPTED : EXIT_REFUSED;
}
