/* abi_thread.c: threads and futexes. */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "tests/guest/abi.h"

#define WAIT 0
#define WAKE 1
#define REQUEUE 3
#define CMP_REQUEUE 4
#define WAKE_OP 5
#define WAIT_BITSET 9
#define WAKE_BITSET 10
#define PRIVATE 128
#define CLOCK_RT 256

static long fut(void *w, int op, int val, const struct timespec *t, void *w2, int val3)
{
    return syscall(SYS_futex, w, op, val, t, w2, val3);
}

static atomic_int word, woken, ready;

static void *waiter(void *arg)
{
    (void)arg;
    ready++;
    while (fut(&word, WAIT | PRIVATE, 0, NULL, NULL, 0) == 0 && 0) {
    }
    woken++;
    return NULL;
}

static void start_waiters(pthread_t *t, int n, void *(*fn)(void *))
{
    for (int i = 0; i < n; i++) {
        EQ(pthread_create(&t[i], NULL, fn, NULL), 0);
    }
    while (ready < n) {
        abi_sleep_ms(1);
    }
    abi_sleep_ms(50);
}

TEST(futex, wake_counts)
{
    pthread_t t[5];
    start_waiters(t, 5, waiter);
    EQ(fut(&word, WAKE | PRIVATE, 2, NULL, NULL, 0), 2);
    abi_sleep_ms(50);
    EQ(woken, 2);
    EQ(fut(&word, WAKE | PRIVATE, 100, NULL, NULL, 0), 3);
    for (int i = 0; i < 5; i++) {
        pthread_join(t[i], NULL);
    }
    EQ(fut(&word, WAKE | PRIVATE, 1, NULL, NULL, 0), 0);
}

TEST(futex, errors)
{
    int w = 5;
    FAILS(fut(&w, WAIT, 4, NULL, NULL, 0), EAGAIN);
    FAILS(fut((char *)&w + 1, WAIT, 5, NULL, NULL, 0), EINVAL);
    FAILS(fut(BAD_ADDRESS, WAIT, 5, NULL, NULL, 0), EFAULT);
    FAILS(fut(BAD_LOW, WAIT, 5, NULL, NULL, 0), EFAULT);
    FAILS(fut(&w, 99, 5, NULL, NULL, 0), ENOSYS);
    FAILS(fut(&w, WAIT_BITSET, 5, NULL, NULL, 0), EINVAL);
}

TEST(futex, ETIMEDOUT)
{
    int w = 0;
    struct timespec t = {0, 30000000}, bad = {0, 1000000000};
    long start = abi_now_ms();
    FAILS(fut(&w, WAIT, 0, &t, NULL, 0), ETIMEDOUT);
    CHECK(abi_now_ms() - start >= 29);
    FAILS(fut(&w, WAIT, 0, &bad, NULL, 0), EINVAL);
    clock_gettime(CLOCK_MONOTONIC, &t);
    FAILS(fut(&w, WAIT_BITSET, 0, &t, NULL, -1), ETIMEDOUT);
    clock_gettime(CLOCK_REALTIME, &t);
    FAILS(fut(&w, WAIT_BITSET | CLOCK_RT, 0, &t, NULL, -1), ETIMEDOUT);
}

TEST(futex, requeue_moves)
{
    pthread_t t[4];
    atomic_int other = 0;
    start_waiters(t, 4, waiter);
    EQ(fut(&word, CMP_REQUEUE | PRIVATE, 1, (void *)2, &other, 0), 3);
    abi_sleep_ms(30);
    EQ(woken, 1);
    FAILS(fut(&word, CMP_REQUEUE | PRIVATE, 1, (void *)2, &other, 7), EAGAIN);
    EQ(fut(&other, WAKE | PRIVATE, 10, NULL, NULL, 0), 2);
    EQ(fut(&word, WAKE | PRIVATE, 10, NULL, NULL, 0), 1);
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
    }
}

TEST(futex, wake_op)
{
    atomic_int other = 4;
    /* other += 3; wakes on the second word when its old value was > 3: none sleep */
    EQ(fut(&word, WAKE_OP, 1, (void *)1, &other, (1 << 28) | (4 << 24) | (3 << 12) | 3), 0);
    EQ(other, 7);
}

static void *bit_waiter(void *arg)
{
    (void)arg;
    ready++;
    fut(&word, WAIT_BITSET | PRIVATE, 0, NULL, NULL, 2);
    woken++;
    return NULL;
}

