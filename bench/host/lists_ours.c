/* lists_ours.c: the subjects of a program without the peers' libraries: ours alone. */
#include "bench/host/subject.h"

#define BENCH_LISTS(do_) \
    do_(ours_locks) do_(ours_rcu) do_(ours_queues) do_(ours_counts) do_(ours_maps) \
    do_(ours_magazines) do_(ours_runqueue)

#define DECLARE(name) extern const struct bench_list list_##name;
BENCH_LISTS(DECLARE)

#define ADDRESS(name) &list_##name,
const struct bench_list *const bench_lists[] = {BENCH_LISTS(ADDRESS) NULL};
