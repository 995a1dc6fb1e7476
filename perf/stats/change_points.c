// Divides at the greatest energy distance while a permutation test says that it is no chance.
#include "perf/stats/change_points.h"

#include "perf/stats/resample.h"
#include "perf/util/text_buf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Sums of distances within the left part, within the right part and between them, kept up to date
// while one value after the other moves from right to left.
struct division {
    double left, right, between;
};

static double energy_of(const struct division *d, size_t n, size_t m)
{
    double x = n, y = m;
    return x * y / (x + y) *
           (2 / (x * y) * d->between - 2 / (x * (x - 1)) * d->left - 2 / (y * (y - 1)) * d->right);
}

static void move_left(struct division *d, const double *v, size_t n, size_t k)
{
    double to_left = 0, to_right = 0;
    for (size_t i = 0; i < k; i++)
        to_left += fabs(v[k] - v[i]);
    for (size_t i = k + 1; i < n; i++)
        to_right += fabs(v[k] - v[i]);
    d->left += to_left;
    d->right -= to_right;
    d->between += to_right - to_left;
}

size_t stats_best_division(const double *v, size_t n, double *energy)
{
    struct division d = {0};
    size_t best = 0;
    *energy = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            d.right += fabs(v[i] - v[j]);
    for (size_t k = 0; k + CHANGE_SEGMENT < n; k++) {
        move_left(&d, v, n, k);
        double e = k + 1 >= CHANGE_SEGMENT ? energy_of(&d, k + 1, n - k - 1) : 0;
        if (e > *energy) {
            *energy = e;
            best = k + 1;
        }
    }
    return best;
}

static void shuffle(double *v, size_t n, uint64_t *seed)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = stats_random(seed) % i;
        double t = v[i - 1];
        v[i - 1] = v[j];
        v[j] = t;
    }
}

// Is p above CHANGE_P? Shuffles only until that is certain: where nothing changed, after a few.
static bool by_chance(const double *v, size_t n, double energy, uint64_t *seed)
{
    double *w = x_alloc(n * sizeof(*w)), e;
    size_t as_great = 0;
    bool chance = false;
    memcpy(w, v, n * sizeof(*w));
    for (int i = 0; i < CHANGE_SHUFFLES && !chance; i++) {
        shuffle(w, n, seed);
        stats_best_division(w, n, &e);
        as_great += e >= energy;
        chance = (as_great + 1.0) / (CHANGE_SHUFFLES + 1.0) > CHANGE_P;
    }
    free(w);
    return chance;
}

static size_t divide(const double *v, size_t n, size_t from, uint64_t *seed, size_t *at)
{
    double energy;
    size_t k = n >= 2 * CHANGE_SEGMENT ? stats_best_division(v, n, &energy) : 0;
    if (!k || by_chance(v, n, energy, seed))
        return 0;
    size_t found = divide(v, k, from, seed, at);
    at[found++] = from + k;
    return found + divide(v + k, n - k, from + k, seed, at + found);
}

size_t stats_change_points(const double *v, size_t n, uint64_t seed, size_t *at)
{
    size_t found = 0;
    for (size_t from = 0; from < n;) { // windows overlap by half, and start anew at a change
        size_t len = n - from < CHANGE_WINDOW ? n - from : CHANGE_WINDOW;
        size_t here[CHANGE_WINDOW], k = divide(v + from, len, from, &seed, here);
        for (size_t i = 0; i < k; i++)
            if (!found || here[i] >= at[found - 1] + CHANGE_SEGMENT)
                at[found++] = here[i];
        if (from + len == n)
            break;
        from = k && here[k - 1] > from + CHANGE_WINDOW / 2 ? here[k - 1] : from + CHANGE_WINDOW / 2;
    }
    return found;
}
