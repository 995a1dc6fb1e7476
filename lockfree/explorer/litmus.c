/* litmus.c: the tests of litmus.h. Verdicts: Sewell et al., "x86-TSO", CACM 2010; Alglave, Maranget, Tautschnig, "Herding cats",
 * TOPLAS 2014. Each operation is one thread's code; `out` holds what it read. */
#include "lockfree/explorer/litmus.h"
#include "lockfree/atomic.h"

static uint32_t x, y, out[EXPLORE_THREADS];
static uint64_t payload, after;
static union {
    uint32_t word;
    uint8_t byte;
} both;

static void make(void *model)
{
    (void)model;
    explore_name(&x, sizeof(x), 1, "x");
    explore_name(&y, sizeof(y), 1, "y");
    explore_name(&both, sizeof(both), 1, "both");
    explore_name(&payload, sizeof(payload), 1, "payload");
    explore_name(&after, sizeof(after), 1, "after");
}

static uint64_t observe_reads(void)
{
    uint64_t all = 0;

    for (unsigned t = EXPLORE_THREADS; t-- > 0;)
        all = all * 16 + out[t];
    return all;
}

static uint64_t observe_memory(void)
{
    return x + 16 * y;
}

#define CODE(name, ...)                                                                            \
    static uint64_t name(unsigned thread, unsigned serial)                                         \
    {                                                                                              \
        (void)thread;                                                                              \
        (void)serial;                                                                              \
        __VA_ARGS__                                                                                \
        return 0;                                                                                  \
    }
#define RELAXED_X atomic_load_relaxed(&x)
#define RELAXED_Y atomic_load_relaxed(&y)

CODE(write_x_read_y, atomic_store_relaxed(&x, 1); out[thread] = RELAXED_Y;)
CODE(write_y_read_x, atomic_store_relaxed(&y, 1); out[thread] = RELAXED_X;)
CODE(write_x_fence_read_y, atomic_store_relaxed(&x, 1); atomic_fence_full(); out[thread] = RELAXED_Y;)
CODE(write_y_fence_read_x, atomic_store_relaxed(&y, 1); atomic_fence_full(); out[thread] = RELAXED_X;)
CODE(xchg_x_read_y, (void)atomic_xchg_full(&x, 1); out[thread] = RELAXED_Y;)
CODE(xchg_y_read_x, (void)atomic_xchg_full(&y, 1); out[thread] = RELAXED_X;)
CODE(send_relaxed, atomic_store_relaxed(&x, 1); atomic_store_relaxed(&y, 1);)
CODE(send, atomic_store_relaxed(&x, 1); atomic_store_release(&y, 1);)
CODE(receive_relaxed, uint32_t f = RELAXED_Y; out[thread] = f + 2 * RELAXED_X;)
CODE(receive, uint32_t f = atomic_load_acquire(&y); out[thread] = f + 2 * RELAXED_X;)
CODE(receive_fence, uint32_t f = RELAXED_Y; atomic_fence_acquire(); out[thread] = f + 2 * RELAXED_X;)
CODE(send_fence, atomic_store_relaxed(&x, 1); atomic_fence_release(); atomic_store_relaxed(&y, 1);)
CODE(write_x, atomic_store_relaxed(&x, 1);)
CODE(write_y, atomic_store_relaxed(&y, 1);)
CODE(read_x_y, uint32_t a = atomic_load_acquire(&x); out[thread] = a + 2 * atomic_load_acquire(&y);)
CODE(read_y_x, uint32_t a = atomic_load_acquire(&y); out[thread] = a + 2 * atomic_load_acquire(&x);)
CODE(read_x_fence_y, uint32_t a = RELAXED_X; atomic_fence_full(); out[thread] = a + 2 * RELAXED_Y;)
CODE(read_y_fence_x, uint32_t a = RELAXED_Y; atomic_fence_full(); out[thread] = a + 2 * RELAXED_X;)
CODE(read_x_write_y, out[thread] = RELAXED_X; atomic_store_relaxed(&y, 1);)
CODE(read_y_write_x, out[thread] = RELAXED_Y; atomic_store_relaxed(&x, 1);)
CODE(read_x_twice, uint32_t a = RELAXED_X; out[thread] = a + 4 * RELAXED_X;)
CODE(write_x_twice, atomic_store_relaxed(&x, 1); atomic_store_relaxed(&x, 2);)
CODE(write_x1_y2, atomic_store_relaxed(&x, 1); atomic_store_relaxed(&y, 2);)
CODE(write_y1_x2, atomic_store_relaxed(&y, 1); atomic_store_relaxed(&x, 2);)
CODE(forward_x_read_y, atomic_store_relaxed(&x, 1); uint32_t a = RELAXED_X; out[thread] = a + 2 * RELAXED_Y;)
CODE(forward_y_read_x, atomic_store_relaxed(&y, 1); uint32_t a = RELAXED_Y; out[thread] = a + 2 * RELAXED_X;)
CODE(byte_then_word, atomic_store_relaxed(&both.byte, 1); out[thread] = atomic_load_relaxed(&both.word) + 4 * RELAXED_X;)
CODE(write_x_read_byte, atomic_store_relaxed(&x, 1); out[thread] = atomic_load_relaxed(&both.byte);)
CODE(over_buffered, atomic_store_relaxed(&x, 1); x = 2; out[thread] = RELAXED_X + 4 * RELAXED_Y;)
CODE(await_change, uint32_t v; while (!(v = atomic_load_relaxed(&x))) cpu_relax(); out[thread] = v;)