TEST(futex, bitset_selects)
{
    pthread_t t[1];
    start_waiters(t, 1, bit_waiter);
    EQ(fut(&word, WAKE_BITSET | PRIVATE, 1, NULL, NULL, 5), 0);
    EQ(fut(&word, WAKE_BITSET | PRIVATE, 1, NULL, NULL, 6), 1);
    pthread_join(t[0], NULL);
}

TEST(futex, shared_between_processes)
{
    atomic_int *w = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid = fork();
    if (pid == 0) {
        while (*w == 0) {
            fut(w, WAIT, 0, NULL, NULL, 0);
        }
        _exit(0);
    }
    abi_sleep_ms(50);
    *w = 1;
    EQ(fut(w, WAKE, 1, NULL, NULL, 0), 1);
    abi_reap(pid, 0);
}

TEST(futex, shared_file_page_at_two_addresses)
{
    abi_scratch();
    int fd = open("w", O_RDWR | O_CREAT, 0600);
    ftruncate(fd, 8192);
    atomic_int *a = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096);
    pid_t pid = fork();
    if (pid == 0) {
        munmap(a, 4096);
        mmap(NULL, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        atomic_int *b = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096);
        while (*b == 0) {
            fut(b, WAIT, 0, NULL, NULL, 0);
        }
        _exit(0);
    }
    abi_sleep_ms(50);
    *a = 1;
    EQ(fut(a, WAKE, 1, NULL, NULL, 0), 1);
    abi_reap(pid, 0);
}

TEST(futex, private_word_survives_cow)
{
    pthread_t t[1];
    int p[2];
    char c;
    CHECK(pipe(p) == 0);
    start_waiters(t, 1, waiter);
    pid_t pid = fork();
    if (pid == 0) { /* lives on: its SIGCHLD would make the waiter's call start again and see the new value */
        close(p[1]);
        _exit(read(p[0], &c, 1) == 0 ? 0 : 1);
    }
    word = 1;
    EQ(fut(&word, WAKE | PRIVATE, 1, NULL, NULL, 0), 1);
    pthread_join(t[0], NULL);
    close(p[1]);
    abi_reap(pid, 0);
}

static void on_signal(int sig) { (void)sig; }

TEST(futex, EINTR)
{
    int w = 0;
    struct sigaction sa = {.sa_handler = on_signal};
    sigaction(SIGALRM, &sa, NULL);
    alarm(1);
    FAILS(fut(&w, WAIT, 0, NULL, NULL, 0), EINTR);
}

static void *add(void *arg)
{
    for (int i = 0; i < 10000; i++) {
        pthread_mutex_lock(arg);
        word = word + 1;
        pthread_mutex_unlock(arg);
    }
    return NULL;
}

TEST(clone, threads_with_mutex)
{
    pthread_t t[8];
    pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    for (int i = 0; i < 8; i++) {
        EQ(pthread_create(&t[i], NULL, add, &m), 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(t[i], NULL);
    }
    EQ(word, 80000);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int turn;

static void *ping(void *arg)
{
    int me = (int)(long)arg;
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&lock);
        while (turn != me) {
            pthread_cond_wait(&cond, &lock);
        }
        turn = !me;
        pthread_cond_broadcast(&cond);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

TEST(clone, threads_with_condvar)
{
    pthread_t a, b;
    pthread_create(&a, NULL, ping, (void *)0);
    pthread_create(&b, NULL, ping, (void *)1);
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    EQ(turn, 0);
}

static void *tid_of(void *arg)
{
    *(int *)arg = (int)syscall(SYS_gettid);
    return (void *)(long)getpid();
}

TEST(gettid, differs_in_threads)
{
    pthread_t t;
    int tid = 0;
    void *pid;
    pthread_create(&t, NULL, tid_of, &tid);
    pthread_join(t, &pid);
    EQ((long)pid, getpid());
    CHECK(tid != getpid() && tid > 0);
}

TEST(set_tid_address, returns_tid) { EQ(syscall(SYS_set_tid_address, &word), syscall(SYS_gettid)); }

TEST(set_robust_list, EINVAL)
{
    void *head;
    size_t len;
    FAILS(syscall(SYS_set_robust_list, &word, 1), EINVAL);
    EQ(syscall(SYS_get_robust_list, 0, &head, &len), 0);
}

TEST(set_robust_list, owner_died)
{
    pthread_mutexattr_t at;
    pthread_mutex_t *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_init(&at);
    pthread_mutexattr_setpshared(&at, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&at, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(m, &at);
    pid_t pid = fork();
    if (pid == 0) {
        pthread_mutex_lock(m);
        _exit(0);
    }
    abi_reap(pid, 0);
    EQ(pthread_mutex_lock(m), EOWNERDEAD);
}

static void *sleep_forever(void *arg)
{
    (void)arg;
    ready++;
    for (;;) {
        pause();
    }
    return NULL;
}

TEST(exit_group, ends_all_threads)
{
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t t[4];
        start_waiters(t, 4, sleep_forever);
        exit(12);
    }
    abi_reap(pid, 12);
}

static void *leave_all(void *arg)
{
    (void)arg;
    _exit(13);
}

TEST(exit_group, from_a_thread)
{
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t t;
        pthread_create(&t, NULL, leave_all, NULL);
        for (;;) {
            pause();
        }
    }
    abi_reap(pid, 13);
}

TEST(exit, main_thread_first)
{
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t t;
        pthread_create(&t, NULL, leave_all, NULL);
        syscall(SYS_exit, 1);
    }
    abi_reap(pid, 13);
}

