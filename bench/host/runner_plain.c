/* runner_plain.c: runner.h without Google Benchmark: every round runs each row once, from a start that moves on. */
#include <stddef.h>
#include "bench/host/runner.h"

const char *runner_report(void)
{
    return "runner: a plain loop";
}

bool runner_run(unsigned repetitions, const char *json)
{
    (void)json;
    for (unsigned r = 0; r < repetitions; r++)
        for (unsigned i = 0; i < bench_rows.count; i++)
            rows_measure(&bench_rows.row[(i + r * 7) % bench_rows.count]);
    return bench_rows.count > 0;
}