#define OP(f) {#f, f, NULL, 0}
static const struct explore_op ops[] = {
    OP(write_x_read_y), OP(write_y_read_x), OP(write_x_fence_read_y), OP(write_y_fence_read_x), OP(xchg_x_read_y), OP(xchg_y_read_x),
    OP(send_relaxed), OP(send), OP(receive_relaxed), OP(receive), OP(receive_fence), OP(send_fence), OP(write_x), OP(write_y),
    OP(read_x_y), OP(read_y_x), OP(read_x_fence_y), OP(read_y_fence_x), OP(read_x_write_y), OP(read_y_write_x), OP(read_x_twice),
    OP(write_x_twice), OP(write_x1_y2), OP(write_y1_x2), OP(forward_x_read_y), OP(forward_y_read_x), OP(byte_then_word),
    OP(write_x_read_byte), OP(over_buffered), OP(await_change), {NULL, NULL, NULL, 0}};
static const struct explore_initial initials[] = {{"zero", make}, {NULL, NULL}};

#define LITMUS(text, see, want, sc, tso, weak, ...)                                                \
    {                                                                                              \
        {.name = text, .ops = ops, .initials = initials, .observe = see}, {"zero", {__VA_ARGS__}}, \
            want, {sc, tso, weak}                                                                  \
    }

const struct litmus litmus_tests[] = {
    LITMUS("SB", observe_reads, 0x00, false, true, true, "write_x_read_y", "write_y_read_x"),
    LITMUS("SB, order", observe_reads, 0x11, true, true, true, "write_x_read_y", "write_y_read_x"),
    LITMUS("SB, fences", observe_reads, 0x00, false, false, false, "write_x_fence_read_y", "write_y_fence_read_x"),
    LITMUS("SB, one fence", observe_reads, 0x00, false, true, true, "write_x_fence_read_y", "write_y_read_x"),
    LITMUS("SB, xchg", observe_reads, 0x00, false, false, false, "xchg_x_read_y", "xchg_y_read_x"),
    LITMUS("MP, relaxed", observe_reads, 0x10, false, false, true, "send_relaxed", "receive_relaxed"),
    LITMUS("MP, acquire only", observe_reads, 0x10, false, false, true, "send_relaxed", "receive"),
    LITMUS("MP, release only", observe_reads, 0x10, false, false, true, "send", "receive_relaxed"),
    LITMUS("MP", observe_reads, 0x10, false, false, false, "send", "receive"),
    LITMUS("MP, fences", observe_reads, 0x10, false, false, false, "send_fence", "receive_fence"),
    LITMUS("MP, received", observe_reads, 0x30, true, true, true, "send", "receive"),
    LITMUS("IRIW", observe_reads, 0x1100, false, false, true, "write_x", "write_y", "read_x_y", "read_y_x"),
    LITMUS("IRIW, fences", observe_reads, 0x1100, false, false, false, "write_x", "write_y", "read_x_fence_y", "read_y_fence_x"),
    LITMUS("LB", observe_reads, 0x11, false, false, false, "read_x_write_y", "read_y_write_x"),
    LITMUS("CoRR", observe_reads, 0x10, false, false, false, "write_x", "read_x_twice"),
    LITMUS("CoRR, two writes", observe_reads, 0x60, false, false, false, "write_x_twice", "read_x_twice"),
    LITMUS("CoRR, both seen", observe_reads, 0x90, true, true, true, "write_x_twice", "read_x_twice"),
    LITMUS("2+2W", observe_memory, 0x11, false, false, false, "write_x1_y2", "write_y1_x2"),
    LITMUS("forwarding", observe_reads, 0x11, false, true, true, "forward_x_read_y", "forward_y_read_x"),
    LITMUS("forwarding of a part", observe_reads, 0x01, false, true, true, "byte_then_word", "write_x_read_byte"),
    LITMUS("plain over buffered", observe_reads, 0x02, true, true, true, "over_buffered"),
    LITMUS("waited for, first", observe_reads, 0x10, true, true, true, "write_x_twice", "await_change"),
    LITMUS("waited for, second", observe_reads, 0x20, true, true, true, "write_x_twice", "await_change"),
    {.structure = {.name = NULL}},
};

