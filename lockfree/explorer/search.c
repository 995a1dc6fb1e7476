/* search.c: the search itself: depth first over the states of one scenario, each seen once. States are kept as 64-bit fingerprints;
 * the path to the current one as snapshots. A bound counts preemptions: switches away from a thread that could have gone on,
 * and with option `delays` those that leave a store behind in its buffer.
 * Must never report covered when anything was cut off. */
#include "lockfree/explorer/engine.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define PATH_BYTES (1ull << 34) /* address space for snapshots; touched pages only count */
#define MAX_DEPTH 4096
#define LONG_PASS 20000 /* transitions: a pass that was this long for nothing shall not happen again and again */
#define LEARN_BOUND 2   /* preemptions that show nearly all of what is shared */

struct choice {
    uint8_t thread, alternative, flush;
};

struct frame {
    size_t snapshot; /* where it starts */
    struct choice choice[THREADS * (HISTORY + 1)];
    unsigned n, next;
    struct choice taken;
};

struct search {
    struct frame *frame;
    unsigned depth;
    uint8_t *snapshots;
    size_t top;
    uint64_t *seen; /* open addressing, 0 is empty */
    uint64_t nseen, slots;
    uint64_t learn_until; /* transitions: this pass does not count, but there may be more to learn near by */
    bool loaded;          /* the world is the state of the topmost frame */
    double deadline;
};

/* CPU time: a busy host must not turn a whole search into a bounded one. */
static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static void seen_insert(uint64_t *table, uint64_t slots, uint64_t h)
{
    uint64_t i = h % slots;

    while (table[i])
        i = (i + 1) % slots;
    table[i] = h;
}

static void seen_grow(struct search *s)
{
    uint64_t slots = s->slots * 2;
    uint64_t *table = calloc(slots, sizeof(*table));

    for (uint64_t i = 0; i < s->slots; i++)
        if (s->seen[i])
            seen_insert(table, slots, s->seen[i]);
    free(s->seen);
    s->seen = table;
    s->slots = slots;
}

/* True when it is new. */
static bool seen_add(struct search *s, uint64_t h)
{
    for (uint64_t i = h % s->slots; s->seen[i]; i = (i + 1) % s->slots)
        if (s->seen[i] == h)
            return false;
    if (s->nseen * 3 > s->slots * 2)
        seen_grow(s);
    seen_insert(s->seen, s->slots, h);
    s->nseen++;
    return true;
}

static bool is_preemption(unsigned to)
{
    unsigned last = E->w.last;

    if (E->options.bound < 0 || last == to || last >= E->threads)
        return false;
    return step_enabled(last) || (E->options.delays && E->w.thread[last].stores);
}

static bool may_switch(unsigned to)
{
    return !is_preemption(to) || E->w.preemptions < E->options.bound;
}

static void add_thread(struct frame *f, unsigned t)
{
    unsigned n = step_enabled(t) && may_switch(t) ? step_choices(t) : 0;

    for (unsigned a = 0; a < n; a++)
        f->choice[f->n++] = (struct choice){(uint8_t)t, (uint8_t)a, 0};
}

/* The thread that ran last goes on first: failures are then found with few switches. */
static void list_choices(struct frame *f)
{
    unsigned last = E->w.last;

    f->n = f->next = 0;
    if (last < E->threads)
        add_thread(f, last);
    for (unsigned t = 0; t < E->threads; t++)
        if (t != last)
            add_thread(f, t);
    for (unsigned t = 0; t < E->threads; t++)
        if (E->w.thread[t].stores)
            f->choice[f->n++] = (struct choice){(uint8_t)t, 0, 1};
}

static void take(struct choice c)
{
    if (c.flush) {
        step_flush(c.thread);
        return;
    }
    if (E->options.bound >= 0) {
        E->w.preemptions += is_preemption(c.thread);
        E->w.last = c.thread;
    }
    step_thread(c.thread, c.alternative);
    if (E->options.bound < 0)
        E->w.last = THREADS;
}

static void describe_path(const struct search *s)
{
    char *p = E->result->path, *end = p + sizeof(E->result->path);

    for (unsigned i = 0; i < s->depth && end - p > 8; i++) {
        struct choice c = s->frame[i].taken;

        p += snprintf(p, (size_t)(end - p), "%s%s%u", i ? "," : "", c.flush ? "f" : "", c.thread);
        if (c.alternative)
            p += snprintf(p, (size_t)(end - p), ":%u", c.alternative);
    }
}

