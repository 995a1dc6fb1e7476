/* clocks.c: locations, and happens-before over them by vector clocks, with the orders that the code names (C11; a full operation is a
 * fence on both sides). Two accesses to overlapping bytes, one of them plain and one a write, that are not ordered are a race.
 * What the hardware would have forgiven is an error here.
 * Source: Flanagan and Freund, FastTrack, PLDI 2009; release sequences and fences as in ISO C11 7.17. */
#include "lockfree/explorer/engine.h"
#include <emmintrin.h>
#include <string.h>

static uint8_t clock_get(vclock c, unsigned t)
{
    return (uint8_t)(c >> (8 * t));
}

static vclock clock_set(vclock c, unsigned t, uint8_t v)
{
    return (c & ~(0xffull << (8 * t))) | ((vclock)v << (8 * t));
}

vclock clock_join(vclock a, vclock b)
{
    return (vclock)_mm_cvtsi128_si64(_mm_max_epu8(_mm_cvtsi64_si128((long long)a), _mm_cvtsi64_si128((long long)b)));
}

/* Threads whose component of a is beyond b; 0 when a is in b's past. */
static vclock clock_beyond(vclock a, vclock b)
{
    return (vclock)_mm_cvtsi128_si64(_mm_subs_epu8(_mm_cvtsi64_si128((long long)a), _mm_cvtsi64_si128((long long)b)));
}

/* An access by t at `now` joins the earlier ones: those that are in its past are implied by it from now on. */
static vclock clock_record(vclock earlier, unsigned t, uint8_t now)
{
    __m128i e = _mm_cvtsi64_si128((long long)earlier);
    __m128i known = _mm_cmpeq_epi8(_mm_subs_epu8(e, _mm_cvtsi64_si128((long long)E->w.thread[t].cur)), _mm_setzero_si128());

    return clock_set((vclock)_mm_cvtsi128_si64(_mm_andnot_si128(known, e)), t, now);
}

static void link_overlaps(struct loc *l)
{
    for (struct loc *o = E->loc; o < l; o++) {
        if (o->addr >= l->addr + l->size || l->addr >= o->addr + o->size)
            continue;
        if (l->noverlaps < 8)
            l->overlaps[l->noverlaps++] = (uint16_t)(o - E->loc);
        if (o->noverlaps < 8)
            o->overlaps[o->noverlaps++] = (uint16_t)(l - E->loc);
        E->learned |= o->weak != 0;
    }
}

struct loc *loc_of(uintptr_t addr, unsigned size)
{
    unsigned slot = (unsigned)((addr * 0x9e3779b97f4a7c15ull + size) >> 50) % LOC_SLOTS;
    struct loc *l;

    for (; E->loc_slot[slot]; slot = (slot + 1) % LOC_SLOTS) {
        l = &E->loc[E->loc_slot[slot] - 1];
        if (l->addr == addr && l->size == size)
            return l;
    }
    if (E->locs == MAX_LOCS) {
        step_fail("more than %d locations", MAX_LOCS);
        return &E->loc[0];
    }
    l = &E->loc[E->locs];
    memset(&E->w.meta[E->locs], 0, sizeof(E->w.meta[0]));
    *l = (struct loc){.addr = addr, .size = (uint8_t)size};
    link_overlaps(l);
    E->loc_slot[slot] = (uint16_t)++E->locs;
    return l;
}

static uint8_t atomic_users(const struct loc *l, bool writes)
{
    return l->writers | (writes ? l->readers : 0);
}

static uint8_t plain_users(const struct loc *l, bool writes)
{
    return l->plain_writers | (writes ? l->plain_readers : 0);
}

/* Does another thread do what conflicts with it? Learned over the whole search: when that turns out only after an access passed
 * as private, the search starts again. */
static bool others_do(const struct loc *l, unsigned t, bool writes, uint8_t (*users)(const struct loc *, bool))
{
    uint8_t threads = users(l, writes);

    for (unsigned i = 0; i < l->noverlaps; i++)
        threads |= users(&E->loc[l->overlaps[i]], writes);
    return threads & ~(1u << t);
}

bool loc_is_shared(const struct loc *l, unsigned t, bool writes)
{
    return others_do(l, t, writes, atomic_users);
}

static void learn(uint8_t *threads, unsigned t)
{
    E->learned |= !(*threads & (1u << t));
    *threads |= (uint8_t)(1u << t);
}

static struct loc_meta *meta_of(const struct loc *l)
{
    return &E->w.meta[l - E->loc];
}

