// peer_absl_locks.cc: Abseil's mutex, exclusive and shared.
#include <new>
#include <absl/synchronization/mutex.h>
#include "bench/host/lock_subject.h"

#define ABSL "absl " HOSTBENCH_ABSL_VERSION

namespace {

BENCH_LOCK_LOOPS(absl_mutex, absl::Mutex, struct bench_no_node, new (l) absl::Mutex, l->Lock(), l->Unlock())
BENCH_RWLOCK_LOOPS(absl_rw, absl::Mutex, new (l) absl::Mutex, l->ReaderLock(), l->ReaderUnlock(), l->Lock(), l->Unlock())

const struct bench_subject subjects[] = {
    BENCH_LOCK_SUBJECT(absl_mutex, absl::Mutex, "unfair lock", "sleeps", "absl::Mutex", ABSL, SIDE_OTHER),
    BENCH_LOCK_SUBJECT(absl_rw, absl::Mutex, "seqlock", "readers write the lock, sleeps", "absl::Mutex (shared)", ABSL, SIDE_OTHER),
};

} // namespace

BENCH_LIST(list_absl_locks, subjects)
