// cloudbench import: results of other hosts, and of other tools, become runs here.
#include "perf/import/import_run.h"
#include "perf/import/imported.h"
#include "perf/result/run_store.h"
#include "perf/util/host_file.h"
#include "perf/util/say.h"
#include "perf/verbs/tool_options.h"
#include "perf/verbs/verb.h"
#include "perf/vm/host_signals.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_FROM = 256, OPT_HOST, OPT_VERSION };

struct import_args {
    struct str_list files;
    struct import_request request;
};

static const struct argp_option options[] = {
    {"from", OPT_FROM, "TOOL", 0, "cyclictest, google-benchmark, hackbench, lmbench, perf-bench, schbench or will-it-scale (default: by the text)", 0},
    {"kernel", 'k', "NAME", 0, "the kernel that was measured (default: what the file says, else \"imported\")", 0},
    {"host", OPT_HOST, "TEXT", 0, "the machine that was measured on (default: what the file says)", 0},
    {"tool-version", OPT_VERSION, "TEXT", 0, "the tool's version (default: what the file says)", 0},
    OPTION_RUNS,
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct import_args *a = state->input;
    switch (key) {
    case OPT_FROM:
        a->request.tool = arg;
        break;
    case 'k':
        a->request.kernel = arg;
        break;
    case OPT_HOST:
        a->request.host = arg;
        break;
    case OPT_VERSION:
        a->request.version = arg;
        break;
    case OPT_RUNS:
        a->request.base = arg;
        break;
    case ARGP_KEY_ARG:
        list_add(&a->files, arg);
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which file or folder?");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static bool tool_known(const char *name)
{
    for (const struct import_tool *t = import_tools; name && t->name; t++)
        if (!strcmp(t->name, name))
            return true;
    if (name)
        say_error("no tool is called \"%s\": see `cloudbench import --help`", name);
    return !name;
}

#define NAME_MAX_BYTES 80 // of a host or kernel: they become parts of file names

static bool name_fits(const char *option, const char *name)
{
    json_t *j = json_string(name ? name : "");
    bool text = j != NULL, fits = !name || (*name && strlen(name) <= NAME_MAX_BYTES);
    json_decref(j);
    if (!text)
        say_error("--%s: not UTF-8", option);
    else if (!fits)
        say_error("--%s: 1 to %d bytes, not %zu", option, NAME_MAX_BYTES, strlen(name));
    return text && fits;
}

static bool names_fit(const struct import_request *q)
{
    return name_fits("kernel", q->kernel) && name_fits("host", q->host) && name_fits("tool-version", q->version);
}

static int import(struct import_args *a)
{
    struct import_taken taken = {0};
    int rc = EXIT_OK;
    for (size_t i = 0; i < a->files.count && !signals_pending(); i++) {
        char *why = NULL;
        if (!import_file(&a->request, a->files.items[i], &taken, &why)) {
            say_error("%s", why);
            rc = taken.no_place ? EXIT_REFUSED : EXIT_USAGE;
        } else if (why) {
            say("%s", why);
        }
        free(why);
    }
    for (size_t i = 0; i < taken.ids.count; i++)
        puts(taken.ids.items[i]);
    list_free(&taken.ids);
    return signals_pending() ? EXIT_INTERRUPTED : rc;
}

const struct argp import_argp = {
    options,
    parse,
    "FILE...",
    "Results of other hosts (a run.json, a run's folder, a folder of runs) and of other tools become runs here.\v"
    "Prints the ids. A tool's text is kept beside its numbers. Exit code 2: something in a file is not understood; "
    "nothing of that file is taken. 5: a run could not be written.",
    0,
    0,
    0};

int verb_import(int argc, char **argv)
{
    struct import_args a = {0};
    char *base = run_store_default_base();
    argp_parse(&import_argp, argc, argv, 0, 0, &a);
    a.request.base = a.request.base ? a.request.base : base;
    int rc = tool_known(a.request.tool) && names_fit(&a.request) ? EXIT_OK : EXIT_USAGE;
    if (!rc && !make_dirs(a.request.base)) {
        say_error("cannot make %s: %s", a.request.base, strerror(errno));
        rc = EXIT_REFUSED;
    }
    rc = rc ? rc : import(&a);
    list_free(&a.files);
    free(base);
    return rc;
}