static void report_race(unsigned t, const struct loc *l, vclock beyond, const char *mine, const char *theirs)
{
    unsigned other = (unsigned)__builtin_ctzll(beyond) / 8;
    char place[96];

    step_fail("data race on %s: %s by thread %u and %s by thread %u are not ordered",
              explain_place(l->addr, l->size, place, sizeof(place)), mine, t, theirs, other);
}

static void check(unsigned t, const struct loc *l, vclock past, const char *mine, const char *theirs)
{
    vclock beyond = clock_beyond(clock_set(past, t, 0), E->w.thread[t].cur);

    if (beyond)
        report_race(t, l, beyond, mine, theirs);
}

static void check_plain(unsigned t, const struct loc *l, bool writes)
{
    const struct loc_meta *m = meta_of(l);
    const char *mine = E->freeing ? "the free" : writes ? "a plain write" : "a plain read";

    check(t, l, m->plain_write, mine, "a plain write");
    check(t, l, m->atomic_write, mine, "an atomic write");
    if (writes) {
        check(t, l, m->plain_read, mine, "a plain read");
        check(t, l, m->atomic_read, mine, "an atomic read");
    }
}

static void check_atomic(unsigned t, const struct loc *l, bool writes)
{
    const struct loc_meta *m = meta_of(l);
    const char *mine = writes ? "an atomic write" : "an atomic read";

    check(t, l, m->plain_write, mine, "a plain write");
    if (writes)
        check(t, l, m->plain_read, mine, "a plain read");
}

void clock_plain(unsigned t, struct loc *l, bool writes)
{
    struct loc_meta *m = meta_of(l);
    uint8_t now = clock_get(E->w.thread[t].cur, t);

    learn(writes ? &l->plain_writers : &l->plain_readers, t);
    if (!others_do(l, t, writes, plain_users) && !others_do(l, t, writes, atomic_users))
        return;
    check_plain(t, l, writes);
    for (unsigned i = 0; i < l->noverlaps; i++)
        check_plain(t, &E->loc[l->overlaps[i]], writes);
    if (!writes)
        m->plain_read = clock_record(m->plain_read, t, now);
    else /* everything earlier is in its past, or a race by now */
        *m = (struct loc_meta){.plain_write = clock_set(0, t, now), .sync = m->sync};
}

/* The last access of all to what lies in a block that t frees. */
void clock_free(unsigned t, uintptr_t addr, size_t size)
{
    E->freeing = true;
    for (unsigned i = 0; i < E->locs && !E->failed; i++)
        if (E->loc[i].addr >= addr && E->loc[i].addr < addr + size)
            clock_plain(t, &E->loc[i], true);
    E->freeing = false;
}

void clock_atomic(unsigned t, struct loc *l, bool reads, bool writes)
{
    struct loc_meta *m = meta_of(l);
    uint8_t now = clock_get(E->w.thread[t].cur, t);

    if (reads)
        learn(&l->readers, t);
    if (writes)
        learn(&l->writers, t);
    if (!others_do(l, t, writes, plain_users))
        return;
    check_atomic(t, l, writes);
    for (unsigned i = 0; i < l->noverlaps; i++)
        check_atomic(t, &E->loc[l->overlaps[i]], writes);
    if (reads)
        m->atomic_read = clock_record(m->atomic_read, t, now);
    if (writes)
        m->atomic_write = clock_record(m->atomic_write, t, now);
}

vclock clock_sync_of(const struct loc *l)
{
    vclock sync = meta_of(l)->sync;

    for (unsigned i = 0; i < l->noverlaps; i++)
        sync = clock_join(sync, E->w.meta[l->overlaps[i]].sync);
    return sync;
}

