/* table.c: table.h's printed half. Times are ns per operation, in contended rows the window's time by everybody's operations. */
#include "bench/host/table.h"
#include <stdio.h>
#include <string.h>

static const char *const verdict_names[] = {"LOST", "too few", "same", "ahead"};

static void print_head(const char *title)
{
    printf("\n%s\n%-16s %-30s %-24s %9s  %-38s %9s %7s %6s  %s\n", title, "structure", "contract", "ours", "ns", "best peer", "ns",
           "ratio", "noise", "verdict");
}

static const char *verdict_of(const struct bench_comparison *c)
{
    if (c->ours.failed)
        return "CHECK FAILED";
    if (!c->peer.subject && !c->ours.subject->limit_ns)
        return "no peer";
    return verdict_names[c->verdict];
}

static void print_comparison(const struct bench_comparison *c)
{
    const struct bench_subject *s = c->ours.subject, *p = c->peer.subject;
    char peer[80] = "-";
    double noise = c->ours.ns > 0 ? c->ours.spread / c->ours.ns : 0;

    if (s->limit_ns > 0 && !c->contended)
        snprintf(peer, sizeof(peer), "target at 3 GHz");
    else if (p)
        snprintf(peer, sizeof(peer), "%s (%s)", p->name, p->library);
    printf("%-16s %-30s %-24s %9.2f  %-38s %9.2f %7.3f %5.1f%%  %s\n", s->structure, s->contract, s->name, c->ours.ns, peer,
           s->limit_ns > 0 && !c->contended ? s->limit_ns : c->peer.ns, c->ratio, 100 * noise, verdict_of(c));
    if (c->worst)
        printf("%-16s   %u cells; worst: %u threads (%s), section %u ns, %u %% writers: %.1f against %.1f ns, ratio %.3f\n", "",
               c->ours.cells, c->worst->cell.threads,
               c->worst->cell.place == PLACE_SPREAD ? "spread" : c->worst->cell.place == PLACE_SAME_LLC ? "same LLC" : "placed",
               c->worst->cell.section_ns, c->worst->cell.writers, c->worst->median, c->worst_peer->median, c->worst_ratio);
}

static void print_all(const struct bench_comparisons *all, bool contended, const char *title)
{
    print_head(title);
    for (unsigned i = 0; i < all->count; i++)
        if (all->c[i].contended == contended)
            print_comparison(&all->c[i]);
}

/* Everybody, so that nothing hides behind the choice of the peer. */
static void print_subjects(void)
{
    printf("\nevery subject: alone, contended (geometric mean), instructions and cycles alone where they are counted\n");
    for (unsigned l = 0; bench_lists[l]; l++) {
        for (unsigned i = 0; i < bench_lists[l]->count; i++) {
            const struct bench_subject *s = &bench_lists[l]->subjects[i];
            struct bench_figure alone = compare_figure(s, false, NULL), contended = compare_figure(s, true, NULL);

            if (alone.cells || contended.cells)
                printf("%-16s %-34s %-30s %-14s %9.2f %9.2f %s%s\n", s->structure, s->contract, s->name, s->library, alone.ns,
                       contended.ns, s->side == SIDE_OTHER ? "other contract" : "",
                       alone.failed || contended.failed ? " CHECK FAILED" : "");
        }
    }
}

static unsigned count_verdict(const struct bench_comparisons *all, const char *name)
{
    unsigned n = 0;

    for (unsigned i = 0; i < all->count; i++)
        n += !strcmp(verdict_of(&all->c[i]), name);
    return n;
}

bool table_print(const struct bench_comparisons *all)
{
    unsigned failed = count_verdict(all, "CHECK FAILED");

    print_subjects();
    print_all(all, false, "alone: one thread, the fastest of some batches; median of the repetitions");
    print_all(all, true, "contended: geometric mean over the cells, the worst cell below it");
    printf("\n%u comparisons: %u lost, %u same, %u ahead, %u of too few repetitions, %u without a peer, %u failed a check\n", all->count,
           count_verdict(all, "LOST"), count_verdict(all, "same"), count_verdict(all, "ahead"), count_verdict(all, "too few"),
           count_verdict(all, "no peer"), failed);
    return !failed && all->count > 0;
}
