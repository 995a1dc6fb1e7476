/* runner.h: runs every row's repetitions in a shuffled order and hands each figure to the rows. Two implementations:
 * runner_gbench.cc (Google Benchmark) and runner_plain.c (a loop; what the test without libraries uses). */
#pragma once
#include "bench/host/rows.h"

#ifdef __cplusplus
extern "C" {
#endif
/* `json`: where Google Benchmark writes its own file; NULL: nowhere. Returns false when nothing ran. */
bool runner_run(unsigned repetitions, const char *json);
const char *runner_report(void);
#ifdef __cplusplus
}
#endif