/* A stack that pops by CAS and lets nodes come back: ABA. A thread may give back the first node it took. */
struct aba_node {
    struct aba_node *next;
};

struct aba_model {
    uint8_t n, node[4], hand[EXPLORE_THREADS];
};
static struct aba_node *top, nodes[3], *hand[EXPLORE_THREADS];

static void aba_make(void *model)
{
    struct aba_model *m = model;

    explore_name(&top, sizeof(top), 1, "top");
    explore_name(nodes, sizeof(nodes[0]), 3, "node");
    for (unsigned i = 0; i < 3; i++) {
        nodes[i].next = top;
        top = &nodes[i];
        m->node[m->n++] = (uint8_t)(i + 1);
    }
}

static uint64_t aba_take(unsigned thread, unsigned serial)
{
    struct aba_node *n = atomic_load_acquire(&top);

    (void)serial;
    while (n && !atomic_cas_full(&top, &n, atomic_load_relaxed(&n->next)))
        continue;
    if (!hand[thread])
        hand[thread] = n;
    return n ? (uint64_t)(n - nodes) + 1 : 0;
}

static bool aba_take_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct aba_model *m = model;

    (void)serial;
    *result = 0;
    if (m->n) {
        *result = m->node[--m->n];
        m->node[m->n] = 0;
        if (!m->hand[thread])
            m->hand[thread] = (uint8_t)*result;
    }
    return outcome == 0;
}

static uint64_t aba_give(unsigned thread, unsigned serial)
{
    struct aba_node *n = hand[thread], *old = atomic_load_relaxed(&top);

    (void)serial;
    do {
        atomic_store_relaxed(&n->next, old);
    } while (!atomic_cas_full(&top, &old, n));
    hand[thread] = NULL;
    return 0;
}

static bool aba_give_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct aba_model *m = model;

    (void)serial;
    m->node[m->n++] = m->hand[thread];
    m->hand[thread] = 0;
    *result = 0;
    return outcome == 0;
}

static const struct explore_op aba_ops[] = {
    {"take", aba_take, aba_take_spec, 0}, {"give", aba_give, aba_give_spec, 0}, {NULL, NULL, NULL, 0}};
static const struct explore_initial aba_initials[] = {{"three", aba_make}, {NULL, NULL}};

static uint32_t lock_a, lock_b;

static void spin(uint32_t *lock)
{
    while (atomic_xchg_acquire(lock, 1))
        cpu_relax();
}

CODE(a_then_b, spin(&lock_a); spin(&lock_b); atomic_store_release(&lock_b, 0); atomic_store_release(&lock_a, 0);)
CODE(b_then_a, spin(&lock_b); spin(&lock_a); atomic_store_release(&lock_a, 0); atomic_store_release(&lock_b, 0);)
CODE(locked_count, spin(&lock_a); payload++; atomic_store_release(&lock_a, 0);)
CODE(badly_locked_count, spin(&lock_a); payload++; atomic_store_relaxed(&lock_a, 0);)
CODE(plain_count, payload++;)
CODE(publish, payload = 7; atomic_store_release(&x, 1);)
CODE(publish_relaxed, payload = 7; atomic_store_relaxed(&x, 1);)
CODE(consume, if (atomic_load_acquire(&x)) out[thread] = (uint32_t)payload;)
CODE(await, while (!atomic_load_acquire(&x)) cpu_relax(); out[thread] = (uint32_t)payload;)
CODE(dekker_x, atomic_store_relaxed(&x, 1); if (!atomic_load_relaxed(&y)) payload++;)
CODE(dekker_y, atomic_store_relaxed(&y, 1); if (!atomic_load_relaxed(&x)) payload++;)
CODE(assert_order, if (atomic_load_acquire(&y)) EXPLORE_CHECK(atomic_load_relaxed(&x));)

