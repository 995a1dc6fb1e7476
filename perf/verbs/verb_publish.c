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
#include <sys/stat.h>

enum { OPT_SEARCHES = 256 };

struct publish_args {
    const char *out, *base, *tune;
    bool quiet;
};

static const struct argp_option options[] = {
    {"output", 'o', "DIR", 0, "folder of the site (default: out/site)", 0},
    OPTION_RUNS,
    OPTION_QUIET,
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
    case 'q':
        a->quiet = true;
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

// A folder that one names and that is none is a mistake, not a site without runs; the usual one may not be there yet.
static bool base_is_folder(const char *base)
{
    struct stat st;
    bool ok = !base || (!stat(base, &st) && S_ISDIR(st.st_mode));
    if (!ok)
        say_error("--runs %s: no such folder", base);
    return ok;
}

static int publish(const struct publish_args *a, const char *base, const char *dir)
{
    int pages = 0;
    char *tune = x_printf("%s/../tune", base);
    bool ok = site_write(base, a->tune ? a->tune : tune, dir, a->quiet, &pages);
    free(tune);
    if (ok)
        say("site: %s/index.html (%d pages written)", dir, pages);
    return ok ? EXIT_OK : signals_pending() ? EXIT_INTERRUPTED : EXIT_REFUSED;
}

int verb_publish(int argc, char **argv)
{
    struct publish_args a = {0};
    char *base = run_store_default_base(), *out = project_path("out/site");
    argp_parse(&publish_argp, argc, argv, 0, 0, &a);
    int rc = base_is_folder(a.base) ? publish(&a, a.base ? a.base : base, a.out ? a.out : out) : EXIT_USAGE;
    free(base);
    free(out);
    return rc;
}
