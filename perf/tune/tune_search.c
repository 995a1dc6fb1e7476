// See the header for the method. The order of the trials depends on the space and the seed only.
#include "perf/tune/tune_search.h"

#include "perf/stats/rank_tests.h"
#include "perf/stats/resample.h"
#include "perf/util/text_buf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SOBOL_BITS     20
#define PROMOTED_WHOLE 2 // of those tried with half of the iterations

// Primitive polynomials and first directions of dimensions 2 to 8 (Joe and Kuo 2008, new-joe-kuo-6).
static const struct {
    int degree, a, m[5];
} directions[TUNE_KNOBS_MAX - 1] = {
    {1, 0, {1}},          {2, 1, {1, 3}},       {3, 1, {1, 3, 1}},    {3, 2, {1, 1, 1}},
    {4, 1, {1, 1, 3, 3}}, {4, 4, {1, 3, 5, 13}}, {5, 2, {1, 1, 5, 5, 17}},
};

static void directions_of(int dimension, uint32_t v[SOBOL_BITS])
{
    if (dimension == 0) {
        for (int i = 0; i < SOBOL_BITS; i++)
            v[i] = 1u << (SOBOL_BITS - 1 - i);
        return;
    }
    int s = directions[dimension - 1].degree, a = directions[dimension - 1].a;
    for (int i = 0; i < SOBOL_BITS; i++) {
        if (i < s) {
            v[i] = (uint32_t)directions[dimension - 1].m[i] << (SOBOL_BITS - 1 - i);
            continue;
        }
        v[i] = v[i - s] ^ v[i - s] >> s;
        for (int k = 1; k < s; k++)
            if (a >> (s - 1 - k) & 1)
                v[i] ^= v[i - k];
    }
}

void tune_sobol(unsigned i, int d, double *out)
{
    uint32_t gray = i ^ i >> 1, v[SOBOL_BITS];
    for (int k = 0; k < d; k++) {
        uint32_t x = 0;
        directions_of(k, v);
        for (int b = 0; b < SOBOL_BITS; b++)
            x ^= gray >> b & 1 ? v[b] : 0;
        out[k] = x / (double)(1u << SOBOL_BITS);
    }
}

static bool is_default(const struct tune_space *s, const int *level)
{
    for (int k = 0; k < s->knobs; k++)
        if (level[k] != s->knob[k].standard)
            return false;
    return true;
}

static bool tried(const struct tune_search *s, const int *level, double fidelity)
{
    for (int i = 0; i < s->trials; i++)
        if (s->trial[i].fidelity >= fidelity &&
            !memcmp(s->trial[i].level, level, s->space->knobs * sizeof(*level)))
            return true;
    return false;
}

static double score_of(const struct tune_search *s, const double *ratio)
{
    double sum = 0;
    for (int o = 0; o < s->space->objectives; o++)
        sum += log(ratio[o]);
    return exp(sum / s->space->objectives);
}

static void try_one(struct tune_search *s, const int *level, double fidelity)
{
    struct tune_evaluation e;
    struct tune_trial t = {.fidelity = fidelity, .score = INFINITY};
    if (s->stopped)
        return;
    memcpy(t.level, level, s->space->knobs * sizeof(*level));
    if (s->measure(s->ctx, level, fidelity, false, &e, &s->stopped)) {
        memcpy(t.ratio, e.ratio, sizeof(t.ratio));
        t.score = score_of(s, t.ratio);
    }
    if (s->stopped)
        return;
    s->trial = x_realloc(s->trial, (s->trials + 1) * sizeof(*s->trial));
    s->trial[s->trials++] = t;
    if (s->on_trial)
        s->on_trial(s->ctx, &t, s->trials);
}

// Up to n new points of the sequence, shifted by the seed (Cranley and Patterson 1976).
static void sobol_start(struct tune_search *s, int n)
{
    double shift[TUNE_KNOBS_MAX], at[TUNE_KNOBS_MAX];
    uint64_t seed = s->seed;
    for (int k = 0; k < s->space->knobs; k++)
        shift[k] = (stats_random(&seed) >> 11) * 0x1p-53;
    for (unsigned i = 0; n > 0 && i < 4096 && !s->stopped; i++) {
        int level[TUNE_KNOBS_MAX];
        tune_sobol(i, s->space->knobs, at);
        for (int k = 0; k < s->space->knobs; k++)
            level[k] = (int)(fmod(at[k] + shift[k], 1) * s->space->knob[k].levels);
        if (is_default(s->space, level) || tried(s, level, 0.25))
            continue;
        try_one(s, level, 0.25);
        n--;
    }
}

// The index of the best trial of at least this fidelity that is not tried at a higher one; -1: none.
static int best_to_promote(const struct tune_search *s, double fidelity, double next)
{
    int best = -1;
    for (int i = 0; i < s->trials; i++)
        if (s->trial[i].fidelity == fidelity && isfinite(s->trial[i].score) &&
            !tried(s, s->trial[i].level, next) &&
            (best < 0 || s->trial[i].score < s->trial[best].score))
            best = i;
    return best;
}

static void promote(struct tune_search *s, double fidelity, double next, int n)
{
    for (; n > 0 && !s->stopped; n--) {
        int level[TUNE_KNOBS_MAX], i = best_to_promote(s, fidelity, next);
        if (i < 0)
            return;
        memcpy(level, s->trial[i].level, sizeof(level));
        try_one(s, level, next);
    }
}

static int best_whole(const struct tune_search *s, const bool *not_these)
{
    int best = -1;
    for (int i = 0; i < s->trials; i++)
        if (s->trial[i].fidelity == 1 && isfinite(s->trial[i].score) &&
            !(not_these && not_these[i]) && (best < 0 || s->trial[i].score < s->trial[best].score))
            best = i;
    return best;
}

