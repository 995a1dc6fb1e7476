/* linearize.c: linearizability while the execution runs. Keeps every order of the operations so far that explains their results, as
 * the model's state after it; an operation is put into an order only when it must be there. No order left is an error.
 *
 * An operation begins when another thread can first notice it (a read, or its first store arrives) and ends when it has returned and its stores have
 * arrived in memory: that is when the machine guarantees anything (under SC: when it returned). With weak memory there is no
 * common time: there only each thread's own order counts.
 * Source: Lowe, "Testing for linearizability", CCPE 2017 (just-in-time linearization). */
#include "lockfree/explorer/engine.h"
#include <stdlib.h>
#include <string.h>

void history_reset(const void *model)
{
    memset(E->w.config, 0, sizeof(E->w.config[0]));
    memcpy(E->w.config[0].model, model, EXPLORE_MODEL_BYTES);
    E->w.configs = 1;
}

void history_invoke(unsigned t)
{
    E->w.thread[t].invoked++;
}

static void add(struct configs *list, const struct config *c)
{
    uint64_t hash = world_hash((const uint8_t *)c, sizeof(*c));

    for (unsigned i = 0; i < list->n; i++)
        if (list->hash[i] == hash && !memcmp(&list->config[i], c, sizeof(*c)))
            return;
    if (list->n == MAX_CONFIGS) {
        step_fail("more than %d orders of the operations are possible", MAX_CONFIGS);
        return;
    }
    list->hash[list->n] = hash;
    list->config[list->n++] = *c;
}

/* Puts thread u's next operation behind the order c, in every way its result (if known) allows. */
static void extend(const struct config *c, unsigned u)
{
    const struct thread *th = &E->w.thread[u];
    unsigned k = c->done[u];
    const struct explore_op *op = E->op[u][k];

    for (unsigned outcome = 0;; outcome++) {
        struct config next = *c;
        uint64_t result = 0;

        if (op->spec ? !op->spec(next.model, u, E->serial[u][k], outcome, &result) : outcome > 0)
            return;
        next.done[u]++;
        if (k < th->responded && op->spec && result != E->w.results[u][k])
            continue;
        if (k >= th->responded)
            next.predicted[u] = result;
        add(&E->work, &next);
    }
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct config));
}

static void publish(const struct configs *list)
{
    memcpy(E->w.config, list->config, list->n * sizeof(list->config[0]));
    E->w.configs = list->n;
    qsort(E->w.config, list->n, sizeof(list->config[0]), compare);
    if (!list->n)
        step_fail("not linearizable: no order of the operations explains their results");
}

/* Every order must now contain operation k of t. */
static void require(unsigned t, unsigned k)
{
    E->work.n = E->found.n = 0;
    for (unsigned i = 0; i < E->w.configs; i++)
        add(&E->work, &E->w.config[i]);
    for (unsigned i = 0; i < E->work.n && !E->failed; i++) {
        const struct config *c = &E->work.config[i];

        if (c->done[t] > k) {
            add(&E->found, c);
            continue;
        }
        for (unsigned u = 0; u < E->threads; u++)
            if (c->done[u] < E->w.thread[u].invoked)
                extend(c, u);
    }
    if (!E->failed)
        publish(&E->found);
}

void history_respond(unsigned t, uint64_t result)
{
    struct thread *th = &E->w.thread[t];
    unsigned k = th->responded++;
    const struct explore_op *op = E->op[t][k];

    E->w.results[t][k] = result;
    E->found.n = 0;
    for (unsigned i = 0; i < E->w.configs; i++) {
        struct config c = E->w.config[i];

        if (c.done[t] > k && op->spec && c.predicted[t] != result)
            continue;
        c.predicted[t] = 0;
        add(&E->found, &c);
    }
    publish(&E->found);
}

void history_retire(unsigned t, unsigned count)
{
    struct thread *th = &E->w.thread[t];

    for (; th->retired < count && !E->failed; th->retired++) {
        require(t, th->retired);
        E->w.results[t][th->retired] = 0;
    }
}

/* The last operation, run alone after everything has retired. */
bool history_accepts(const struct explore_op *op, unsigned serial, uint64_t result)
{
    for (unsigned i = 0; op->spec && i < E->w.configs; i++) {
        for (unsigned outcome = 0;; outcome++) {
            struct config c = E->w.config[i];
            uint64_t want = 0;

            if (!op->spec(c.model, 0, serial, outcome, &want))
                break;
            if (want == result)
                return true;
        }
    }
    return !op->spec;
}
