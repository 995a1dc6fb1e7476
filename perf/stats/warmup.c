// MSER: the least of S^2(d) / (n - d) over the number d of values left out.
#include "perf/stats/warmup.h"

size_t stats_warmup(const double *v, size_t n)
{
    double sum = 0, squares = 0, least = 0;
    size_t best = 0;
    if (n < 4)
        return 0;
    for (size_t d = n; d-- > 0;) { // the tail from d on
        sum += v[d];
        squares += v[d] * v[d];
        double m = n - d, error = (squares - sum * sum / m) / (m * m);
        if (d > n / 2)
            continue;
        if (d == n / 2 || error <= least) {
            least = error;
            best = d;
        }
    }
    return best;
}
