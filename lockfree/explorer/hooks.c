/* hooks.c: the calls that -fsanitize=thread compiles into the structures, turned into requests to the engine. These functions
 * run on a thread's own stack: they may touch nothing but E->req. */
#include "lockfree/explorer/engine.h"

#define HERE ((uintptr_t)__builtin_return_address(0))

static inline struct request *ask(int kind, const volatile void *addr, unsigned size, uintptr_t pc)
{
    struct request *r = &E->req;

    r->kind = (uint8_t)kind;
    r->size = (uint8_t)size;
    r->addr = (uintptr_t)addr;
    r->pc = pc;
    r->value = r->expected = 0;
    r->order = r->fail_order = r->rmw = 0;
    return r;
}

static void plain(int kind, const void *addr, size_t size, uintptr_t pc)
{
    const char *p = addr;

    for (; size > 8; size -= 8, p += 8) {
        ask(kind, p, 8, pc);
        coroutine_yield();
    }
    if (size) {
        ask(kind, p, (unsigned)size, pc);
        coroutine_yield();
    }
}

#define PLAIN(name, size)                                                                          \
    void __tsan_read##name(void *p)                                                                \
    {                                                                                              \
        plain(REQ_PLAIN_READ, p, size, HERE);                                                      \
    }                                                                                              \
    void __tsan_write##name(void *p)                                                               \
    {                                                                                              \
        plain(REQ_PLAIN_WRITE, p, size, HERE);                                                     \
    }                                                                                              \
    void __tsan_unaligned_read##name(void *p)                                                      \
    {                                                                                              \
        plain(REQ_PLAIN_READ, p, size, HERE);                                                      \
    }                                                                                              \
    void __tsan_unaligned_write##name(void *p)                                                     \
    {                                                                                              \
        plain(REQ_PLAIN_WRITE, p, size, HERE);                                                     \
    }                                                                                              \
    void __tsan_volatile_read##name(void *p)                                                       \
    {                                                                                              \
        plain(REQ_PLAIN_READ, p, size, HERE);                                                      \
    }                                                                                              \
    void __tsan_volatile_write##name(void *p)                                                      \
    {                                                                                              \
        plain(REQ_PLAIN_WRITE, p, size, HERE);                                                     \
    }

PLAIN(1, 1)
PLAIN(2, 2)
PLAIN(4, 4)
PLAIN(8, 8)
PLAIN(16, 16)

void __tsan_init(void)
{
}

void __tsan_func_entry(void *pc)
{
    (void)pc;
}

void __tsan_func_exit(void)
{
}

void __tsan_read_range(void *p, size_t n)
{
    plain(REQ_PLAIN_READ, p, n, HERE);
}

void __tsan_write_range(void *p, size_t n)
{
    plain(REQ_PLAIN_WRITE, p, n, HERE);
}

/* The compiler does not instrument these calls; the build renames them in the code under test. */
void *explore_memset(void *p, int c, size_t n)
{
    plain(REQ_PLAIN_WRITE, p, n, HERE);
    return __builtin_memset(p, c, n);
}

void *explore_memcpy(void *to, const void *from, size_t n)
{
    plain(REQ_PLAIN_READ, from, n, HERE);
    plain(REQ_PLAIN_WRITE, to, n, HERE);
    return __builtin_memcpy(to, from, n);
}

void *explore_memmove(void *to, const void *from, size_t n)
{
    plain(REQ_PLAIN_READ, from, n, HERE);
    plain(REQ_PLAIN_WRITE, to, n, HERE);
    return __builtin_memmove(to, from, n);
}

static uint64_t fetch(const volatile void *p, unsigned size, int rmw, uint64_t v, int order, uintptr_t pc)
{
    struct request *r = ask(REQ_RMW, p, size, pc);

    r->rmw = (uint8_t)rmw;
    r->value = v;
    r->order = (uint8_t)order;
    coroutine_yield();
    return E->req.result;
}

static bool compare(const volatile void *p, unsigned size, uint64_t *expected, uint64_t v, int order, int fail, uintptr_t pc)
{
    struct request *r = ask(REQ_CAS, p, size, pc);

    r->expected = *expected;
    r->value = v;
    r->order = (uint8_t)order;
    r->fail_order = (uint8_t)fail;
    coroutine_yield();
    *expected = E->req.result;
    return E->req.success;
}

