/* compare.c: see compare.h. */
#include "bench/host/compare.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LIMITS_AT_GHZ 3.0

static bool is_cell(const struct bench_row *r, const struct bench_subject *s, bool contended)
{
    return r->subject == s && r->taken && (r->cell.threads > 1) == contended;
}

static const struct bench_row *row_in_cell(const struct bench_subject *s, const struct bench_cell *cell)
{
    for (unsigned i = 0; i < bench_rows.count; i++)
        if (bench_rows.row[i].subject == s && !memcmp(&bench_rows.row[i].cell, cell, sizeof(*cell)))
            return bench_rows.row[i].taken ? &bench_rows.row[i] : NULL;
    return NULL;
}

struct bench_figure compare_figure(const struct bench_subject *s, bool contended, const struct bench_subject *beside)
{
    struct bench_figure f = {.subject = s};
    double logs = 0, spreads = 0;

    for (unsigned i = 0; i < bench_rows.count; i++) {
        const struct bench_row *r = &bench_rows.row[i];

        if (!is_cell(r, s, contended) || (beside && !row_in_cell(beside, &r->cell)))
            continue;
        f.taken = f.cells && f.taken < r->taken ? f.taken : r->taken;
        f.cells++;
        f.failed |= r->failed;
        logs += log(r->median);
        spreads += (r->mad / r->median) * (r->mad / r->median);
    }
    if (f.cells) {
        f.ns = exp(logs / f.cells);
        f.spread = f.ns * sqrt(spreads) / f.cells;
    }
    return f;
}

/* The peer beside which ours looks worst; both figures are over the cells that both have. */
static void find_peer(struct bench_comparison *c)
{
    const struct bench_subject *ours = c->ours.subject;
    double worst = 0;

    for (unsigned l = 0; bench_lists[l]; l++) {
        for (unsigned i = 0; i < bench_lists[l]->count; i++) {
            const struct bench_subject *s = &bench_lists[l]->subjects[i];
            struct bench_figure peer, mine;

            if (s->side != SIDE_PEER || strcmp(s->structure, ours->structure))
                continue;
            peer = compare_figure(s, c->contended, ours);
            mine = compare_figure(ours, c->contended, s);
            if (!peer.cells || peer.failed || mine.ns / peer.ns <= worst)
                continue;
            worst = mine.ns / peer.ns;
            mine.failed |= c->ours.failed; /* in a cell that the peer does not have, too */
            c->peer = peer;
            c->ours = mine;
        }
    }
}

static void find_worst(struct bench_comparison *c)
{
    for (unsigned i = 0; i < bench_rows.count; i++) {
        const struct bench_row *r = &bench_rows.row[i], *p;

        if (!is_cell(r, c->ours.subject, true))
            continue;
        p = row_in_cell(c->peer.subject, &r->cell);
        if (p && (!c->worst || r->median / p->median > c->worst_ratio)) {
            c->worst = r;
            c->worst_peer = p;
            c->worst_ratio = r->median / p->median;
        }
    }
}

static void judge(struct bench_comparison *c)
{
    double limit = c->ours.subject->limit_ns;

    if (limit > 0 && !c->contended) {
        c->ratio = c->ours.ns * measure_ghz() / LIMITS_AT_GHZ / limit;
        c->verdict = c->ratio <= 1 ? VERDICT_AHEAD : VERDICT_LOST;
    } else if (c->peer.subject) {
        c->ratio = c->ours.ns / c->peer.ns;
        c->verdict = samples_compare(c->ours.ns, c->ours.spread, c->peer.ns, c->peer.spread,
                                     c->ours.taken < c->peer.taken ? c->ours.taken : c->peer.taken);
        if (c->contended)
            find_worst(c);
    } else {
        c->verdict = VERDICT_SAME;
    }
    if (c->ours.failed)
        c->verdict = VERDICT_LOST;
}

static int lost_first(const void *a, const void *b)
{
    const struct bench_comparison *x = a, *y = b;

    if (x->verdict != y->verdict)
        return (int)x->verdict - (int)y->verdict;
    return (x->ratio < y->ratio) - (x->ratio > y->ratio);
}

static void add(struct bench_comparisons *all, const struct bench_subject *s, bool contended)
{
    struct bench_comparison c = {.contended = contended, .ours = compare_figure(s, contended, NULL)};

    if (!c.ours.cells)
        return;
    find_peer(&c);
    judge(&c);
    all->c = realloc(all->c, (all->count + 1) * sizeof(c));
    if (!all->c)
        abort();
    all->c[all->count++] = c;
}

struct bench_comparisons compare_rows(void)
{
    struct bench_comparisons all = {NULL, 0};

    for (unsigned l = 0; bench_lists[l]; l++) {
        for (unsigned i = 0; i < bench_lists[l]->count; i++) {
            const struct bench_subject *s = &bench_lists[l]->subjects[i];

            if (s->side != SIDE_OURS)
                continue;
            add(&all, s, false);
            add(&all, s, true);
        }
    }
    qsort(all.c, all.count, sizeof(*all.c), lost_first);
    return all;
}
