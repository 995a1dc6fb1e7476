// One comparison of doubles for the unit tests.
#pragma once
#include "perf/util/cmocka_all.h"

#include <math.h>

static inline void near_by(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.15g is not %.15g", got, want);
}

static inline void near_share(double got, double want) // 1e-9 of what is wanted
{
    near_by(got, want, 1e-9 * fabs(want));
}

static inline void near(double got, double want)
{
    near_by(got, want, 1e-9);
}