static bool may_try(const struct tune_search *s, const int *level, int k)
{
    return level[k] >= 0 && level[k] < s->space->knob[k].levels && !is_default(s->space, level) &&
           !tried(s, level, 1) && s->trials < s->space->budget && !s->stopped;
}

// One step up or down in each knob from the best so far, going on from whatever is better. False
// when nothing new was found to try.
static bool step_around(struct tune_search *s)
{
    int at[TUNE_KNOBS_MAX], best = best_whole(s, NULL);
    bool found = false;
    for (int turn = 0; best >= 0 && turn < 2 * s->space->knobs; turn++) {
        memcpy(at, s->trial[best].level, sizeof(at));
        at[turn / 2] += turn % 2 ? 1 : -1;
        if (!may_try(s, at, turn / 2))
            continue;
        try_one(s, at, 1);
        found = true;
        best = best_whole(s, NULL);
    }
    return found;
}

static void refine(struct tune_search *s)
{
    while (step_around(s))
        ;
}

// The best whole trials once more, on boots that the search never used; exact counts with other iterations.
static void hold_out(struct tune_search *s)
{
    bool *taken = x_alloc((s->trials + 1) * sizeof(*taken));
    double fidelity = s->held_fidelity > 0 ? s->held_fidelity : 1;
    for (int i; s->held_count < TUNE_HELD_OUT && !s->stopped && (i = best_whole(s, taken)) >= 0;) {
        struct tune_evaluation *e = &s->held_result[s->held_count];
        taken[i] = true;
        if (s->trial[i].score >= 1 - s->floor)
            break;
        if (!s->measure(s->ctx, s->trial[i].level, fidelity, true, e, &s->stopped)) {
            s->held_failed++;
            continue;
        }
        s->held[s->held_count] = s->trial[i];
        s->held[s->held_count].fidelity = fidelity;
        s->held_p[s->held_count++] = e->p;
    }
    free(taken);
}

static void decide(struct tune_search *s)
{
    double best = 1 - s->floor;
    stats_holm_adjust(s->held_p, s->held_count);
    for (int i = 0; i < s->held_count && !s->stopped; i++) {
        double score = score_of(s, s->held_result[i].ratio);
        if (s->held_p[i] < TUNE_ALPHA && s->held_result[i].high < 1 && score < best) {
            best = score;
            s->winner = i;
        }
    }
}

static int quarters(const struct tune_space *s)
{
    return s->budget / 3 + 1;
}

static int halves(const struct tune_space *s)
{
    return quarters(s) / 4 + 1;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

// Configurations that are not the default, as far as the budget reaches.
static int configurations(const struct tune_space *s)
{
    long n = 1;
    for (int k = 0; k < s->knobs && n <= s->budget; k++)
        n *= s->knob[k].levels;
    return (int)n - 1;
}

struct tune_counts tune_search_most(const struct tune_space *s)
{
    struct tune_counts c;
    int all = configurations(s), promoted;
    c.quarter = least(quarters(s), all);
    c.half = least(halves(s), c.quarter);
    promoted = least(PROMOTED_WHOLE, c.half);
    c.whole = least(s->budget - c.quarter - c.half, all);
    c.whole = c.whole > promoted ? c.whole : promoted;
    c.held = least(TUNE_HELD_OUT, c.whole);
    return c;
}

void tune_search_run(struct tune_search *s)
{
    s->winner = -1;
    sobol_start(s, quarters(s->space));
    promote(s, 0.25, 0.5, halves(s->space));
    promote(s, 0.5, 1, PROMOTED_WHOLE);
    refine(s);
    hold_out(s);
    decide(s);
}

void tune_search_free(struct tune_search *s)
{
    free(s->trial);
}

bool tune_search_judged(const struct tune_search *s)
{
    bool measured = !s->trials || best_whole(s, NULL) >= 0;
    return measured && (s->held_count || !s->held_failed);
}

bool tune_is_pareto(const struct tune_search *s, int trial)
{
    const struct tune_trial *t = &s->trial[trial];
    if (t->fidelity < 1 || !isfinite(t->score))
        return false;
    for (int i = 0; i < s->trials; i++) {
        bool no_worse = i != trial && s->trial[i].fidelity == 1 && isfinite(s->trial[i].score);
        bool better = false;
        for (int o = 0; o < s->space->objectives && no_worse; o++) {
            no_worse = s->trial[i].ratio[o] <= t->ratio[o];
            better |= s->trial[i].ratio[o] < t->ratio[o];
        }
        if (no_worse && better)
            return false;
    }
    return true;
}

static double mean_rank(const double *v, size_t n, size_t i)
{
    double below = 0, equal = 0;
    for (size_t k = 0; k < n; k++) {
        below += v[k] < v[i];
        equal += v[k] == v[i];
    }
    return below + (equal + 1) / 2;
}

double tune_sensitivity(const struct tune_search *s, int knob)
{
    double *x = x_alloc((s->trials + 1) * sizeof(*x)), *y = x_alloc((s->trials + 1) * sizeof(*y));
    double xy = 0, xx = 0, yy = 0;
    size_t n = 0;
    for (int i = 0; i < s->trials; i++)
        if (isfinite(s->trial[i].score)) {
            x[n] = s->trial[i].level[knob];
            y[n++] = s->trial[i].score;
        }
    for (size_t i = 0; i < n; i++) {
        double a = mean_rank(x, n, i) - (n + 1) / 2.0, b = mean_rank(y, n, i) - (n + 1) / 2.0;
        xy += a * b;
        xx += a * a;
        yy += b * b;
    }
    free(x);
    free(y);
    return n < 3 || xx == 0 || yy == 0 ? 0 : xy / sqrt(xx * yy);
}
