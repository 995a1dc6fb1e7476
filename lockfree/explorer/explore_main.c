/* explore_main.c: the program of one X_explore.c: lists its scenarios, explores each, prints one line a structure, and a trace that
 * replays for the first failure. Exit code 0: everything was seen without an error; 1: a counter-example; 2: wrong usage; 3: cut off
 * by --seconds. Must keep its state out of globals: those are the structure's. */
#include "lockfree/explore.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT 160 /* of one thread */
#define MAX_SCENARIOS 4000
#define BOUND 3 /* preemptions, where a whole search takes too long */
#define BOUNDED_LONGER 3

struct scenario {
    char initial[32];
    char thread[EXPLORE_THREADS][TEXT];
    unsigned threads;
    bool written; /* by hand, not a pair or triple */
};

struct run {
    struct explore_options options;
    const char *structure, *wanted, *path;
    bool verbose, list, pairs_only;
    double seconds, each; /* for all, for each scenario; 0: as long as it takes */
    struct scenario *scenario;
    unsigned scenarios;
    bool failed, stopped;
};

struct totals {
    unsigned scenarios;
    unsigned ended[2][EXPLORE_FAILED + 1]; /* pairs and triples, written ones; by enum explore_end */
    uint64_t states, transitions, ends;
    double seconds;
};

static const char usage[] =
    "usage: explore_NAME [--sc | --tso | --weak] [--bound N [--delays]] [--pairs] [--each N] [--seconds N] [--structure NAME]\n"
    "                    [--scenario 'op op | op @ initial'] [--replay CHOICES] [--list] [-v]\n"
    "  --tso      store buffers, as on x86 (default); --sc without, --weak with C11-like loads\n"
    "  --bound N  at most N preemptions: the result is not coverage\n"
    "  --delays   a switch that leaves a store behind in its thread's buffer counts as a preemption\n"
    "  --pairs    pairs and triples only, not the longer scenarios\n"
    "  --each N   a scenario that takes longer than N seconds (of CPU time, as all here) is run again with at most 3 preemptions,\n"
    "             then with 3, 2, 1, 0 with --delays, the last to its end\n"
    "  --seconds  give up after N seconds of the whole: not coverage either\n"
    "  --scenario one scenario, as --list prints it; --replay takes its choices from a failure's last line\n";

static void scenario_text(const struct scenario *s, char *to, size_t n)
{
    int used = 0;

    for (unsigned t = 0; t < s->threads; t++)
        used += snprintf(to + used, n - (size_t)used, "%s%s", t ? " | " : "", s->thread[t]);
    snprintf(to + used, n - (size_t)used, " @ %s", s->initial);
}

static bool same(const struct scenario *a, const struct scenario *b)
{
    char x[1024], y[1024];

    scenario_text(a, x, sizeof(x));
    scenario_text(b, y, sizeof(y));
    return !strcmp(x, y);
}

static void sort_threads(struct scenario *s)
{
    char swap[TEXT];

    for (unsigned i = 0; i < s->threads; i++)
        for (unsigned k = i + 1; k < s->threads; k++)
            if (strcmp(s->thread[i], s->thread[k]) > 0) {
                memcpy(swap, s->thread[i], TEXT);
                memcpy(s->thread[i], s->thread[k], TEXT);
                memcpy(s->thread[k], swap, TEXT);
            }
}

static void add(struct run *run, const struct scenario *s)
{
    for (unsigned i = 0; i < run->scenarios; i++)
        if (same(&run->scenario[i], s))
            return;
    if (run->scenarios < MAX_SCENARIOS)
        run->scenario[run->scenarios++] = *s;
}

