/* lists_all.c: every subject, ours and the peers'. */
#include "bench/host/subject.h"

#define BENCH_LISTS(do_) \
    do_(ours_locks) do_(ours_rcu) do_(ours_queues) do_(ours_counts) do_(ours_maps) \
    do_(ours_magazines) do_(ours_runqueue) do_(urcu_qsbr) do_(urcu_memb) do_(urcu_mb) \
    do_(urcu_bp) do_(ck_epoch) do_(urcu_queues) do_(ck_queues) do_(tbb_queues) do_(counts) \
    do_(lfht) do_(ck_ht) do_(ck_hs) do_(maps) do_(malloc) do_(ck_locks) do_(pthread) do_(absl_locks) \
    do_(tbb_locks)

#define DECLARE(name) extern const struct bench_list list_##name;
BENCH_LISTS(DECLARE)

#define ADDRESS(name) &list_##name,
const struct bench_list *const bench_lists[] = {BENCH_LISTS(ADDRESS) NULL};