bool order_acquires(int order)
{
    return order == __ATOMIC_ACQUIRE || order == __ATOMIC_CONSUME || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

bool order_releases(int order)
{
    return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

void clock_acquire(unsigned t, vclock sync, int order)
{
    struct thread *th = &E->w.thread[t];

    if (order_acquires(order))
        th->cur = clock_join(th->cur, sync);
    else
        th->acq = clock_join(th->acq, sync);
}

/* What a store of this order hands to who acquires it. */
vclock clock_release(unsigned t, int order)
{
    struct thread *th = &E->w.thread[t];

    return order_releases(order) ? th->cur : th->rel;
}

/* After a release: later accesses are not covered by it. */
void clock_tick(unsigned t)
{
    E->w.thread[t].cur += 1ull << (8 * t);
}

void clock_fence(unsigned t, int order)
{
    struct thread *th = &E->w.thread[t];

    if (order_acquires(order)) {
        th->cur = clock_join(th->cur, th->acq);
        th->acq = 0;
    }
    if (order_releases(order)) {
        th->rel = th->cur;
        clock_tick(t);
    }
}

/* Values of clocks fall into two kinds: records, when an access happened, and views, how far somebody knows. Only whether a record is
 * beyond a view is ever asked, so only their order counts, and of views only which records they reach: renumbering makes equal states
 * equal. A value that every other thread that still runs has seen is as good as none. */
struct ranks {
    uint8_t floor[THREADS];
    uint8_t of[THREADS][256]; /* first which kinds of a value there are, then its rank */
};
enum { RECORD = 1, VIEW = 2 };

typedef void clock_visitor(struct ranks *r, vclock *c, unsigned kind);

__attribute__((always_inline)) static inline void for_each_clock(clock_visitor *f, struct ranks *r)
{
    for (unsigned t = 0; t < E->threads; t++) {
        struct thread *th = &E->w.thread[t];

        f(r, &th->cur, VIEW);
        f(r, &th->acq, VIEW);
        f(r, &th->rel, VIEW);
        for (unsigned i = 0; i < th->stores; i++)
            f(r, &E->w.buffer[t][i].msg, VIEW);
    }
    for (unsigned i = 0; i < E->locs; i++) {
        struct loc_meta *m = &E->w.meta[i];

        if (m->plain_read | m->plain_write)
            f(r, &m->plain_read, RECORD), f(r, &m->plain_write, RECORD);
        if (m->atomic_read | m->atomic_write)
            f(r, &m->atomic_read, RECORD), f(r, &m->atomic_write, RECORD);
        if (m->sync)
            f(r, &m->sync, VIEW);
    }
    for (unsigned i = 0; E->options.memory == EXPLORE_WEAK && i < E->weak_locs; i++)
        for (unsigned k = 0; k < E->w.hist[i].n; k++)
            f(r, &E->w.hist[i].msg[k], VIEW);
}

static inline void mark(struct ranks *r, vclock *c, unsigned kind)
{
    uint32_t v = (uint32_t)*c;

    for (unsigned t = 0; t < THREADS; t++)
        r->of[t][(v >> (8 * t)) & 255] |= (uint8_t)kind;
}

static inline void renumber(struct ranks *r, vclock *c, unsigned kind)
{
    uint32_t v = (uint32_t)*c, n = 0;

    (void)kind;
    for (unsigned t = 0; t < THREADS; t++)
        n |= (uint32_t)r->of[t][(v >> (8 * t)) & 255] << (8 * t);
    *c = n;
}

/* What thread t did up to here, all others that still run have seen. */
static uint8_t floor_of(unsigned t, unsigned *highest)
{
    uint8_t low = (uint8_t)(clock_get(E->w.thread[t].cur, t) - 1);

    *highest = low + 1u;
    for (unsigned u = 0; u < E->threads; u++) {
        uint8_t v = clock_get(E->w.thread[u].cur, t);

        if (u != t && !E->w.thread[u].done && v < low)
            low = v;
    }
    return low;
}

/* A record gets a new rank when a view lies between it and the record before it; a view the rank of the last record it reaches. The
 * highest value is where t stands: its coming accesses are recorded there, and no other view reaches it. */
static void rank(struct ranks *r, unsigned t, unsigned highest)
{
    uint8_t last = 0;
    bool between = true;

    r->of[t][highest] |= RECORD;
    for (unsigned v = 0; v <= highest; v++) {
        unsigned kinds = v > r->floor[t] ? r->of[t][v] : 0;

        if ((kinds & RECORD) && between) {
            last++;
            between = false;
        }
        if ((kinds & VIEW) && v < highest)
            between = true;
        r->of[t][v] = kinds ? last : 0;
    }
}

/* What thread t gets by a fence, beyond what it knows. */
static void drop_known(struct thread *th)
{
    vclock beyond = clock_beyond(th->acq, th->cur);

    for (unsigned u = 0; u < THREADS; u++)
        if (!clock_get(beyond, u))
            th->acq = clock_set(th->acq, u, 0);
}

void clock_normalize(void)
{
    struct ranks r;
    unsigned highest[THREADS];

    for (unsigned t = 0; t < E->threads; t++) {
        drop_known(&E->w.thread[t]);
        r.floor[t] = floor_of(t, &highest[t]);
        memset(r.of[t], 0, highest[t] + 1);
    }
    for_each_clock(mark, &r);
    for (unsigned t = 0; t < E->threads; t++)
        rank(&r, t, highest[t]);
    for (unsigned t = E->threads; t < THREADS; t++)
        r.of[t][0] = 0;
    for_each_clock(renumber, &r);
}