/* Operations of one role in one thread, in the order given; the others each in their own. */
static void add_group(struct run *run, const struct explore_op *const *ops, unsigned n, const char *initial)
{
    struct scenario s = {0};
    unsigned role[EXPLORE_THREADS] = {0};

    snprintf(s.initial, sizeof(s.initial), "%s", initial);
    for (unsigned i = 0; i < n; i++) {
        unsigned t = 0;

        while (t < s.threads && (!ops[i]->role || role[t] != ops[i]->role))
            t++;
        if (t == s.threads)
            s.threads++;
        role[t] = ops[i]->role;
        if (s.thread[t][0])
            strncat(s.thread[t], " ", TEXT - strlen(s.thread[t]) - 1);
        strncat(s.thread[t], ops[i]->name, TEXT - strlen(s.thread[t]) - 1);
    }
    sort_threads(&s);
    add(run, &s);
}

static void add_pairs(struct run *run, const struct explore_structure *s, const char *initial)
{
    for (const struct explore_op *a = s->ops; a->name; a++)
        for (const struct explore_op *b = s->ops; b->name; b++) {
            const struct explore_op *ops[] = {a, b};

            add_group(run, ops, 2, initial);
        }
}

static void add_triples(struct run *run, const struct explore_structure *s, const char *initial)
{
    for (const struct explore_op *a = s->ops; a->name; a++)
        for (const struct explore_op *b = s->ops; b->name; b++)
            for (const struct explore_op *c = s->ops; c->name; c++) {
                const struct explore_op *ops[] = {a, b, c};

                add_group(run, ops, 3, initial);
            }
}

static bool is_named(const struct explore_structure *s, const char *name, size_t n)
{
    for (const struct explore_op *op = s->ops; op->name; op++)
        if (strlen(op->name) == n && !strncmp(op->name, name, n))
            return true;
    return false;
}

/* Also where only pairs are run: a name that is wrong must not wait for the next whole run. */
static void check_written(const struct explore_structure *s, const struct explore_scenario *w)
{
    const struct explore_initial *i = s->initials;

    while (i->name && strcmp(i->name, w->initial))
        i++;
    if (!i->name) {
        fprintf(stderr, "%s: no initial state %s\n", s->name, w->initial);
        exit(2);
    }
    for (unsigned t = 0; t < EXPLORE_THREADS && w->threads[t]; t++)
        for (const char *text = w->threads[t]; *(text += strspn(text, " ")); text += strcspn(text, " "))
            if (!is_named(s, text, strcspn(text, " "))) {
                fprintf(stderr, "%s: no operation %s\n", s->name, text);
                exit(2);
            }
}

static void add_written(struct run *run, const struct explore_scenario *w)
{
    struct scenario s = {.written = true};

    snprintf(s.initial, sizeof(s.initial), "%s", w->initial);
    for (; s.threads < EXPLORE_THREADS && w->threads[s.threads]; s.threads++)
        snprintf(s.thread[s.threads], TEXT, "%s", w->threads[s.threads]);
    add(run, &s);
}

static void list_scenarios(struct run *run, const struct explore_structure *s)
{
    run->scenarios = 0;
    for (const struct explore_initial *i = s->initials; i->name; i++)
        add_pairs(run, s, i->name);
    for (const struct explore_initial *i = s->initials; i->name && !s->no_triples; i++)
        add_triples(run, s, i->name);
    for (const struct explore_scenario *w = s->scenarios; w && w->initial; w++) {
        check_written(s, w);
        if (!run->pairs_only)
            add_written(run, w);
    }
}

static const char *memory_name(const struct run *run)
{
    static const char *const names[] = {"sc", "tso", "weak"};

    return names[run->options.memory];
}

static void view_of(const struct scenario *s, struct explore_scenario *view)
{
    *view = (struct explore_scenario){.initial = s->initial};
    for (unsigned t = 0; t < s->threads; t++)
        view->threads[t] = s->thread[t];
}

