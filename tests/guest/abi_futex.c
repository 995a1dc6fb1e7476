/* Futexes: private and shared words, time-outs, bit sets, requeue, wake-op, robust lists. */
#include "tests/guest/abi.h"
#include <limits.h>
#include <pthread.h>
#include <stddef.h>

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_REQUEUE 3
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAKE_OP 5
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10
#define PRIVATE 128
#define CLOCK_RT 256

static long futex(void *word, int op, unsigned val, const void *arg, void *word2, unsigned val3)
{
    return syscall(SYS_futex, word, op, val, arg, word2, val3);
}

static uint32_t *shared_words(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

/* A child that waits on the word with the operation and exits with 0 when woken, 1 otherwise. */
static pid_t waiter(uint32_t *word, int op, unsigned val3)
{
    pid_t pid = fork();

    if (!pid)
        _exit(futex(word, op, *word, NULL, NULL, val3) == 0 ? 0 : 1);
    abi_await_state(pid, "S");
    return pid;
}

TEST(futex, wait_and_wake_shared)
{
    uint32_t *w = shared_words();
    pid_t pid = waiter(w, FUTEX_WAIT, 0);

    EQ(futex(w, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    abi_reap(pid, 0);
    EQ(futex(w, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
}

static void *waits_for_ever(void *word)
{
    futex(word, FUTEX_WAIT, 0, NULL, NULL, 0);
    return NULL;
}

/* Who waits on a word that is unmapped is no waiter of memory that is made later, wherever the kernel puts it. */
TEST(futex, waiters_of_unmapped_memory_take_no_wake_up)
{
    pid_t pid = fork();
    if (!pid) {
        uint32_t *w = shared_words();
        pthread_t t;
        long woken = 0;
        pthread_create(&t, NULL, waits_for_ever, w);
        abi_sleep_ms(50); /* likely asleep by then; right either way */
        munmap(w, 4096);
        for (int i = 0; i < 60; i++) {
            w = shared_words();
            woken += futex(w, FUTEX_WAKE, 1, NULL, NULL, 0);
            munmap(w, 4096);
            abi_sleep_ms(5);
        }
        _exit(woken != 0);
    }
    abi_reap(pid, 0);
}

static uint32_t private_word;

static void *private_waiter(void *arg)
{
    while (__atomic_load_n(&private_word, __ATOMIC_SEQ_CST) == 0)
        futex(&private_word, FUTEX_WAIT | PRIVATE, 0, NULL, NULL, 0);
    return arg;
}

TEST(futex, wait_and_wake_private)
{
    pthread_t t[4];

    for (int i = 0; i < 4; i++)
        EQ(pthread_create(&t[i], NULL, private_waiter, NULL), 0);
    abi_sleep_ms(20);
    __atomic_store_n(&private_word, 1, __ATOMIC_SEQ_CST);
    CHECK(futex(&private_word, FUTEX_WAKE | PRIVATE, 1000, NULL, NULL, 0) <= 4);
    for (int i = 0; i < 4; i++)
        EQ(pthread_join(t[i], NULL), 0);
}

static uint32_t own_word;

static void *shared_waiter(void *arg)
{
    (void)arg;
    return (void *)futex(&own_word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

TEST(futex, shared_operation_on_private_memory)
{
    pthread_t t;
    void *ret;
    long woken;

    EQ(pthread_create(&t, NULL, shared_waiter, NULL), 0);
    abi_sleep_ms(20);
    EQ(futex(&own_word, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0), 0); /* another key */
    while (!(woken = futex(&own_word, FUTEX_WAKE, 1, NULL, NULL, 0)))
        abi_sleep_ms(1);
    EQ(woken, 1);
    EQ(pthread_join(t, &ret), 0);
    EQ(ret, 0);
}

static uint32_t near_words[2] __attribute__((aligned(8)));

static void *near_waiter(void *arg)
{
    return (void *)futex(arg, FUTEX_WAIT, 0, NULL, NULL, 0);
}

/* Wakes until somebody was there to be woken: how many, 0 after 5 s. */
static long wake_waiting(uint32_t *word)
{
    long n = 0;

    for (int i = 0; i < 5000 && !n; i++) {
        abi_sleep_ms(1);
        n = futex(word, FUTEX_WAKE, 9, NULL, NULL, 0);
    }
    return n;
}

/* Words of one page are different words, to shared operations too; and private operations do not
 * meet shared ones. */
TEST(futex, shared_operation_wakes_its_word_only)
{
    pthread_t t[2];
    void *r;

    for (int i = 0; i < 2; i++)
        EQ(pthread_create(&t[i], NULL, near_waiter, &near_words[i]), 0);
    EQ(futex(&near_words[1], FUTEX_WAKE | PRIVATE, 9, NULL, NULL, 0), 0);
    EQ(wake_waiting(&near_words[1]), 1);
    EQ(pthread_join(t[1], &r), 0);
    EQ(futex(&near_words[1], FUTEX_WAKE, 9, NULL, NULL, 0), 0);
    EQ(wake_waiting(&near_words[0]), 1);
    EQ(pthread_join(t[0], &r), 0);
}

TEST(futex, EAGAIN_when_the_word_differs)
{
    uint32_t w = 5;

    FAILS(futex(&w, FUTEX_WAIT, 4, NULL, NULL, 0), EAGAIN);
    EQ(w, 5);
}

TEST(futex, ETIMEDOUT_not_early)
{
    uint32_t w = 0;
    struct timespec ts = {0, 30000000};
    long before = abi_now_ms();

    FAILS(futex(&w, FUTEX_WAIT | PRIVATE, 0, &ts, NULL, 0), ETIMEDOUT);
    CHECK(abi_now_ms() - before >= 29);
}

TEST(futex, absolute_deadline)
{
    uint32_t w = 0;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    FAILS(futex(&w, FUTEX_WAIT_BITSET | PRIVATE, 0, &now, NULL, ~0u), ETIMEDOUT);
    clock_gettime(CLOCK_REALTIME, &now);
    FAILS(futex(&w, FUTEX_WAIT_BITSET | PRIVATE | CLOCK_RT, 0, &now, NULL, ~0u), ETIMEDOUT);
}

TEST(futex, EINVAL_and_EFAULT_and_ENOSYS)
{
    uint32_t w[2] = {0, 0};
    struct timespec bad = {0, 1000000000};

    FAILS(futex((char *)w + 1, FUTEX_WAIT, 0, NULL, NULL, 0), EINVAL);
    FAILS(futex(w, FUTEX_WAIT, 0, &bad, NULL, 0), EINVAL);
    FAILS(futex(w, FUTEX_WAIT, 0, BAD_ADDRESS, NULL, 0), EFAULT);
    FAILS(futex(w, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0), EINVAL);
    FAILS(futex(w, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), EINVAL);
    FAILS(futex(BAD_ADDRESS, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
    FAILS(futex((void *)4096, FUTEX_WAIT | PRIVATE, 0, NULL, NULL, 0), EFAULT);
    FAILS(futex(w, 99, 0, NULL, NULL, 0), ENOSYS);
}

static void on_usr1(int sig)
{
    (void)sig;
}

TEST(futex, EINTR_by_a_handler)
{
    struct sigaction sa = {.sa_handler = on_usr1};
    uint32_t *w = shared_words();
    pid_t pid;

    sigaction(SIGUSR1, &sa, NULL);
    pid = fork();
    if (!pid) {
        long r = futex(w, FUTEX_WAIT, 0, NULL, NULL, 0);

        _exit(r == -1 && errno == EINTR ? 0 : 1);
    }
    abi_await_state(pid, "S");
    kill(pid, SIGUSR1);
    abi_reap(pid, 0);
}

TEST(futex, bitset_wakes_only_its_own)
{
    uint32_t *w = shared_words();
    pid_t one = waiter(w, FUTEX_WAIT_BITSET, 1), two = waiter(w, FUTEX_WAIT_BITSET, 2);

    EQ(futex(w, FUTEX_WAKE_BITSET, 100, NULL, NULL, 2), 1);
    abi_reap(two, 0);
    EQ(futex(w, FUTEX_WAKE_BITSET, 100, NULL, NULL, 4), 0);
    EQ(futex(w, FUTEX_WAKE, 100, NULL, NULL, 0), 1);
    abi_reap(one, 0);
}

TEST(futex, requeue_moves_waiters)
{
    uint32_t *w = shared_words();
    pid_t pid[5];

    for (int i = 0; i < 5; i++)
        pid[i] = waiter(&w[0], FUTEX_WAIT, 0);
    FAILS(futex(&w[0], FUTEX_CMP_REQUEUE, 1, (void *)10L, &w[64], 7), EAGAIN);
    EQ(futex(&w[0], FUTEX_CMP_REQUEUE, 1, (void *)10L, &w[64], 0), 5);
    EQ(futex(&w[0], FUTEX_WAKE, 100, NULL, NULL, 0), 0);
    EQ(futex(&w[64], FUTEX_WAKE, 100, NULL, NULL, 0), 4);
    for (int i = 0; i < 5; i++)
        abi_reap(pid[i], 0);
    FAILS(futex(&w[0], FUTEX_CMP_REQUEUE, -1, (void *)1L, &w[64], 0), EINVAL);
}

TEST(futex, wake_op)
{
    uint32_t *w = shared_words();
    pid_t first = waiter(&w[0], FUTEX_WAIT, 0), second = waiter(&w[1], FUTEX_WAIT, 0);

    /* w[1] = 7, wake w[0]; the old value 0 == 0: wake w[1] too */
    EQ(futex(&w[0], FUTEX_WAKE_OP, 1, (void *)1L, &w[1], 0u << 28 | 0u << 24 | 7u << 12 | 0), 2);
    EQ(w[1], 7);
    abi_reap(first, 0);
    abi_reap(second, 0);
    /* w[1] += 5; 7 < 7 is false: nobody there anyway */
    EQ(futex(&w[0], FUTEX_WAKE_OP, 1, (void *)1L, &w[1], 1u << 28 | 2u << 24 | 5u << 12 | 7), 0);
    EQ(w[1], 12);
}

TEST(futex, wakes_many)
{
    uint32_t *w = shared_words();
    pid_t pid[40];

    for (int i = 0; i < 40; i++)
        pid[i] = waiter(w, FUTEX_WAIT, 0);
    EQ(futex(w, FUTEX_WAKE, 33, NULL, NULL, 0), 33);
    EQ(futex(w, FUTEX_WAKE, 0x7fffffff, NULL, NULL, 0), 7);
    for (int i = 0; i < 40; i++)
        abi_reap(pid[i], 0);
}

/* N children that wait again as soon as they are woken, until the word changes. */
enum { AGAIN = 64 };
static void wait_again(uint32_t *word, pid_t child[AGAIN])
{
    for (int i = 0; i < AGAIN; i++) {
        child[i] = fork();
        if (!child[i]) {
            while (*(volatile uint32_t *)word == 0) {
                futex(word, FUTEX_WAIT, 0, NULL, NULL, 0);
            }
            _exit(0);
        }
    }
    for (int i = 0; i < AGAIN; i++) {
        abi_await_state(child[i], "S");
    }
}

static void end_waits(uint32_t *word, const pid_t child[AGAIN])
{
    int status;

    *(volatile uint32_t *)word = 1;
    futex(word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    for (int i = 0; i < AGAIN; i++) {
        EQ(waitpid(child[i], &status, 0), child[i]);
    }
}

TEST(futex, a_wake_of_all_counts_nobody_twice)
{
    uint32_t *word = shared_words();
    pid_t child[AGAIN];

    wait_again(word, child);
    EQ(futex(word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), AGAIN);
    end_waits(word, child);
}

TEST(futex, a_requeue_that_wakes_all_counts_nobody_twice)
{
    uint32_t *word = shared_words();
    pid_t child[AGAIN];

    wait_again(word, child);
    EQ(futex(word, FUTEX_REQUEUE, INT_MAX, (void *)0L, word + 1, 0), AGAIN);
    end_waits(word, child);
}

TEST(futex, a_wake_op_that_wakes_all_counts_nobody_twice)
{
    uint32_t *word = shared_words();
    pid_t child[AGAIN];

    wait_again(word, child);
    EQ(futex(word, FUTEX_WAKE_OP, INT_MAX, (void *)1L, word + 1, 1u << 24 /* sets 0; woken if it was not 0 */), AGAIN);
    end_waits(word, child);
}

TEST(futex, file_page_by_two_mappings)
{
    uint32_t *one, *two;
    pid_t pid;
    int fd;

    abi_scratch();
    fd = open("word", O_CREAT | O_RDWR, 0600);
    EQ(ftruncate(fd, 4096), 0);
    one = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    two = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    unlink("word");
    pid = waiter(&one[3], FUTEX_WAIT, 0);
    EQ(futex(&two[3], FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    abi_reap(pid, 0);
}

struct robust_head {
    struct robust_head *next;
    long offset;
    void *pending;
};
struct robust_lock {
    struct robust_head *next;
    uint32_t word;
};

TEST(set_robust_list, marks_the_word_at_exit)
{
    struct robust_lock *lock = (void *)shared_words();
    pid_t pid = fork();

    if (!pid) {
        static struct robust_head head;

        head.next = (void *)lock;
        head.offset = offsetof(struct robust_lock, word);
        lock->next = &head;
        lock->word = (uint32_t)syscall(SYS_gettid);
        _exit(syscall(SYS_set_robust_list, &head, sizeof(head)) ? 1 : 0);
    }
    abi_reap(pid, 0);
    EQ(lock->word, 0x40000000);
}

TEST(set_robust_list, EINVAL)
{
    FAILS(syscall(SYS_set_robust_list, NULL, 1), EINVAL);
}

TEST(get_robust_list, returns_what_was_set)
{
    static struct robust_head head;
    void *got;
    size_t len;

    EQ(syscall(SYS_set_robust_list, &head, sizeof(head)), 0);
    EQ(syscall(SYS_get_robust_list, 0, &got, &len), 0);
    CHECK(got == &head && len == sizeof(head));
    EQ(syscall(SYS_set_robust_list, NULL, sizeof(head)), 0);
    FAILS(syscall(SYS_get_robust_list, 0x3ffffff, &got, &len), ESRCH);
}

TEST(set_tid_address, is_cleared_and_woken_at_thread_exit)
{
    pthread_t t;

    EQ(syscall(SYS_set_tid_address, &private_word), syscall(SYS_gettid));
    EQ(pthread_create(&t, NULL, private_waiter, NULL) | 0, 0); /* musl's own join waits on such a word */
    private_word = 1;
    futex(&private_word, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0);
    EQ(pthread_join(t, NULL), 0);
}