static void collect_outcome(void)
{
    uint64_t v;

    if (!E->s->observe)
        return;
    v = E->s->observe();
    for (unsigned i = 0; i < E->result->outcomes; i++)
        if (E->result->outcome[i] == v)
            return;
    if (E->result->outcomes < EXPLORE_OUTCOMES)
        E->result->outcome[E->result->outcomes++] = v;
}

static void at_end(void)
{
    E->result->ends++;
    collect_outcome();
    step_finish();
}

/* A state was reached: when it is new, it is saved and its choices are listed. */
static void arrive(struct search *s)
{
    struct frame *f = &s->frame[s->depth];
    uint8_t *snapshot = s->snapshots + s->top;
    size_t n;

    clock_normalize();
    if (E->options.memory == EXPLORE_WEAK)
        weak_normalize();
    n = world_save(snapshot);
    if (!seen_add(s, world_hash(snapshot, n)))
        return;
    if (step_is_end()) {
        at_end();
        return;
    }
    list_choices(f);
    if (!f->n) {
        step_fail("deadlock: every thread that has not ended waits for a change that nobody will make");
        return;
    }
    if (s->depth == MAX_DEPTH) {
        step_fail("more than %d steps", MAX_DEPTH);
        return;
    }
    f->snapshot = s->top;
    s->top += n;
    s->depth++;
    s->loaded = true;
}

static bool stopped(const struct search *s)
{
    return s->deadline > 0 && E->result->transitions % 1024 == 0 && now() > s->deadline;
}

/* A pass in which something was learned goes on for half as long again: what is learned together is learned at once. */
static bool learned_enough(struct search *s)
{
    if (!E->learned)
        return false;
    if (!s->learn_until)
        s->learn_until = E->result->transitions * 3 / 2;
    return E->result->transitions >= s->learn_until;
}

/* One pass with what is known of the locations; false when something was learned and the pass does not count. */
static bool pass(struct search *s, const struct explore_initial *initial, bool *out_of_time)
{
    s->depth = 0;
    s->top = 0;
    s->nseen = 0;
    s->learn_until = 0;
    s->loaded = false;
    memset(s->seen, 0, s->slots * sizeof(*s->seen));
    E->learned = false;
    E->result->transitions = E->result->ends = E->result->outcomes = 0;
    step_start(initial);
    if (!E->failed)
        arrive(s);
    while (s->depth && !E->failed && !learned_enough(s)) {
        struct frame *f = &s->frame[s->depth - 1];

        if (f->next == f->n) {
            s->depth--;
            s->top = f->snapshot;
            continue;
        }
        if (stopped(s)) {
            *out_of_time = true;
            return true;
        }
        if (!s->loaded)
            world_load(s->snapshots + f->snapshot);
        s->loaded = false;
        f->taken = f->choice[f->next++];
        E->result->transitions++;
        take(f->taken);
        if (!E->failed)
            arrive(s);
    }
    return !E->learned;
}

static const char *read_choice(const char *p, struct choice *c)
{
    char *end;

    p += *p == ',';
    *c = (struct choice){0};
    c->flush = *p == 'f';
    p += *p == 'f';
    c->thread = (uint8_t)strtoul(p, &end, 10);
    if (*end == ':')
        c->alternative = (uint8_t)strtoul(end + 1, &end, 10);
    return end;
}

static bool choice_is_there(struct choice c)
{
    struct frame f;

    list_choices(&f);
    for (unsigned i = 0; i < f.n; i++)
        if (!memcmp(&f.choice[i], &c, sizeof(c)))
            return true;
    return false;
}

/* The locations that are shared must be known first: they decide what a step is. */
static void replay(const struct explore_initial *initial, const char *path)
{
    E->tracing = E->options.trace;
    step_start(initial);
    while (*path && !E->failed) {
        struct choice c;

        path = read_choice(path, &c);
        if (c.thread >= E->threads || !choice_is_there(c)) {
            step_fail("the path does not fit this scenario: no choice %s%u:%u here", c.flush ? "f" : "", c.thread,
                      c.alternative);
            break;
        }
        take(c);
        clock_normalize();
        if (E->options.memory == EXPLORE_WEAK)
            weak_normalize();
    }
    if (!E->failed && step_is_end())
        step_finish();
    E->tracing = false;
}