/* The failure again with as few preemptions as it needs, and its trace. */
static void report(struct run *run, const struct explore_structure *s, const struct scenario *sc, struct explore_result *r)
{
    struct explore_options o = run->options;
    struct explore_scenario view;
    char text[1024], bound[32] = "";

    view_of(sc, &view);
    for (o.bound = 0; run->options.bound < 0 && o.bound < 4; o.bound++) {
        explore_run(s, &view, &o, r);
        if (r->end == EXPLORE_FAILED)
            break;
    }
    if (r->end != EXPLORE_FAILED)
        o.bound = run->options.bound;
    o.trace = true;
    scenario_text(sc, text, sizeof(text));
    printf("FAILED %s: %s (%s)\n", s->name, text, memory_name(run));
    explore_run(s, &view, &o, r);
    if (o.bound >= 0)
        snprintf(bound, sizeof(bound), " --bound %d", o.bound);
    printf("  %s\n  again: --%s%s --structure %s --scenario '%s' --replay %s\n", r->message, memory_name(run), bound, s->name, text,
           r->path);
}

static double time_left(const struct run *run, const struct totals *sum)
{
    double left = run->seconds > 0 ? run->seconds - sum->seconds : 0;

    if (run->seconds > 0 && left < 0.01)
        left = 0.01;
    return run->each > 0 && (left <= 0 || run->each < left) ? run->each : left;
}

static void count(struct totals *sum, const struct scenario *sc, const struct explore_result *r)
{
    sum->scenarios++;
    sum->ended[sc->written][r->end]++;
    sum->states += r->states;
    sum->transitions += r->transitions;
    sum->ends += r->ends;
    sum->seconds += r->seconds;
}

static void print_scenario(const struct run *run, const struct scenario *sc, const struct explore_result *r,
                           const struct explore_options *o)
{
    static const char *const names[] = {"", "  bounded", "  cut off", "  FAILED"};
    char text[1024], with[32] = "";

    if (r->end == EXPLORE_BOUNDED)
        snprintf(with, sizeof(with), " %d%s", o->bound, o->delays ? " with delays" : "");
    scenario_text(sc, text, sizeof(text));
    if (run->verbose || (r->end != EXPLORE_COVERED && run->each > 0))
        printf("  %-60s %9lu states %9lu transitions %8.2f s%s%s\n", text, r->states, r->transitions, r->seconds, names[r->end], with);
}

/* The next bound for a scenario that took too long; false when there is none. */
static bool bound_more(struct explore_options *o)
{
    if (o->bound < 0)
        o->bound = BOUND;
    else if (!o->delays)
        o->delays = true;
    else
        return --o->bound >= 0;
    return true;
}

static void explore_one(struct run *run, const struct explore_structure *s, const struct scenario *sc, struct totals *sum)
{
    struct explore_options o = run->options;
    struct explore_scenario view;
    struct explore_result r;

    view_of(sc, &view);
    o.seconds = time_left(run, sum);
    o.trace = run->path != NULL;
    o.path = run->path;
    explore_run(s, &view, &o, &r);
    while (r.end == EXPLORE_STOPPED && run->each > 0 && bound_more(&o)) {
        sum->seconds += r.seconds;
        o.seconds = o.bound || run->seconds > 0 ? time_left(run, sum) * BOUNDED_LONGER : 0; /* the last one to its end */
        explore_run(s, &view, &o, &r);
    }
    count(sum, sc, &r);
    print_scenario(run, sc, &r, &o);
    if (r.end == EXPLORE_FAILED && !run->path)
        report(run, s, sc, &r);
    else if (run->path)
        printf("  %s\n", r.message[0] ? r.message : "no failure on this path");
    run->failed |= r.end == EXPLORE_FAILED;
    run->stopped |= r.end == EXPLORE_STOPPED;
}

