/* explorer_test.c: the explorer sees what each memory allows and nothing else, finds each known bug, reports a bounded search as
 * bounded, and a failure's path leads to the same failure. */
#include "lockfree/explorer/litmus.h"
#include <stdio.h>
#include <string.h>

static const char *const memory_names[] = {"sc", "tso", "weak"};

static bool saw(const struct explore_result *r, uint64_t outcome)
{
    for (unsigned i = 0; i < r->outcomes; i++)
        if (r->outcome[i] == outcome)
            return true;
    return false;
}

static unsigned check_litmus(const struct litmus *l, enum explore_memory memory)
{
    struct explore_options options = {.memory = memory, .bound = -1};
    struct explore_result r;
    bool ok;

    explore_run(&l->structure, &l->scenario, &options, &r);
    ok = r.end == EXPLORE_COVERED && saw(&r, l->outcome) == l->reachable[memory];
    printf("%s explorer.%s.%s: %s, %lu states, %u outcomes %s\n", ok ? "ok" : "not ok", memory_names[memory], l->structure.name,
           saw(&r, l->outcome) ? "seen" : "not seen", r.states, r.outcomes, r.message);
    return !ok;
}

static unsigned check_bug(const struct bug *b, enum explore_memory memory)
{
    struct explore_options options = {.memory = memory, .bound = -1};
    const char *want = b->message[memory];
    struct explore_result r;
    bool ok;

    explore_run(&b->structure, &b->scenario, &options, &r);
    ok = want ? r.end == EXPLORE_FAILED && strstr(r.message, want) : r.end == EXPLORE_COVERED;
    printf("%s explorer.%s.%s: %s\n", ok ? "ok" : "not ok", memory_names[memory], b->structure.name,
           r.message[0] ? r.message : "no error");
    return !ok;
}

static const struct bug *bug_named(const char *name)
{
    const struct bug *b = litmus_bugs;

    while (strcmp(b->structure.name, name))
        b++;
    return b;
}

/* ABA needs a switch into the middle of a pop and one back: without preemptions it must not be found, and not called covered. */
static unsigned check_bound(void)
{
    const struct bug *b = bug_named("ABA");
    struct explore_result r;
    bool ok = true;

    for (int bound = 0; bound < 3; bound++) {
        struct explore_options options = {.memory = EXPLORE_SC, .bound = bound};

        explore_run(&b->structure, &b->scenario, &options, &r);
        ok &= r.end == (bound ? EXPLORE_FAILED : EXPLORE_BOUNDED);
    }
    printf("%s explorer.bound\n", ok ? "ok" : "not ok");
    return !ok;
}

/* Dekker without fences needs a store that arrives late, but no preemption: where delays count, not without one. */
static unsigned check_delays(void)
{
    const struct bug *b = bug_named("Dekker");
    struct explore_result r;
    bool ok = true;

    for (int i = 0; i < 4; i++) {
        struct explore_options options = {.memory = EXPLORE_TSO, .bound = i / 2, .delays = i % 2};

        explore_run(&b->structure, &b->scenario, &options, &r);
        ok &= r.end == (i == 1 ? EXPLORE_BOUNDED : EXPLORE_FAILED);
    }
    printf("%s explorer.delays\n", ok ? "ok" : "not ok");
    return !ok;
}

static unsigned check_replay(void)
{
    const struct bug *b = bug_named("Dekker");
    struct explore_options options = {.memory = EXPLORE_TSO, .bound = -1};
    struct explore_result first, again;
    char path[sizeof(first.path)];
    bool ok;

    explore_run(&b->structure, &b->scenario, &options, &first);
    memcpy(path, first.path, sizeof(path));
    options.trace = true;
    options.path = path;
    explore_run(&b->structure, &b->scenario, &options, &again);
    ok = path[0] && !strcmp(first.message, again.message);
    printf("%s explorer.replay: %s\n", ok ? "ok" : "not ok", path);
    return !ok;
}

int main(void)
{
    unsigned bad = check_bound() + check_delays() + check_replay();

    for (enum explore_memory m = EXPLORE_SC; m <= EXPLORE_WEAK; m++) {
        for (const struct litmus *l = litmus_tests; l->structure.name; l++)
            bad += check_litmus(l, m);
        for (const struct bug *b = litmus_bugs; b->structure.name; b++)
            bad += check_bug(b, m);
    }
    printf("%u wrong\n", bad);
    return bad != 0;
}