/* What the folding of equal states must keep apart: an access before a release and one behind it, how far knowledge went, what a wait
 * loop has looked at. */
CODE(publish_then_touch, payload = 1; atomic_store_release(&x, 1); payload = 2;)
CODE(touch_between, payload = 1; atomic_store_release(&x, 1); after = 2; atomic_store_release(&y, 1);)
CODE(read_first, if (atomic_load_acquire(&x)) out[thread] = (uint32_t)payload;)
CODE(read_second, if (atomic_load_acquire(&y)) out[thread] = (uint32_t)(payload + after);)
CODE(read_too_early, if (atomic_load_acquire(&x)) out[thread] = (uint32_t)(payload + after);)
CODE(pass_on, if (atomic_load_acquire(&x)) atomic_store_release(&y, 1);)
CODE(pass_on_relaxed, if (atomic_load_relaxed(&x)) atomic_store_release(&y, 1);)
CODE(read_passed, if (atomic_load_acquire(&y)) out[thread] = (uint32_t)payload;)
CODE(write_both, atomic_store_relaxed(&both.word, 1);)
CODE(toggle_y, atomic_store_relaxed(&y, 1); atomic_store_relaxed(&y, 0);)
CODE(pass_on_fence, if (RELAXED_X) { (void)atomic_load_relaxed(&both.word); atomic_fence_acquire(); atomic_store_release(&y, 1); })
CODE(pass_on_early_fence, uint32_t f; atomic_fence_acquire(); f = atomic_load_relaxed(&x); if (f) atomic_store_release(&y, 1);)
CODE(await_either, while (!(atomic_load_acquire(&x) | atomic_load_acquire(&y))) cpu_relax();)
CODE(await_both, while (!atomic_load_acquire(&x)) cpu_relax(); while (!atomic_load_acquire(&y)) cpu_relax();)
CODE(await_one, while (atomic_load_relaxed(&x) != 1) cpu_relax();)

static uint64_t *object;

CODE(free_it, uint64_t *o = atomic_xchg_full(&object, NULL); if (o) explore_free(o);)
CODE(use_it, uint64_t *o = atomic_load_acquire(&object); if (o) out[thread] = (uint32_t)*o;)
CODE(use_freed, explore_free(object); out[thread] = (uint32_t)*object;)
CODE(free_twice, explore_free(object);)
CODE(wild, uint64_t *p = (uint64_t *)(uintptr_t)(8 + 64 * out[3]); *p = 1;)
CODE(leave_half, atomic_store_relaxed(&x, 3);)

static void make_object(void *model)
{
    make(model);
    object = explore_alloc(8);
}

static uint64_t left(unsigned thread, unsigned serial)
{
    (void)thread;
    (void)serial;
    return x;
}

static bool left_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    (void)model;
    (void)thread;
    (void)serial;
    *result = 0;
    return outcome == 0;
}

static const struct explore_op bug_ops[] = {
    OP(a_then_b), OP(b_then_a), OP(locked_count), OP(badly_locked_count), OP(plain_count), OP(publish), OP(publish_relaxed),
    OP(consume), OP(await), OP(dekker_x), OP(dekker_y), OP(send), OP(send_relaxed), OP(assert_order), OP(free_it), OP(use_it),
    OP(use_freed), OP(free_twice), OP(wild), OP(leave_half), OP(publish_then_touch), OP(touch_between), OP(read_first), OP(read_second),
    OP(read_too_early), OP(pass_on), OP(pass_on_relaxed), OP(pass_on_fence), OP(pass_on_early_fence), OP(read_passed),
    OP(await_either), OP(await_both), OP(await_one), OP(write_both), OP(toggle_y), OP(write_x), OP(write_y), OP(write_x_twice), {NULL, NULL, NULL, 0}};
static const struct explore_op left_op = {"left", left, left_spec, 0};
static const struct explore_initial bug_initials[] = {{"zero", make}, {"object", make_object}, {NULL, NULL}};