/* Covered says: every pair and triple was exhausted. What the longer scenarios came to stands behind it. */
static void verdict_of(const struct run *run, const struct totals *sum, char *to, size_t n)
{
    const unsigned *pairs = sum->ended[0], *longer = sum->ended[1];
    int used;

    if (pairs[EXPLORE_FAILED] || longer[EXPLORE_FAILED])
        used = snprintf(to, n, "FAILED");
    else if (pairs[EXPLORE_STOPPED])
        used = snprintf(to, n, "cut off");
    else if (pairs[EXPLORE_BOUNDED])
        used = snprintf(to, n, "bounded");
    else
        used = snprintf(to, n, pairs[EXPLORE_COVERED] ? "covered" : "longer only");
    if (longer[EXPLORE_COVERED] + longer[EXPLORE_BOUNDED] + longer[EXPLORE_STOPPED])
        snprintf(to + used, n - (size_t)used, "; longer: %u covered, %u bounded, %u cut off", longer[EXPLORE_COVERED],
                 longer[EXPLORE_BOUNDED], longer[EXPLORE_STOPPED]);
}

static void print_line(const struct run *run, const struct explore_structure *s, const struct totals *sum)
{
    char verdict[128];

    verdict_of(run, sum, verdict, sizeof(verdict));
    printf("explore %-18s %-4s %5u scenarios %10lu states %11lu transitions %9lu ends %8.2f s  %s\n", s->name, memory_name(run),
           sum->scenarios, sum->states, sum->transitions, sum->ends, sum->seconds, verdict);
    fflush(stdout);
}

static void explore_structure(struct run *run, const struct explore_structure *s)
{
    struct totals sum = {0};
    char text[1024];

    list_scenarios(run, s);
    for (unsigned i = 0; i < run->scenarios && !run->failed; i++) {
        scenario_text(&run->scenario[i], text, sizeof(text));
        if (run->wanted && strcmp(run->wanted, text))
            continue;
        if (run->list)
            printf("%s: %s\n", s->name, text);
        else
            explore_one(run, s, &run->scenario[i], &sum);
    }
    if (!run->list && sum.scenarios)
        print_line(run, s, &sum);
}

static const char *value_of(char ***arg)
{
    if (!*++*arg) {
        fputs(usage, stderr);
        exit(2);
    }
    return **arg;
}

static void parse_option(struct run *run, char ***arg)
{
    const char *a = **arg;

    if (!strcmp(a, "--sc"))
        run->options.memory = EXPLORE_SC;
    else if (!strcmp(a, "--tso"))
        run->options.memory = EXPLORE_TSO;
    else if (!strcmp(a, "--weak"))
        run->options.memory = EXPLORE_WEAK;
    else if (!strcmp(a, "--bound"))
        run->options.bound = atoi(value_of(arg));
    else if (!strcmp(a, "--delays"))
        run->options.delays = true;
    else if (!strcmp(a, "--seconds"))
        run->seconds = atof(value_of(arg));
    else if (!strcmp(a, "--each"))
        run->each = atof(value_of(arg));
    else if (!strcmp(a, "--structure"))
        run->structure = value_of(arg);
    else if (!strcmp(a, "--scenario"))
        run->wanted = value_of(arg);
    else if (!strcmp(a, "--replay"))
        run->path = value_of(arg);
    else if (!strcmp(a, "--pairs"))
        run->pairs_only = true;
    else if (!strcmp(a, "--list"))
        run->list = true;
    else if (!strcmp(a, "-v"))
        run->verbose = true;
    else {
        fputs(usage, stderr);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    struct run run = {.options = {.memory = EXPLORE_TSO, .bound = -1}};
    unsigned explored = 0;

    (void)argc;
    for (char **arg = argv + 1; *arg; arg++)
        parse_option(&run, &arg);
    if (run.path && !run.wanted) {
        fputs(usage, stderr);
        return 2;
    }
    run.scenario = calloc(MAX_SCENARIOS, sizeof(*run.scenario));
    for (const struct explore_structure *const *s = explore_list; *s && !run.failed; s++) {
        if (run.structure && strcmp(run.structure, (*s)->name))
            continue;
        explored++;
        explore_structure(&run, *s);
    }
    free(run.scenario);
    if (!explored) {
        fprintf(stderr, "no structure %s\n", run.structure);
        return 2;
    }
    return run.failed ? 1 : run.stopped ? 3 : 0;
}
