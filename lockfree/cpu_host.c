/* cpu_host.c: on the host a thread is a CPU. Owns the numbers (given at a thread's first use, returned when it ends) and the lock
 * nodes that go with them. Host programs only; must never be linked into the kernel. */
#include <pthread.h>
#include "lockfree/bitmap.h"
#include "lockfree/qlock.h"

#define HOST_CPUS 1024

static uint64_t taken[BITMAP_WORDS(HOST_CPUS)];
static struct qlock_nodes nodes[HOST_CPUS];
static __thread uint32_t mine; /* number + 1; 0: none yet */
static pthread_key_t at_exit;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void give_back(void *number)
{
    (void)bitmap_test_and_clear(taken, (uint32_t)(uintptr_t)number - 1);
}

static void make_key(void)
{
    LF_ASSERT(pthread_key_create(&at_exit, give_back) == 0, NULL);
}

static void take_number(void)
{
    uint32_t cpu;

    pthread_once(&once, make_key);
    do {
        cpu = bitmap_find_zero(taken, HOST_CPUS, 0);
        LF_ASSERT(cpu < HOST_CPUS, taken);
    } while (bitmap_test_and_set(taken, cpu));
    mine = cpu + 1;
    pthread_setspecific(at_exit, (void *)(uintptr_t)mine);
}

uint32_t lf_env_cpu(void)
{
    if (lf_unlikely(!mine))
        take_number();
    return mine - 1;
}

struct qlock_nodes *qlock_env_nodes(uint32_t cpu)
{
    return &nodes[cpu];
}
