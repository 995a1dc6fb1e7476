// cloudbench compare: one run compares its kernels; two runs are compared row by row.
#include "perf/result/comparison.h"
#include "perf/result/run_store.h"
#include "perf/store/run_likeness.h"
#include "perf/store/triage.h"
#include "perf/util/json_get.h"
#include "perf/util/say.h"
#include "perf/util/text_buf.h"
#include "perf/verbs/tool_options.h"
#include "perf/verbs/verb.h"
#include "perf/view/compare_view.h"
#include "perf/view/gate_view.h"
#include "perf/view/report_page.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_STRICT = 256, OPT_ACROSS };

struct compare_args {
    const char *run[2], *format, *base;
    int runs;
    bool strict, across;
};

static const struct argp_option options[] = {
    {"format", OPT_FORMAT, "FORMAT", 0, "text, md, json, csv or junit (default: text)", 0},
    {"strict", OPT_STRICT, 0, 0, "exit 3 when a row regressed or a kernel has no number in it, 4 when one is inconclusive or only in one run", 0},
    {"across", OPT_ACROSS, 0, 0, "compare two runs that were measured unlike (host, emulator, placement, topology, turns, boots, scale, settings, iterations) too; the table says how", 0},
    OPTION_RUNS,
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct compare_args *a = state->input;
    switch (key) {
    case OPT_FORMAT:
        a->format = arg;
        break;
    case OPT_STRICT:
        a->strict = true;
        break;
    case OPT_ACROSS:
        a->across = true;
        break;
    case OPT_RUNS:
        a->base = arg;
        break;
    case ARGP_KEY_ARG:
        if (a->runs == 2)
            argp_error(state, "at most two runs");
        a->run[a->runs++] = arg;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

// A Linux that failed in a row counts as a row that failed: what the row says is not against the best of all.
static int strict_code(json_t *rows)
{
    struct comparison_summary s;
    comparison_summarise(rows, &s);
    if (s.lost + s.failed + s.unsupported + s.absent)
        return EXIT_REGRESSED;
    return s.inconclusive + s.only_a + s.only_b ? EXIT_INCONCLUSIVE : EXIT_OK;
}

// WHAT_a and WHAT_b of each row.
static void label_rows(json_t *rows, json_t *unlike)
{
    static const char *const sides[] = {"a", "b"};
    json_t *row, *u;
    size_t i, k;
    json_array_foreach (rows, i, row)
        json_array_foreach (unlike, k, u)
            for (int s = 0; s < 2; s++) {
                char *name = x_printf("%s_%s", text_of(u, "what"), sides[s]);
                json_object_set(row, name, json_object_get(u, sides[s]));
                free(name);
            }
}

// Runs that are unlike (perf/store/run_likeness.h) are not compared unasked; asked, every row and the table's head say so. False after saying why.
static bool label_unlike(const struct compare_args *a, json_t *run[2], json_t *rows)
{
    char *why = run_unlike_why(run[0], run[1]);
    bool ok = !why || a->across;
    if (!ok) {
        say_error("%s", why);
        say_hint("--across compares them nevertheless and says so");
    } else if (why) {
        json_t *unlike = run_unlike(run[0], run[1]);
        label_rows(rows, unlike);
        json_decref(unlike);
    }
    free(why);
    return ok;
}

static bool is_junit(const struct compare_args *a)
{
    return !strcmp(a->format, "junit");
}

static void print_junit(const struct compare_args *a, json_t *rows)
{
    struct text_buf t = {0};
    char *name = a->runs == 2 ? x_printf("%s against %s", a->run[1], a->run[0]) : x_strdup(a->run[0]);
    compare_junit(&t, rows, name);
    fputs(t.data, stdout);
    text_free(&t);
    free(name);
}

static int compare(const struct compare_args *a, json_t *run[2])
{
    char *why = NULL;
    json_t *rows =
        a->runs == 2 ? compare_runs(run[0], run[1], &why) : compare_kernels(run[0], &why);
    if (!rows) {
        say_error("%s", why);
        free(why);
        return EXIT_USAGE;
    }
    if (a->runs == 2 && !label_unlike(a, run, rows)) {
        json_decref(rows);
        return EXIT_USAGE;
    }
    json_t *notes = triage_read();
    triage_say_faults(notes);
    triage_attach(notes, rows, a->runs == 2 ? run[0] : NULL, run[a->runs - 1]);
    json_decref(notes);
    if (is_junit(a))
        print_junit(a, rows);
    else
        compare_view(run[0], rows, a->format);
    fflush(stdout);
    int rc = a->strict ? strict_code(rows) : EXIT_OK;
    if (!report_page_write(run[0], rows))
        rc = exit_worst(rc, EXIT_REFUSED);
    json_decref(rows);
    return rc;
}

const struct argp compare_argp = {
    options,
    parse,
    "[RUN [RUN]]",
    "One run: its kernels (a is Linux, b is CloudOS, ratio b/a). Two runs: row by row.\v"
    "A RUN is an id, a folder, a file or \"latest\" (the default).",
    0,
    0,
    0};

int verb_compare(int argc, char **argv)
{
    struct compare_args a = {.format = "text"};
    char *base = run_store_default_base();
    json_t *run[2] = {0};
    int rc = EXIT_OK;
    argp_parse(&compare_argp, argc, argv, 0, 0, &a);
    if (!a.runs)
        a.run[a.runs++] = "latest";
    if (!is_junit(&a) && !format_known(a.format))
        rc = EXIT_USAGE;
    for (int i = 0; i < a.runs && !rc; i++)
        if (!(run[i] = run_store_load(a.base ? a.base : base, a.run[i])))
            rc = EXIT_USAGE;
    if (!rc)
        rc = compare(&a, run);
    json_decref(run[0]);
    json_decref(run[1]);
    free(base);
    return rc;
}
