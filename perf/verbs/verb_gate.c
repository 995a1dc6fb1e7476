// cloudbench gate: does a run pass against what was accepted?
#include "perf/gate/baseline.h"
#include "perf/gate/gate.h"
#include "perf/result/run_store.h"
#include "perf/store/triage.h"
#include "perf/util/host_file.h"
#include "perf/util/json_get.h"
#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/verbs/self_run.h"
#include "perf/verbs/tool_options.h"
#include "perf/verbs/verb.h"
#include "perf/view/compare_view.h"
#include "perf/view/gate_view.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_STRICT = 256, OPT_BASELINE, OPT_JUNIT, OPT_MARKDOWN, OPT_CONFIRM, OPT_ACCEPT };

struct gate_args {
    const char *run, *baseline, *kernel, *format, *base, *junit, *markdown;
    bool strict, confirm, accept;
};

static const struct argp_option options[] = {
    {"baseline", OPT_BASELINE, "REF", 0,
     "a file of perf/baselines/ or another run (default: perf/baselines/TIER-KERNEL.json)", 0},
    {"kernel", 'k', "KERNEL", 0, "the run's kernel to look at in a file (default: cloudos)", 0},
    {"confirm", OPT_CONFIRM, 0, 0, "run what does not pass once more; only what fails twice counts", 0},
    {"accept", OPT_ACCEPT, 0, 0,
     "add the run's values to the baseline file and print the old and new ones for its commit", 0},
    {"junit", OPT_JUNIT, "FILE", 0, "also as JUnit XML", 0},
    {"markdown", OPT_MARKDOWN, "FILE", 0, "also as Markdown", 0},
    {"format", OPT_FORMAT, "FORMAT", 0, "text, md, json or csv on stdout (default: text)", 0},
    {"strict", OPT_STRICT, 0, 0, "exit 4 when a row is inconclusive", 0},
    OPTION_RUNS,
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct gate_args *a = state->input;
    switch (key) {
    case OPT_BASELINE:
        a->baseline = arg;
        break;
    case 'k':
        a->kernel = arg;
        break;
    case OPT_CONFIRM:
        a->confirm = true;
        break;
    case OPT_ACCEPT:
        a->accept = true;
        break;
    case OPT_JUNIT:
        a->junit = arg;
        break;
    case OPT_MARKDOWN:
        a->markdown = arg;
        break;
    case OPT_FORMAT:
        a->format = arg;
        break;
    case OPT_STRICT:
        a->strict = true;
        break;
    case OPT_RUNS:
        a->base = arg;
        break;
    case ARGP_KEY_ARG:
        if (a->run)
            argp_error(state, "one run");
        a->run = arg;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static bool write_report(const char *path, void (*make)(struct text_buf *, json_t *, const char *),
                         json_t *rows, const char *name)
{
    struct text_buf t = {0};
    if (!path)
        return true;
    make(&t, rows, name);
    bool ok = file_replace(path, t.data, t.len);
    if (!ok)
        say_error("cannot write %s: %s", path, strerror(errno));
    text_free(&t);
    return ok;
}

// What a run is held against: one of the two is there.
struct accepted {
    json_t *file, *run;
};

static void say_if_unsaid(const struct gate_args *a, json_t *file)
{
    if (!baseline_says_how(file))
        say("%s does not say how its values were measured (scale, rows of a boot, settings, iterations): it is taken to be as this run was", a->baseline);
}

// Once for all that the verb does: "latest" is another run as soon as one more was measured. False after saying why.
static bool load_accepted(const struct gate_args *a, struct accepted *accepted)
{
    char *why = NULL;
    *accepted = (struct accepted){0};
    if (baseline_is(a->baseline))
        accepted->file = baseline_load(a->baseline, &why);
    else
        accepted->run = run_store_load(a->base, a->baseline);
    if (why)
        say_error("%s", why);
    free(why);
    if (accepted->file)
        say_if_unsaid(a, accepted->file);
    return accepted->file || accepted->run;
}

// One judgement of a run: by file or by run. NULL after saying why not.
static json_t *judge(const struct gate_args *a, const struct accepted *accepted, json_t *run)
{
    char *why = NULL;
    json_t *rows = NULL;
    if (accepted->run)
        rows = gate_against_run(accepted->run, run, &why);
    else if (!(why = baseline_misfit(accepted->file, run, a->kernel)))
        rows = gate_against_file(accepted->file, run, a->kernel);
    if (why)
        say_error("%s", why);
    free(why);
    return rows;
}

// A row that failed and passes when measured again has passed; the reason tells of both.
static void take_confirmation(json_t *rows, json_t *again)
{
    json_t *row, *other;
    size_t i, k;
    json_array_foreach (rows, i, row)
        json_array_foreach (again, k, other)
            if (gate_row_fails(row) && !gate_row_fails(other) &&
                !strcmp(text_of(row, "workload"), text_of(other, "workload")) &&
                !strcmp(text_of(row, "metric"), text_of(other, "metric")) &&
                !strcmp(text_of(row, "kernel"), text_of(other, "kernel"))) {
                char *reason = x_printf("%s at first, not when measured again",
                                        text_of(row, "verdict"));
                json_object_update(row, other);
                json_object_set_new(row, "reason", json_string(reason));
                free(reason);
            }
}

// Measures the rows that do not pass once more, as the run was measured.
static int confirm(const struct gate_args *a, const struct accepted *accepted, json_t *run, json_t *rows)
{
    struct str_list workloads = {0};
    json_t *row, *second;
    size_t i;
    json_array_foreach (rows, i, row) {
        char *name = x_strdup(text_of(row, "workload"));
        name[strcspn(name, "@")] = '\0';
        if (gate_row_fails(row) && !list_has(&workloads, name))
            list_add(&workloads, name);
        free(name);
    }
    int rc = EXIT_OK;
    if (workloads.count) {
        say("confirming %zu workload%s", workloads.count, workloads.count == 1 ? "" : "s");
        rc = self_run_again(run, &workloads, a->base, &second);
        json_t *again = rc == EXIT_OK || rc == EXIT_GUEST || rc == EXIT_SKIPPED ? judge(a, accepted, second) : NULL;
        if (again)
            take_confirmation(rows, again);
        rc = again ? EXIT_OK : rc ? rc : EXIT_INTERNAL;
        json_decref(again);
        json_decref(second);
    }
    list_free(&workloads);
    return rc;
}

static int verdict_code(const struct gate_args *a, json_t *rows)
{
    struct gate_summary s;
    gate_summarise(rows, &s);
    if (s.failed)
        return EXIT_GUEST;
    if (s.failing)
        return EXIT_REGRESSED;
    return a->strict && s.inconclusive ? EXIT_INCONCLUSIVE : EXIT_OK;
}

// A baseline file has no commit: that end is open.
static void add_notes(const struct accepted *accepted, json_t *run, json_t *rows)
{
    json_t *notes = triage_read(), *none = json_object();
    triage_say_faults(notes);
    triage_attach(notes, rows, accepted->run ? accepted->run : none, run);
    json_decref(none);
    json_decref(notes);
}

// What was judged is shown, whatever became of the confirmation; when that was not made its exit code stands.
static int gate_rows(const struct gate_args *a, const struct accepted *accepted, json_t *run, json_t *rows)
{
    int rc = a->confirm ? confirm(a, accepted, run, rows) : EXIT_OK;
    if (rc)
        say_error("what does not pass could not be measured again: this is the first judgement");
    add_notes(accepted, run, rows);
    gate_view(rows, a->format);
    fflush(stdout);
    bool written = write_report(a->junit, gate_junit, rows, a->baseline) &&
                   write_report(a->markdown, gate_markdown, rows, a->baseline);
    return rc ? rc : written ? verdict_code(a, rows) : EXIT_REFUSED;
}

static int gate(const struct gate_args *a, json_t *run)
{
    struct accepted accepted;
    json_t *rows = load_accepted(a, &accepted) ? judge(a, &accepted, run) : NULL;
    int rc = rows ? gate_rows(a, &accepted, run, rows) : EXIT_USAGE;
    json_decref(rows);
    json_decref(accepted.file);
    json_decref(accepted.run);
    return rc;
}

// The old and the new value of each row, for the message of the commit that changes the baseline.
static void print_changes(json_t *old, json_t *new)
{
    json_t *row;
    size_t i;
    printf("perf/baselines: %s of %s\n\n", text_of(new, "tier"), text_of(new, "kernel"));
    json_array_foreach (json_object_get(new, "rows"), i, row) {
        json_t *before = baseline_row(old, text_of(row, "workload"), text_of(row, "metric"));
        char a[64] = "-", b[64];
        if (before)
            format_number(a, sizeof(a), baseline_newest(before));
        format_number(b, sizeof(b), baseline_newest(row));
        printf("%-14s %12s -> %12s\n", text_of(row, "workload"), a, b);
    }
}

static void say_left_out(json_t *run, const char *kernel)
{
    json_t *row;
    size_t i;
    json_array_foreach (json_object_get(run, "rows"), i, row)
        if (!strcmp(text_of(row, "kernel"), kernel) && json_object_get(row, "value") && !baseline_has_room(row))
            say("%s %s is 0 and left out: nothing can be held against that by a ratio", text_of(row, "workload"), text_of(row, "metric"));
}

static int accept(const struct gate_args *a, json_t *run)
{
    char *why = NULL, *text;
    json_t *old = file_exists(a->baseline) ? baseline_load(a->baseline, &why) : NULL;
    if (old)
        say_if_unsaid(a, old);
    json_t *new = why ? NULL : baseline_accept(old, run, a->kernel, &why);
    int rc = EXIT_USAGE;
    if (new) {
        text = json_dumps(new, JSON_INDENT(1) | JSON_REAL_PRECISION(10));
        rc = file_replace(a->baseline, text, strlen(text)) ? EXIT_OK : EXIT_REFUSED;
        if (rc)
            say_error("cannot write %s: %s", a->baseline, strerror(errno));
        else
            print_changes(old, new);
        say_left_out(run, a->kernel);
        free(text);
    } else {
        say_error("%s", why);
    }
    free(why);
    json_decref(old);
    json_decref(new);
    return rc;
}

const struct argp gate_argp = {
    options,
    parse,
    "[RUN]",
    "Does a run pass against what was accepted? Exit code 0: it does; 3: a row regressed, "
    "drifted or is missing; 6: a row has no number.\v"
    "A RUN is an id, a folder, a file or \"latest\" (the default).",
    0,
    0,
    0};

int verb_gate(int argc, char **argv)
{
    struct gate_args a = {.format = "text", .kernel = "cloudos"};
    char *base = run_store_default_base(), *standard = NULL;
    argp_parse(&gate_argp, argc, argv, 0, 0, &a);
    a.base = a.base ? a.base : base;
    json_t *run = format_known(a.format) ? run_store_load(a.base, a.run ? a.run : "latest") : NULL;
    if (run && !a.baseline) {
        char *relative = x_printf("perf/baselines/%s-%s.json", text_of(run, "tier"), a.kernel);
        a.baseline = standard = project_path(relative);
        free(relative);
    }
    int rc = !run ? EXIT_USAGE : a.accept ? accept(&a, run) : gate(&a, run);
    json_decref(run);
    free(base);
    free(standard);
    return rc;
}
