// cloudbench tune: look for scheduler settings that beat the default, without being fooled by luck.
#include "perf/config/config.h"
#include "perf/result/measured_inputs.h"
#include "perf/result/run_store.h"
#include "perf/tune/tune_evaluation.h"
#include "perf/tune/tune_log.h"
#include "perf/tune/tune_search.h"
#include "perf/util/host_file.h"
#include "perf/util/json_get.h"
#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/util/text_buf.h"
#include "perf/verbs/self_run.h"
#include "perf/verbs/tool_options.h"
#include "perf/verbs/tune_inputs.h"
#include "perf/verbs/verb.h"
#include "perf/view/compare_view.h"
#include "perf/view/progress.h"
#include "perf/view/tune_dry_view.h"
#include "perf/view/tune_view.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TRIAL    "trial" // the name of the arm beside the default
#define DET_HELD 1.5       // share of the iterations of a hold-out in det: the same ones would give the same counts

enum { OPT_TIER = 256, OPT_RESUME, OPT_SEED };

struct tune_args {
    const char *space, *tier, *topology, *out, *resume, *format;
    double seed;
    int boots;
    bool dry, quiet;
};

struct tuning {
    struct tune_args *a;
    struct tune_space space;
    struct tune_log log;
    char *dir, *runs;
    json_t *inputs; // tune_inputs.h, as it began
    struct progress progress; // in whole trials, those that it makes at most
    int code; // why the search had to stop
};