#define ATOMIC(bits, type)                                                                         \
    type __tsan_atomic##bits##_load(const volatile type *p, int order)                             \
    {                                                                                              \
        ask(REQ_LOAD, p, sizeof(type), HERE)->order = (uint8_t)order;                              \
        coroutine_yield();                                                                         \
        return (type)E->req.result;                                                                \
    }                                                                                              \
    void __tsan_atomic##bits##_store(volatile type *p, type v, int order)                          \
    {                                                                                              \
        struct request *r = ask(REQ_STORE, p, sizeof(type), HERE);                                 \
                                                                                                   \
        r->value = v;                                                                              \
        r->order = (uint8_t)order;                                                                 \
        coroutine_yield();                                                                         \
    }                                                                                              \
    int __tsan_atomic##bits##_compare_exchange_strong(volatile type *p, type *e, type v, int order, int fail) \
    {                                                                                              \
        uint64_t expected = *e;                                                                    \
        int done = compare(p, sizeof(type), &expected, v, order, fail, HERE);                      \
                                                                                                   \
        *e = (type)expected;                                                                       \
        return done;                                                                               \
    }                                                                                              \
    int __tsan_atomic##bits##_compare_exchange_weak(volatile type *p, type *e, type v, int order, int fail) \
    {                                                                                              \
        uint64_t expected = *e;                                                                    \
        int done = compare(p, sizeof(type), &expected, v, order, fail, HERE);                      \
                                                                                                   \
        *e = (type)expected;                                                                       \
        return done;                                                                               \
    }                                                                                              \
    type __tsan_atomic##bits##_compare_exchange_val(volatile type *p, type e, type v, int order, int fail) /* clang's */ \
    {                                                                                              \
        uint64_t expected = e;                                                                     \
                                                                                                   \
        (void)compare(p, sizeof(type), &expected, v, order, fail, HERE);                           \
        return (type)expected;                                                                     \
    }
#define FETCH(bits, type, name, rmw)                                                               \
    type __tsan_atomic##bits##_##name(volatile type *p, type v, int order)                         \
    {                                                                                              \
        return (type)fetch(p, sizeof(type), rmw, v, order, HERE);                                  \
    }
#define ALL(bits, type)                                                                            \
    ATOMIC(bits, type)                                                                             \
    FETCH(bits, type, exchange, RMW_XCHG)                                                          \
    FETCH(bits, type, fetch_add, RMW_ADD)                                                          \
    FETCH(bits, type, fetch_sub, RMW_SUB)                                                          \
    FETCH(bits, type, fetch_and, RMW_AND)                                                          \
    FETCH(bits, type, fetch_or, RMW_OR)                                                            \
    FETCH(bits, type, fetch_xor, RMW_XOR)                                                          \
    FETCH(bits, type, fetch_nand, RMW_NAND)

ALL(8, uint8_t)
ALL(16, uint16_t)
ALL(32, uint32_t)
ALL(64, uint64_t)

void __tsan_atomic_thread_fence(int order)
{
    ask(REQ_FENCE, NULL, 0, HERE)->order = (uint8_t)order;
    coroutine_yield();
}

void __tsan_atomic_signal_fence(int order)
{
    (void)order; /* orders the compiler only, and the calls here do that */
}

void explore_relax(void)
{
    ask(REQ_RELAX, NULL, 0, HERE);
    coroutine_yield();
}

void *explore_alloc(size_t size)
{
    ask(REQ_ALLOC, NULL, 0, HERE)->value = size;
    coroutine_yield();
    return (void *)E->req.result;
}

void explore_free(void *p)
{
    ask(REQ_FREE, p, 0, HERE);
    coroutine_yield();
}

void explore_fail(const char *what, const char *file, int line, const void *object)
{
    struct request *r = ask(REQ_FAIL, object, 0, HERE);

    r->what = what;
    r->file = file;
    r->line = (uint32_t)line;
    for (;;)
        coroutine_yield();
}

void lockfree_fail(const char *expr, const char *file, int line, const void *object);
void lockfree_fail(const char *expr, const char *file, int line, const void *object)
{
    explore_fail(expr, file, line, object);
}

void lockfree_misuse(const char *what, const void *object, const void *before, const void *now);
void lockfree_misuse(const char *what, const void *object, const void *before, const void *now)
{
    (void)before;
    (void)now; /* the trace shows both places */
    explore_fail(what, "misuse", 0, object);
}

/* Each thread of a scenario is a CPU; make and final run on CPU 0, if the scenarios' file does not say otherwise. */
uint32_t explore_cpu(void)
{
    return E->current == MAIN ? 0 : E->current;
}

uint32_t lf_env_cpu(void);
__attribute__((weak)) uint32_t lf_env_cpu(void)
{
    return explore_cpu();
}
