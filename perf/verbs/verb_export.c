// cloudbench export: runs for other programs.
#include "perf/export/export.h"
#include "perf/result/google_bench.h"
#include "perf/result/run_store.h"
#include "perf/util/host_file.h"
#include "perf/util/say.h"
#include "perf/verbs/tool_options.h"
#include "perf/verbs/verb.h"
#include "perf/vm/host_signals.h"

#include <argp.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_ALL = 256 };

struct export_args {
    struct str_list names;
    const char *format, *base, *out;
    bool all;
};

static const struct argp_option options[] = {
    {"format", OPT_FORMAT, "FORMAT", 0, "csv, openmetrics or google-benchmark (one run) (default: csv)", 0},
    {"all", OPT_ALL, 0, 0, "every run of the folder", 0},
    {"output", 'o', "FILE", 0, "write there, replaced (default: standard output)", 0},
    OPTION_RUNS,
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct export_args *a = state->input;
    switch (key) {
    case OPT_FORMAT:
        a->format = arg;
        break;
    case OPT_ALL:
        a->all = true;
        break;
    case 'o':
        a->out = arg;
        break;
    case OPT_RUNS:
        a->base = arg;
        break;
    case ARGP_KEY_ARG:
        list_add(&a->names, arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static void google(struct text_buf *t, json_t *runs)
{
    json_t *j = google_bench_json(json_array_get(runs, 0));
    char *text = json_dumps(j, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    text_addf(t, "%s\n", text);
    free(text);
    json_decref(j);
}

static const struct format {
    const char *name;
    void (*write)(struct text_buf *t, json_t *runs);
    size_t most;
} formats[] = {{"csv", export_csv, SIZE_MAX}, {"openmetrics", export_openmetrics, SIZE_MAX}, {"google-benchmark", google, 1}};

static const struct format *format_of(const struct export_args *a)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
        if (!strcmp(formats[i].name, a->format)) {
            if (a->names.count <= formats[i].most)
                return &formats[i];
            say_error("%s holds one run", a->format);
            return NULL;
        }
    say_error("no format is called \"%s\": csv, openmetrics or google-benchmark", a->format);
    return NULL;
}

static bool put(const struct export_args *a, struct text_buf *t)
{
    bool ok = a->out ? file_replace(a->out, text_str(t), t->len)
                     : fwrite(text_str(t), 1, t->len, stdout) == t->len && !fflush(stdout);
    if (!ok)
        say_error("cannot write %s: %s", a->out ? a->out : "the standard output", strerror(errno));
    return ok;
}

static int export(struct export_args *a)
{
    const struct format *f;
    struct text_buf t = {0};
    json_t *runs = json_array();
    int rc = EXIT_OK;
    if (a->all)
        run_store_list(a->base, &a->names);
    else if (!a->names.count)
        list_add(&a->names, "latest");
    f = format_of(a);
    rc = f ? EXIT_OK : EXIT_USAGE;
    for (size_t i = 0; i < a->names.count && !rc; i++) {
        json_t *run = run_store_load(a->base, a->names.items[i]);
        rc = signals_pending() ? EXIT_INTERRUPTED : run ? EXIT_OK : EXIT_USAGE;
        json_array_append_new(runs, run);
    }
    if (!rc) {
        f->write(&t, runs);
        rc = put(a, &t) ? EXIT_OK : EXIT_REFUSED;
    }
    json_decref(runs);
    text_free(&t);
    return rc;
}

const struct argp export_argp = {
    options,
    parse,
    "[RUN...]",
    "Runs for other programs: tables, Prometheus and its like, tools that read Google Benchmark's JSON.\v"
    "A RUN is an id, a folder, a file or \"latest\" (the default).",
    0,
    0,
    0};

int verb_export(int argc, char **argv)
{
    struct export_args a = {.format = "csv"};
    char *base = run_store_default_base();
    argp_parse(&export_argp, argc, argv, 0, 0, &a);
    a.base = a.base ? a.base : base;
    int rc = export(&a);
    list_free(&a.names);
    free(base);
    return rc;
}
