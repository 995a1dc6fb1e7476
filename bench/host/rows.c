/* rows.c: see rows.h. The grid is fixed here. Where two thread counts of it are the same on this machine, they are one cell. */
#define _GNU_SOURCE
#include "bench/host/rows.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "bench/host/place.h"
#include "bench/host/samples.h"

struct bench_rows bench_rows;

static const unsigned sections_ns[] = {0, 100, 1000};
static const unsigned writers[] = {0, 10, 50, 100};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void add(const struct bench_subject *s, struct bench_cell cell)
{
    struct bench_row *grown;

    if (bench_rows.count % 256 == 0) {
        grown = realloc(bench_rows.row, (bench_rows.count + 256) * sizeof(*grown));
        if (!grown)
            abort();
        bench_rows.row = grown;
    }
    grown = &bench_rows.row[bench_rows.count++];
    memset(grown, 0, sizeof(*grown));
    grown->subject = s;
    grown->cell = cell;
}

static void add_grid(const struct bench_subject *s, unsigned threads, enum bench_place place)
{
    for (unsigned i = 0; i < COUNT(sections_ns); i++)
        for (unsigned w = 0; w < COUNT(writers); w++)
            add(s, (struct bench_cell){threads, sections_ns[i], writers[w], place});
}

static enum rows_extent extent;

static void add_threads(const struct bench_subject *s, unsigned threads, enum bench_place place)
{
    if (s->cells == CELLS_GRID && extent == ROWS_FEW)
        add(s, (struct bench_cell){threads, sections_ns[0], writers[1], place});
    else if (s->cells == CELLS_GRID)
        add_grid(s, threads, place);
    else
        add(s, (struct bench_cell){threads, 0, 0, place});
}

/* Two threads at every distance the machine has; then all processors, then twice as many threads. */
static void add_contended(const struct bench_subject *s, unsigned cpus)
{
    for (enum bench_place p = PLACE_SAME_CORE; p < PLACE_KINDS; p++)
        if (place_has(p))
            add_threads(s, 2, p);
    if (cpus > 2)
        add_threads(s, cpus, PLACE_SPREAD);
    add_threads(s, cpus > 1 ? 2 * cpus : 2, PLACE_SPREAD);
}

static bool wanted(const struct bench_subject *s, const char *filter)
{
    return !filter || strstr(s->structure, filter) || strstr(s->name, filter);
}

void rows_make(const char *filter, unsigned cpus, enum rows_extent which)
{
    extent = which;
    for (unsigned l = 0; bench_lists[l]; l++) {
        for (unsigned i = 0; i < bench_lists[l]->count; i++) {
            const struct bench_subject *s = &bench_lists[l]->subjects[i];

            if (!wanted(s, filter))
                continue;
            if (s->batch)
                add(s, (struct bench_cell){1, 0, 100, PLACE_SPREAD});
            if (s->run && extent != ROWS_ALONE)
                add_contended(s, cpus);
        }
    }
}

void rows_name(const struct bench_row *row, char *name, unsigned long bytes)
{
    const struct bench_cell *c = &row->cell;
    int at = snprintf(name, bytes, "%s/%s/threads:%u", row->subject->structure, row->subject->name, c->threads);

    if (c->threads > 1)
        snprintf(name + at, bytes - (unsigned long)at, "/section:%u/writers:%u/%s", c->section_ns, c->writers, place_name(c->place));
}

static double deadline = INFINITY;
static unsigned left_out;

static double now_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

void rows_limit(double seconds)
{
    deadline = now_s() + seconds;
}

unsigned rows_left_out(void)
{
    return left_out;
}

double rows_measure(struct bench_row *row)
{
    struct measure_result r;

    if (now_s() > deadline) {
        left_out++;
        return 0;
    }
    r = measure_repetition(row->subject, &row->cell);
    if (!r.ok && !row->failed)
        fprintf(stderr, "hostbench: check failed: %s, %s, %u threads\n", row->subject->structure, row->subject->name, row->cell.threads);
    row->failed |= !r.ok;
    if (row->taken < ROWS_MAX_REPETITIONS)
        row->ns[row->taken++] = r.ns;
    row->instructions = r.instructions;
    row->cycles = r.cycles;
    return r.ns;
}

void rows_finish(void)
{
    for (unsigned i = 0; i < bench_rows.count; i++) {
        struct bench_row *r = &bench_rows.row[i];

        if (!r->taken)
            continue;
        r->median = samples_median(r->ns, r->taken);
        r->mad = samples_mad(r->ns, r->taken, r->median);
    }
}
