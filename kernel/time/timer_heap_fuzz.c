/* timer_heap_fuzz.c: the heap of timers against a scan over 64 timers; taken in order at the end. */
#define CLOUDOS_KERNEL 1
#include "lockfree/fuzz.h"
#include "kernel/time/timer_heap.c"

#define TIMERS 64

struct reference {
    struct timer_heap heap;
    struct hrtimer timer[TIMERS];
    bool in[TIMERS];
};

static s64 earliest(const struct reference *r)
{
    s64 at = INT64_MAX;

    for (unsigned i = 0; i < TIMERS; i++)
        if (r->in[i] && r->timer[i].expires_ns < at)
            at = r->timer[i].expires_ns;
    return at;
}

static void check(const struct reference *r)
{
    bool some = false;

    for (unsigned i = 0; i < TIMERS; i++) {
        FUZZ_CHECK(!r->timer[i].link == !r->in[i]);
        some |= r->in[i];
    }
    FUZZ_CHECK(!r->heap.root == !some && timer_heap_first_ns(&r->heap) == earliest(r));
    FUZZ_CHECK(timer_heap_first_soft_ns(&r->heap) == (r->heap.root ? r->heap.root->soft_ns : S64_MAX));
}

static void toggle(struct reference *r, unsigned i, s64 expires)
{
    if (r->in[i]) {
        timer_heap_remove(&r->heap, &r->timer[i]);
    } else {
        r->timer[i].expires_ns = expires;
        r->timer[i].soft_ns = expires - i;
        timer_heap_insert(&r->heap, &r->timer[i]);
    }
    r->in[i] = !r->in[i];
    check(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct fuzz_input in = {p, n};
    struct reference r;

    memset(&r, 0, sizeof(r));
    r.heap = (struct timer_heap)TIMER_HEAP_INIT;
    while (in.n) {
        unsigned i = fuzz_u8(&in) % TIMERS;

        toggle(&r, i, (s64)(int16_t)fuzz_u16(&in));
    }
    while (r.heap.root)
        toggle(&r, (unsigned)(r.heap.root - r.timer), 0);
    check(&r);
    return 0;
}
