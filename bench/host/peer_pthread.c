/* peer_pthread.c: the C library's locks. */
#include <gnu/libc-version.h>
#include <pthread.h>
#include "bench/host/lock_subject.h"

#define GLIBC "glibc " HOSTBENCH_GLIBC_VERSION

BENCH_LOCK_LOOPS(pt_spin, pthread_spinlock_t, struct bench_no_node, pthread_spin_init(l, PTHREAD_PROCESS_PRIVATE),
                 pthread_spin_lock(l), pthread_spin_unlock(l))
BENCH_LOCK_LOOPS(pt_mutex, pthread_mutex_t, struct bench_no_node, pthread_mutex_init(l, NULL), pthread_mutex_lock(l),
                 pthread_mutex_unlock(l))
BENCH_RWLOCK_LOOPS(pt_rw, pthread_rwlock_t, pthread_rwlock_init(l, NULL), pthread_rwlock_rdlock(l), pthread_rwlock_unlock(l),
                   pthread_rwlock_wrlock(l), pthread_rwlock_unlock(l))

static const struct bench_subject subjects[] = {
    BENCH_LOCK_SUBJECT(pt_spin, pthread_spinlock_t, "unfair lock", "spins, unfair", "pthread_spin", GLIBC, SIDE_PEER),
    BENCH_LOCK_SUBJECT(pt_mutex, pthread_mutex_t, "unfair lock", "sleeps", "pthread_mutex", GLIBC, SIDE_OTHER),
    BENCH_LOCK_SUBJECT(pt_rw, pthread_rwlock_t, "seqlock", "readers write the lock, sleeps", "pthread_rwlock", GLIBC, SIDE_OTHER),
};
BENCH_LIST(list_pthread, subjects);
