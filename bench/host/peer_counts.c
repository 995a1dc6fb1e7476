/* peer_counts.c: liburcu's reference count, Concurrency Kit's bit map, and a shared word that is added to. */
#define _LGPL_SOURCE
#include <ck_bitmap.h>
#include <ck_pr.h>
#include <urcu/ref.h>
#include "bench/host/count_subject.h"

#define CK "ck " HOSTBENCH_CK_VERSION

static void nothing(struct urcu_ref *r)
{
    (void)r;
}

BENCH_COUNT_LOOPS(urcu_count, struct urcu_ref, urcu_ref_set(c, 1), urcu_ref_get(c), urcu_ref_put(c, nothing), c->refcount == 1)

CK_BITMAP_INSTANCE(COUNT_BITS) instance_of_size;
typedef __typeof__(instance_of_size) ck_bits;
BENCH_COUNT_LOOPS(ck_bit, ck_bits, CK_BITMAP_INIT(c, COUNT_BITS, false), CK_BITMAP_SET(c, COUNT_BIT(t)), CK_BITMAP_RESET(c, COUNT_BIT(t)),
                  CK_BITMAP_EMPTY(c, COUNT_BITS))

BENCH_COUNT_LOOPS(ck_word, uint64_t, *c = 0, ck_pr_add_64(c, 1), ck_pr_sub_64(c, 1), *c == 0)

static const struct bench_subject subjects[] = {
    BENCH_COUNT_SUBJECT(urcu_count, "reference count", "get and put, caught at overflow", "urcu_ref", "liburcu " HOSTBENCH_URCU_VERSION,
                        SIDE_PEER),
    BENCH_COUNT_SUBJECT(urcu_count, "per-CPU reference", "one shared word", "urcu_ref", "liburcu " HOSTBENCH_URCU_VERSION, SIDE_OTHER),
    BENCH_COUNT_SUBJECT(ck_bit, "bit map", "set and clear a bit", "ck_bitmap", CK, SIDE_PEER),
    BENCH_COUNT_SUBJECT(ck_word, "counter", "exact, one shared word", "ck_pr_add_64", CK, SIDE_OTHER),
};
BENCH_LIST(list_counts, subjects);
