/* pthread_mutex_t with PTHREAD_PRIO_INHERIT, as the C libraries make it of PI futexes. */
#include "tests/guest/abi_pi.h"
#include <pthread.h>

static pthread_mutex_t mutex;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int count, ready;

static void init_mutex(int type, int robust)
{
    pthread_mutexattr_t a;

    EQ(pthread_mutexattr_init(&a), 0);
    EQ(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT), 0);
    EQ(pthread_mutexattr_settype(&a, type), 0);
    if (robust)
        EQ(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST), 0);
    EQ(pthread_mutex_init(&mutex, &a), 0);
}

static void *counts(void *arg)
{
    for (int i = 0; i < 500; i++) {
        if (pthread_mutex_lock(&mutex))
            return (void *)1L;
        count++;
        if (pthread_mutex_unlock(&mutex))
            return (void *)2L;
    }
    return arg;
}

TEST(futex, pi_mutex_of_the_c_library)
{
    pthread_t t[4];
    void *r;

    init_mutex(PTHREAD_MUTEX_ERRORCHECK, 0);
    for (int i = 0; i < 4; i++)
        EQ(pthread_create(&t[i], NULL, counts, NULL), 0);
    for (int i = 0; i < 4; i++) {
        EQ(pthread_join(t[i], &r), 0);
        EQ(r, 0);
    }
    EQ(count, 2000);
    EQ(pthread_mutex_lock(&mutex), 0);
    EQ(pthread_mutex_lock(&mutex), EDEADLK);
    EQ(pthread_mutex_unlock(&mutex), 0);
    EQ(pthread_mutex_unlock(&mutex), EPERM);
    EQ(pthread_mutex_destroy(&mutex), 0);
}

static void *tries(void *arg)
{
    struct timespec end;
    long busy = pthread_mutex_trylock(&mutex);

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_nsec += 20000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    return busy == EBUSY && pthread_mutex_timedlock(&mutex, &end) == ETIMEDOUT ? arg : (void *)1L;
}

TEST(futex, pi_mutex_try_and_time_out)
{
    pthread_t t;
    void *r;

    init_mutex(PTHREAD_MUTEX_NORMAL, 0);
    EQ(pthread_mutex_lock(&mutex), 0);
    EQ(pthread_create(&t, NULL, tries, NULL), 0);
    EQ(pthread_join(t, &r), 0);
    EQ(r, 0);
    EQ(pthread_mutex_unlock(&mutex), 0);
    EQ(pthread_mutex_trylock(&mutex), 0);
    EQ(pthread_mutex_unlock(&mutex), 0);
}

static void *waits(void *arg)
{
    if (pthread_mutex_lock(&mutex))
        return (void *)1L;
    count++;
    while (!ready)
        pthread_cond_wait(&cond, &mutex);
    count--;
    return pthread_mutex_unlock(&mutex) ? (void *)2L : arg;
}

TEST(futex, pi_mutex_with_a_condition)
{
    pthread_t t[4];
    void *r;

    init_mutex(PTHREAD_MUTEX_NORMAL, 0);
    for (int i = 0; i < 4; i++)
        EQ(pthread_create(&t[i], NULL, waits, NULL), 0);
    for (int all = 0; !all;) {
        EQ(pthread_mutex_lock(&mutex), 0);
        all = count == 4;
        ready = all;
        if (all)
            pthread_cond_broadcast(&cond);
        EQ(pthread_mutex_unlock(&mutex), 0);
    }
    for (int i = 0; i < 4; i++) {
        EQ(pthread_join(t[i], &r), 0);
        EQ(r, 0);
    }
    EQ(count, 0);
}

static void *dies(void *arg)
{
    return pthread_mutex_lock(&mutex) ? (void *)1L : arg;
}

TEST(set_robust_list, pi_mutex_EOWNERDEAD)
{
    pthread_t t;
    void *r;

    init_mutex(PTHREAD_MUTEX_NORMAL, 1);
    EQ(pthread_create(&t, NULL, dies, NULL), 0);
    EQ(pthread_join(t, &r), 0);
    EQ(r, 0);
    EQ(pthread_mutex_lock(&mutex), EOWNERDEAD);
    EQ(pthread_mutex_consistent(&mutex), 0);
    EQ(pthread_mutex_unlock(&mutex), 0);
    EQ(pthread_mutex_lock(&mutex), 0);
    EQ(pthread_mutex_unlock(&mutex), 0);
}