static void *exec_it(void *arg)
{
    (void)arg;
    execl("/bin/busybox", "sh", "-c", "exit 14", (char *)NULL);
    return NULL;
}

TEST(execve, from_a_thread_keeps_the_pid)
{
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t t;
        pthread_create(&t, NULL, exec_it, NULL);
        for (;;) {
            pause();
        }
    }
    abi_reap(pid, 14);
}

static void *cancelled(void *arg)
{
    sem_post(arg);
    for (;;) {
        sleep(10);
    }
    return NULL;
}

TEST(tkill, pthread_cancel)
{
    pthread_t t;
    sem_t s;
    void *end;
    sem_init(&s, 0, 0);
    pthread_create(&t, NULL, cancelled, &s);
    sem_wait(&s);
    EQ(pthread_cancel(t), 0);
    EQ(pthread_join(t, &end), 0);
    CHECK(end == PTHREAD_CANCELED);
}

TEST(kill, signal_to_a_thread_group_is_taken_once)
{
    pthread_t t[4];
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &sa, NULL);
    start_waiters(t, 4, sleep_forever);
    EQ(kill(getpid(), SIGUSR1), 0);
    _exit(0);
}

static void *touch_memory(void *arg)
{
    volatile char *p = arg;
    for (int i = 0; i < 1 << 20; i += 4096) {
        p[i]++;
    }
    return NULL;
}

TEST(clone, threads_share_memory_under_fork)
{
    char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int round = 0; round < 20; round++) {
        pthread_t t[3];
        for (int i = 0; i < 3; i++) {
            pthread_create(&t[i], NULL, touch_memory, p + i);
        }
        pid_t pid = fork();
        if (pid == 0) {
            p[0] = 99;
            _exit(0);
        }
        for (int i = 0; i < 3; i++) {
            pthread_join(t[i], NULL);
        }
        abi_reap(pid, 0);
    }
    for (int i = 0; i < 1 << 20; i += 4096) {
        CHECK(p[i] == 20 && p[i + 1] == 20 && p[i + 2] == 20);
    }
}

static __thread int local = 5;

static void *use_local(void *arg)
{
    (void)arg;
    local++;
    return (void *)(long)local;
}

TEST(arch_prctl, thread_local_storage)
{
    pthread_t t;
    void *v;
    local = 50;
    pthread_create(&t, NULL, use_local, NULL);
    pthread_join(t, &v);
    EQ((long)v, 6);
    EQ(local, 50);
}

struct text_reader {
    int fd, *ready;
    long bad;
};

static void *read_text(void *arg)
{
    struct text_reader *r = arg;
    char buf[256];
    __atomic_add_fetch(r->ready, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(r->ready, __ATOMIC_SEQ_CST) < 2)
        ;
    for (int i = 0; i < 20; i++) {
        long n = pread(r->fd, buf, sizeof buf, 0);
        r->bad += n != sizeof buf || !memchr(buf, '-', n);
    }
    return NULL;
}

/* Mappings that do not merge make the text long, so that its buffer grows while the first reads run. */
TEST(pread64, of_one_text_of_proc_by_two_threads)
{
    for (int i = 0; i < 200; i++)
        CHECK(mmap(NULL, 4096, i & 1 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    for (int round = 0; round < 40; round++) {
        int ready = 0, fd = open("/proc/self/maps", O_RDONLY);
        struct text_reader a = {fd, &ready, 0}, b = a;
        pthread_t other;
        CHECK(fd >= 0);
        EQ(pthread_create(&other, NULL, read_text, &a), 0);
        read_text(&b);
        EQ(pthread_join(other, NULL), 0);
        EQ(a.bad + b.bad, 0);
        close(fd);
    }
}