static const struct argp_option options[] = {
    {"tier", OPT_TIER, "TIER", 0, "det (exact counts, and what workloads measure themselves) or kvm (times) (default: det)", 0},
    {"topology", 't', "TOPOLOGY", 0, "CPUs and nodes (default: 1)", 0},
    {"boots", 'b', "N", 0, "boots of each arm in a trial (default: 1 in det, 10 in kvm)", 0},
    {"seed", OPT_SEED, "N", 0, "where the search starts (default: 1)", 0},
    {"output", 'o', "DIR", 0, "folder of this search (default: a new one in out/tune)", 0},
    {"resume", OPT_RESUME, "DIR", 0, "go on with an interrupted search", 0},
    OPTION_DRY,
    OPTION_QUIET,
    OPTION_FORMAT,
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct tune_args *a = state->input;
    switch (key) {
    case OPT_TIER:
        a->tier = arg;
        break;
    case 't':
        a->topology = arg;
        break;
    case 'b':
        a->boots = option_whole(state, arg, "-b", 1);
        break;
    case OPT_SEED:
        a->seed = option_seed(state, arg);
        break;
    case 'o':
        a->out = arg;
        break;
    case OPT_RESUME:
        a->resume = arg;
        break;
    case OPT_DRY:
        a->dry = true;
        break;
    case 'q':
        a->quiet = true;
        break;
    case OPT_FORMAT:
        a->format = arg;
        break;
    case ARGP_KEY_ARG:
        if (a->space)
            argp_error(state, "one space");
        a->space = arg;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static bool is_det(const struct tuning *t)
{
    return !strcmp(t->a->tier, "det");
}

static double held_share(const struct tuning *t)
{
    return is_det(t) ? DET_HELD : 1;
}

static void option(struct str_list *l, const char *name, const char *value)
{
    list_add(l, name);
    list_add(l, value);
}

// `cloudbench run` of the objectives' workloads with the default and the trial beside each other.
static void trial_arguments(struct tuning *t, const int *level, double fidelity, const char *base, struct str_list *l)
{
    struct str_list settings = {0};
    list_add(l, "run");
    for (int o = 0; o < t->space.objectives; o++)
        if (!list_has(l, t->space.objective[o].workload))
            list_add(l, t->space.objective[o].workload);
    option(l, "-k", t->space.kernel);
    option(l, "-k", TRIAL);
    option(l, "--tier", t->a->tier);
    option(l, "-t", t->a->topology);
    option(l, "-o", base);
    list_add(l, "--scale");
    list_addf(l, "%g", fidelity);
    list_add(l, "-b");
    list_addf(l, "%d", t->a->boots);
    if (!progress_has_bar(&t->progress))
        list_add(l, "-q");
    json_t *own = config_settings(), *v;
    size_t i;
    json_array_foreach (own, i, v)
        option(l, "--set", json_string_value(v));
    tune_space_settings(&t->space, level, TRIAL, &settings);
    for (i = 0; i < settings.count; i++)
        option(l, "--set", settings.items[i]);
    json_decref(own);
    list_free(&settings);
}

static int run_trial(struct tuning *t, const int *level, double fidelity, json_t **run)
{
    struct str_list l = {0};
    trial_arguments(t, level, fidelity, t->runs, &l);
    progress_hand_on(&t->progress, fidelity);
    int rc = self_run_loaded(&l, t->runs, run);
    progress_add(&t->progress, fidelity);
    list_free(&l);
    return rc;
}

// Whoever builds while a search runs has another kernel in the later trials.
static bool unchanged(const struct tuning *t)
{
    json_t *now;
    bool found = !tune_inputs(&t->space, is_det(t), t->a->topology, &now);
    char *why = found ? inputs_difference(t->inputs, now, "search") : NULL;
    if (why)
        say_error("%s", why);
    bool same = found && !why;
    json_decref(now);
    free(why);
    return same;
}

static bool measure(void *ctx, const int *level, double fidelity, bool hold_out,
                    struct tune_evaluation *out, bool *stop)
{
    struct tuning *t = ctx;
    bool ok = false;
    if (tune_log_find(&t->log, level, fidelity, hold_out, out, &ok)) {
        progress_skip(&t->progress, fidelity);
        return ok;
    }
    if (hold_out && !t->a->quiet)
        say("hold-out: one of the best again");
    json_t *run = NULL;
    int rc = run_trial(t, level, fidelity, &run);
    if (rc != EXIT_INTERRUPTED && !unchanged(t))
        rc = EXIT_REFUSED;
    if (rc == EXIT_INTERRUPTED || rc == EXIT_REFUSED || rc == EXIT_USAGE || rc == EXIT_INTERNAL) {
        t->code = rc;
        *stop = true;
        json_decref(run);
        return false;
    }
    char *why = run ? NULL : x_printf("its run ended with code %d and left no result", rc);
    ok = run && tune_evaluate(&t->space, run, TRIAL, is_det(t), out, &why);
    if (!tune_log_add(&t->log, level, fidelity, hold_out, out, why)) {
        say_error("cannot write %s: %s", t->log.path, strerror(errno));
        t->code = EXIT_REFUSED;
        *stop = true;
    }
    free(why);
    json_decref(run);
    return ok;
}

static void say_trial(void *ctx, const struct tune_trial *trial, int done)
{
    struct tuning *t = ctx;
    if (t->a->quiet)
        return;
    char *text = tune_space_text(&t->space, trial->level);
    if (isfinite(trial->score))
        say("trial %d of at most %d: %s at %g of the iterations: %.4f of the default", done,
            t->space.budget, text, trial->fidelity, trial->score);
    else
        say("trial %d of at most %d: %s failed", done, t->space.budget, text);
    free(text);
}

// Does the workload measure that figure itself? In det such a figure is virtual, and as exact as a count.
static bool measures_itself(const struct tune_objective *o)
{
    json_t *workloads = project_config("workloads"), *v;
    size_t i;
    bool yes = false;
    json_array_foreach (json_object_get(json_object_get(workloads, o->workload), "values"), i, v)
        yes = yes || !strcmp(json_string_value(v), o->metric);
    json_decref(workloads);
    return yes;
}

static int check_objectives(const struct tuning *t)
{
    bool det = is_det(t);
    if (!det && strcmp(t->a->tier, "kvm")) {
        say_error("tune takes --tier det (exact counts) or kvm (times): emulated times are no objective");
        return EXIT_USAGE;
    }
    for (int o = 0; o < t->space.objectives; o++) {
        bool counts = !strcmp(t->space.objective[o].metric, "instructions");
        if (counts == det || measures_itself(&t->space.objective[o]))
            continue;
        say_error("objective %s %s: %s", t->space.objective[o].workload,
                  t->space.objective[o].metric,
                  det ? "the det tier counts instructions and takes what a workload measures itself (`values` of configs/workloads.yaml); other "
                        "times under emulation are no objective"
                      : "the kvm tier measures times, --tier det counts instructions");
        return EXIT_USAGE;
    }
    return 0;
}

// Times: with fewer boots no difference, however great, could be told from chance.
static int check_boots(const struct tuning *t)
{
    int held = tune_search_most(&t->space).held, least = tune_least_boots(held);
    if (is_det(t) || t->a->boots >= least)
        return 0;
    say_error("-b %d: of times by so few boots no winner could be named, %d being measured again; the least is -b %d", t->a->boots, held, least);
    return EXIT_USAGE;
}

static char *new_folder(const struct tune_args *a)
{
    char stamp[32], *base = project_path("out/tune");
    time_t now = time(NULL);
    struct tm tm;
    strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", gmtime_r(&now, &tm));
    char *dir = x_printf("%s/%s-%s", base, a->space, stamp);
    free(base);
    return dir;
}

static int make_folder(const struct tuning *t)
{
    if (make_dirs(t->runs))
        return 0;
    say_error("cannot make %s: %s", t->runs, strerror(errno));
    return EXIT_REFUSED;
}

// Its log, of which a dry run only reads one that is gone on with.
static int open_log(struct tuning *t)
{
    char *why = NULL;
    json_t *config = project_config("tune"), *settings = config_settings();
    json_t *identity =
        json_pack("{s:s,s:O?,s:s,s:s,s:i,s:f,s:o,s:O}", "space", t->a->space, "config",
                  json_object_get(config, t->a->space), "tier", t->a->tier, "topology",
                  t->a->topology, "boots", t->a->boots, "seed", t->a->seed, "settings", settings, "inputs", t->inputs);
    bool ok = tune_log_open(&t->log, t->dir, &t->space, identity, t->a->resume != NULL, &why);
    if (!ok)
        say_error("%s", why);
    free(why);
    json_decref(identity);
    json_decref(config);
    return ok ? 0 : EXIT_USAGE;
}

// Would the search find another in its folder?
static int look_for_other(const struct tuning *t)
{
    char *path = x_printf("%s/search.json", t->dir);
    bool there = access(path, F_OK) == 0;
    if (there)
        say_error("%s is there: another search? (--resume goes on with it)", path);
    free(path);
    return there ? EXIT_USAGE : 0;
}

static int open_search(struct tuning *t)
{
    t->dir = t->a->resume ? x_strdup(t->a->resume) : t->a->out ? x_strdup(t->a->out) : new_folder(t->a);
    t->runs = x_printf("%s/runs", t->dir);
    if (t->a->dry && !t->a->resume)
        return look_for_other(t);
    int rc = tune_inputs(&t->space, is_det(t), t->a->topology, &t->inputs);
    rc = rc || t->a->dry ? rc : make_folder(t);
    return rc ? rc : open_log(t);
}

// Trials of that kind that an interrupted search has behind it.
static int trials_done(const struct tuning *t, double fidelity, bool hold_out)
{
    json_t *j;
    size_t i;
    int n = 0;
    json_array_foreach (t->log.trials, i, j)
        n += number_of(j, "fidelity") == fidelity && json_is_true(json_object_get(j, "hold_out")) == hold_out;
    return n;
}

// One kind of trials, by a dry run of one of them.
static int dry_stage(struct tuning *t, const char *base, const char *name, double fidelity, int most, json_t *stages)
{
    int level[TUNE_KNOBS_MAX] = {0}, done = trials_done(t, fidelity, !strcmp(name, "hold-out"));
    int left = most > done ? most - done : 0;
    struct str_list l = {0};
    json_t *run = NULL;
    trial_arguments(t, level, fidelity, base, &l);
    list_add(&l, "--dry-run");
    int rc = self_run_json(&l, &run);
    if (!rc) {
        json_t *seconds = json_object_get(run, "estimate_seconds");
        json_array_append_new(stages, json_pack("{s:s,s:f,s:i,s:i,s:o,s:O?}", "stage", name, "share", fidelity, "trials", left, "boots",
                                                left * (int)number_of(run, "boots"), "estimate_seconds",
                                                json_is_number(seconds) ? json_real(left * json_number_value(seconds)) : json_null(),
                                                "estimated_from", json_object_get(run, "estimated_from")));
    }
    json_decref(run);
    list_free(&l);
    return rc;
}

// --dry-run: the trials that the search would make at most, and about how long they take.
static int dry(struct tuning *t)
{
    struct tune_counts most = tune_search_most(&t->space);
    char *own = run_store_default_base();
    const char *base = t->a->resume ? t->runs : own;
    json_t *stages = json_array();
    int rc = dry_stage(t, base, "start", 0.25, most.quarter, stages);
    rc = rc ? rc : dry_stage(t, base, "the best of them", 0.5, most.half, stages);
    rc = rc ? rc : dry_stage(t, base, "whole", 1, most.whole, stages);
    rc = rc ? rc : dry_stage(t, base, "hold-out", held_share(t), most.held, stages);
    if (!rc)
        tune_dry_view(&t->space, t->a->tier, t->a->topology, stages, t->dir, t->a->format);
    json_decref(stages);
    free(own);
    return rc;
}

static bool write_file(struct tuning *t, const char *name, const char *text)
{
    char *path = x_printf("%s/%s", t->dir, name);
    bool ok = file_replace(path, text, strlen(text));
    if (ok)
        say("wrote %s", path);
    else
        say_error("cannot write %s: %s", path, strerror(errno));
    return ok;
}

// The winner for `--profile`, and for a Linux host of its own.
static bool write_winner(struct tuning *t, const int *level)
{
    struct str_list settings = {0};
    struct text_buf profile = {0};
    char *text = tune_space_text(&t->space, level), *sysctl = tune_space_sysctl(&t->space, level),
         *tmpfiles = tune_space_tmpfiles(&t->space, level);
    text_addf(&profile, "# %s: %s\nsettings:\n", t->space.name, text);
    tune_space_settings(&t->space, level, t->space.kernel, &settings);
    for (size_t i = 0; i < settings.count; i++)
        text_addf(&profile, "  - '%s'\n", settings.items[i]);
    bool ok = write_file(t, "profile.yaml", profile.data);
    if (*sysctl)
        ok = write_file(t, "sysctl.conf", sysctl) && ok;
    if (*tmpfiles)
        ok = write_file(t, "tmpfiles.conf", tmpfiles) && ok;
    text_free(&profile);
    list_free(&settings);
    free(text);
    free(sysctl);
    free(tmpfiles);
    return ok;
}

// For the site.
static bool write_result(struct tuning *t, const struct tune_search *s)
{
    char when[32], *text;
    time_t now = time(NULL);
    struct tm tm;
    json_t *j = tune_result(s);
    const char *slash = strrchr(t->dir, '/');
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    json_object_set_new(j, "id", json_string(slash ? slash + 1 : t->dir));
    json_object_set_new(j, "created", json_string(when));
    json_object_set_new(j, "tier", json_string(t->a->tier));
    json_object_set_new(j, "topology", json_string(t->a->topology));
    json_object_set_new(j, "kernel", json_string(t->space.kernel));
    text = json_dumps(j, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    bool ok = write_file(t, "result.json", text);
    free(text);
    json_decref(j);
    return ok;
}

// What was not measured did not lose.
static int no_answer(const struct tuning *t, const struct tune_search *s)
{
    say_error("%s: %s", s->held_failed ? "none of the best could be measured again" : "nothing could be measured", tune_log_why(&t->log));
    return EXIT_GUEST;
}

static double most_units(const struct tuning *t)
{
    struct tune_counts most = tune_search_most(&t->space);
    return 0.25 * most.quarter + 0.5 * most.half + most.whole + held_share(t) * most.held;
}

static int search(struct tuning *t)
{
    struct tune_search s = {.space = &t->space,
                            .seed = (uint64_t)t->a->seed,
                            .floor = 0.01,
                            .held_fidelity = held_share(t),
                            .measure = measure,
                            .on_trial = say_trial,
                            .ctx = t};
    progress_start(&t->progress, most_units(t), t->a->quiet);
    tune_search_run(&s);
    progress_clear(&t->progress);
    int rc = t->code;
    if (s.stopped) {
        say("stopped after %d trials; `cloudbench tune %s --resume %s` goes on", s.trials,
            t->a->space, t->dir);
    } else {
        tune_view(&s, t->a->format);
        fflush(stdout);
        if (!tune_search_judged(&s))
            rc = no_answer(t, &s);
        else if (!write_result(t, &s))
            rc = EXIT_INTERNAL;
        if (s.winner >= 0 && !write_winner(t, s.held[s.winner].level))
            rc = EXIT_INTERNAL;
    }
    tune_search_free(&s);
    return rc;
}

const struct argp tune_argp = {
    options,
    parse,
    "SPACE",
    "Look for settings that beat the default. Every trial boots the default beside it; the best are measured "
    "again, on boots the search never used (det, which repeats exactly: with half as many iterations more), and a winner is named only when it "
    "holds there. When nothing could be measured the exit code is 6.\v"
    "Spaces are the files of configs/tune/. The winner's profile.yaml is applied by --profile FILE "
    "of any verb.",
    0,
    0,
    0};

int verb_tune(int argc, char **argv)
{
    struct tune_args a = {.tier = "det", .topology = "1", .format = "text", .seed = 1};
    struct tuning t = {.a = &a};
    char *why = NULL;
    argp_parse(&tune_argp, argc, argv, 0, 0, &a);
    if (!a.space) {
        say_error("which space? The files of configs/tune/ are: `cloudbench config show tune`");
        return EXIT_USAGE;
    }
    a.boots = a.boots ? a.boots : !strcmp(a.tier, "det") ? 1 : 10;
    int rc = format_known(a.format) ? 0 : EXIT_USAGE;
    if (!rc && !tune_space_load(&t.space, a.space, &why)) {
        say_error("%s", why);
        rc = EXIT_USAGE;
    }
    rc = rc ? rc : check_objectives(&t);
    rc = rc ? rc : check_boots(&t);
    rc = rc ? rc : open_search(&t);
    rc = rc ? rc : a.dry ? dry(&t) : search(&t);
    free(why);
    tune_log_close(&t.log);
    json_decref(t.inputs);
    tune_space_free(&t.space);
    free(t.dir);
    free(t.runs);
    return rc;
}
