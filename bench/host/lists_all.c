/* lists_all.c: every subject, ours and the peers'. */
#include "bench/host/subject.h"

extern const struct bench_list list_ours_locks, list_ours_rcu, list_urcu_qsbr, list_urcu_memb, list_urcu_mb, list_urcu_bp, list_ck_epoch, list_ck_locks, list_pthread, list_absl_locks, list_tbb_locks;

const struct bench_list *const bench_lists[] = {&list_ours_locks, &list_ours_rcu, &list_urcu_qsbr, &list_urcu_memb, &list_urcu_mb, &list_urcu_bp, &list_ck_epoch, &list_ck_locks, &list_pthread, &list_absl_locks, &list_tbb_locks, NULL};