#define BUG(text, initial, sc, tso, weak, ...)                                                     \
    {                                                                                              \
        {.name = text, .ops = bug_ops, .initials = bug_initials}, {initial, {__VA_ARGS__}},        \
        {                                                                                          \
            sc, tso, weak                                                                          \
        }                                                                                          \
    }

const struct bug litmus_bugs[] = {
    {{.name = "ABA", .ops = aba_ops, .initials = aba_initials},
     {"three", {"take take", "take take give"}},
     {"not linearizable", "not linearizable", "not linearizable"}},
    BUG("deadlock", "zero", "deadlock", "deadlock", "deadlock", "a_then_b", "b_then_a"),
    BUG("no deadlock", "zero", NULL, NULL, NULL, "a_then_b", "a_then_b"),
    BUG("lock", "zero", NULL, NULL, NULL, "locked_count", "locked_count", "locked_count"),
    BUG("lock without release", "zero", "data race", "data race", "data race", "badly_locked_count", "locked_count"),
    BUG("race", "zero", "data race", "data race", "data race", "plain_count", "plain_count"),
    BUG("publish", "zero", NULL, NULL, NULL, "publish", "consume"),
    BUG("publish relaxed", "zero", "data race", "data race", "data race", "publish_relaxed", "consume"),
    BUG("wait", "zero", NULL, NULL, NULL, "publish", "await", "await"),
    BUG("wait for nobody", "zero", "deadlock", "deadlock", "deadlock", "consume", "await"),
    BUG("Dekker", "zero", NULL, "data race", "data race", "dekker_x", "dekker_y"),
    BUG("assertion", "zero", NULL, NULL, "atomic_load_relaxed(&x)", "send_relaxed", "assert_order"),
    BUG("no assertion", "zero", NULL, NULL, NULL, "send", "assert_order"),
    BUG("free beside use", "object", "the free", "the free", "the free", "use_it", "free_it"),
    BUG("use after free", "object", "use after free", "use after free", "use after free", "use_freed"),
    BUG("freed twice", "object", "freed twice", "freed twice", "freed twice", "free_twice free_twice"),
    BUG("freed once", "object", NULL, NULL, NULL, "free_it", "free_it"),
    BUG("wild", "zero", "wild access", "wild access", "wild access", "wild"),
    BUG("touched behind the release", "zero", "data race", "data race", "data race", "publish_then_touch", "read_first"),
    BUG("two releases", "zero", NULL, NULL, NULL, "touch_between", "read_first", "read_second"),
    BUG("two releases, the first taken for both", "zero", "data race", "data race", "data race", "touch_between", "read_second",
        "read_too_early"),
    BUG("passed on", "zero", NULL, NULL, NULL, "publish", "pass_on", "read_passed"),
    BUG("passed on relaxed", "zero", "data race", "data race", "data race", "publish", "pass_on_relaxed", "read_passed"),
    BUG("passed on by a fence", "zero", NULL, NULL, NULL, "publish", "pass_on_fence", "read_passed", "write_both"),
    BUG("passed on, the fence too early", "zero", "data race", "data race", "data race", "publish", "pass_on_early_fence", "read_passed"),
    BUG("known once, not again", "zero", "data race", "data race", "data race", "publish publish_then_touch", "read_first read_first"),
    BUG("known once, not again, by thread 0", "zero", "data race", "data race", "data race", "read_first read_first",
        "publish publish_then_touch"),
    BUG("two releases, thread 0 took the first", "zero", "data race", "data race", "data race", "read_too_early", "touch_between",
        "read_second"),
    BUG("wait for the one", "zero", NULL, NULL, NULL, "write_x", "await_either", "await_either"),
    BUG("wait for the other", "zero", NULL, NULL, NULL, "write_y", "await_either", "await_either"),
    BUG("wait, the other comes and goes", "zero", NULL, NULL, NULL, "write_x", "await_either", "toggle_y"),
    BUG("wait for both", "zero", NULL, NULL, NULL, "write_x", "await_both", "write_y"),
    BUG("wait for one of both only", "zero", "deadlock", "deadlock", "deadlock", "write_x", "await_both"),
    BUG("wait for what may be missed", "zero", "deadlock", "deadlock", "deadlock", "write_x_twice", "await_one"),
    {{.name = "wrong at the end", .ops = bug_ops, .initials = bug_initials, .final = &left_op},
     {"zero", {"leave_half"}},
     {"no order", "no order", "no order"}},
    {.structure = {.name = NULL}},
};
