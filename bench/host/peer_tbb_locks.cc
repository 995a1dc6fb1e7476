// peer_tbb_locks.cc: the spin and queuing mutexes of oneTBB. queuing_mutex is an MCS lock, and scoped_lock
// the caller's node; its waiters yield the processor after some 30 turns, which no lock below an operating system can.
#include <new>
#include <tbb/queuing_mutex.h>
#include <tbb/spin_mutex.h>
#include <tbb/spin_rw_mutex.h>
#include "bench/host/lock_subject.h"

#define TBB "tbb " HOSTBENCH_TBB_VERSION

namespace {

BENCH_LOCK_LOOPS(tbb_queuing, tbb::queuing_mutex, tbb::queuing_mutex::scoped_lock, new (l) tbb::queuing_mutex, n.acquire(*l), n.release())
BENCH_LOCK_LOOPS(tbb_spin, tbb::spin_mutex, struct bench_no_node, new (l) tbb::spin_mutex, l->lock(), l->unlock())
BENCH_RWLOCK_LOOPS(tbb_rw, tbb::spin_rw_mutex, new (l) tbb::spin_rw_mutex, l->lock_shared(), l->unlock_shared(), l->lock(), l->unlock())

const struct bench_subject subjects[] = {
    BENCH_LOCK_SUBJECT(tbb_queuing, tbb::queuing_mutex, "MCS lock", "fair, yields to the kernel", "tbb::queuing_mutex", TBB, SIDE_OTHER),
    BENCH_LOCK_SUBJECT(tbb_spin, tbb::spin_mutex, "unfair lock", "spins, yields to the kernel", "tbb::spin_mutex", TBB, SIDE_OTHER),
    BENCH_LOCK_SUBJECT(tbb_rw, tbb::spin_rw_mutex, "seqlock", "readers write the lock, yields", "tbb::spin_rw_mutex", TBB, SIDE_OTHER),
};

} // namespace

BENCH_LIST(list_tbb_locks, subjects)
