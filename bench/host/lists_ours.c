/* lists_ours.c: the subjects of a program without the peers' libraries: ours alone. */
#include "bench/host/subject.h"

extern const struct bench_list list_ours_locks, list_ours_rcu;

const struct bench_list *const bench_lists[] = {&list_ours_locks, &list_ours_rcu, NULL};