static const struct explore_op *op_named(const struct explore_structure *s, const char *name, size_t n)
{
    for (const struct explore_op *op = s->ops; op->name; op++)
        if (strlen(op->name) == n && !strncmp(op->name, name, n))
            return op;
    fprintf(stderr, "%s: no operation %.*s\n", s->name, (int)n, name);
    exit(2);
}

unsigned explore_total(void)
{
    return E->total;
}

static void parse_thread(unsigned t, const char *text)
{
    while (*(text += strspn(text, " "))) {
        size_t n = strcspn(text, " ");

        if (E->total == EXPLORE_OPS) {
            fprintf(stderr, "%s: more than %d operations\n", E->s->name, EXPLORE_OPS);
            exit(2);
        }
        E->op[t][E->nops[t]] = op_named(E->s, text, n);
        E->serial[t][E->nops[t]++] = (uint8_t)E->total++;
        text += n;
    }
}

static const struct explore_initial *parse(const struct explore_scenario *scenario)
{
    const struct explore_initial *initial = E->s->initials;

    memset(E->nops, 0, sizeof(E->nops));
    E->total = E->threads = 0;
    for (unsigned t = 0; t < THREADS && scenario->threads[t]; t++) {
        parse_thread(t, scenario->threads[t]);
        E->threads++;
    }
    while (initial->name && strcmp(initial->name, scenario->initial))
        initial++;
    if (!initial->name) {
        fprintf(stderr, "%s: no initial state %s\n", E->s->name, scenario->initial);
        exit(2);
    }
    return initial;
}

static void forget_locations(void)
{
    memset(E->loc, 0, sizeof(E->loc));
    memset(E->loc_slot, 0, sizeof(E->loc_slot));
    E->locs = E->weak_locs = 0;
}

static void search_init(struct search *s)
{
    s->frame = malloc((MAX_DEPTH + 1) * sizeof(*s->frame));
    s->slots = 1 << 16;
    s->seen = calloc(s->slots, sizeof(*s->seen));
    s->snapshots = mmap(NULL, PATH_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static void search_free(struct search *s)
{
    free(s->frame);
    free(s->seen);
    munmap(s->snapshots, PATH_BYTES);
}

/* Searches with few preemptions, until they show nothing new: cheap, and the search that counts seldom starts again then. */
static void learn_quickly(struct search *s, const struct explore_initial *initial, bool *out_of_time)
{
    int bound = E->options.bound;

    E->options.bound = LEARN_BOUND;
    while (!pass(s, initial, out_of_time))
        continue;
    E->options.bound = bound;
}

static void explore(struct search *s, const struct explore_initial *initial)
{
    struct explore_result *r = E->result;
    bool out_of_time = false, learned = E->options.bound >= 0;

    while (!pass(s, initial, &out_of_time))
        if (r->transitions > LONG_PASS && !learned) {
            learned = true;
            learn_quickly(s, initial, &out_of_time);
            if (E->failed || out_of_time)
                break;
        }
    r->states = s->nseen;
    r->end = E->options.bound >= 0 ? EXPLORE_BOUNDED : EXPLORE_COVERED;
    if (out_of_time)
        r->end = EXPLORE_STOPPED;
    if (E->failed) {
        r->end = EXPLORE_FAILED;
        describe_path(s);
    }
    if (E->options.trace && (E->failed || E->options.path))
        replay(initial, E->options.path ? E->options.path : r->path);
}

void explore_run(const struct explore_structure *structure, const struct explore_scenario *scenario,
                 const struct explore_options *options, struct explore_result *result)
{
    struct search s = {0};
    double start = now();
    const struct explore_initial *initial;

    world_init();
    memset(result, 0, sizeof(*result));
    E->s = structure;
    E->options = *options;
    E->result = result;
    initial = parse(scenario);
    forget_locations();
    search_init(&s);
    s.deadline = options->seconds > 0 ? start + options->seconds : 0;
    explore(&s, initial);
    search_free(&s);
    world_reset();
    result->seconds = now() - start;
}
