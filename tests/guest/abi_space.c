/*
 * Address spaces after fork: areas large enough that a kernel may share page tables between parent
 * and child. Every way to change a mapping must reach one of them only. Also process_vm_readv and _writev.
 */
#include <pthread.h>
#include <sys/uio.h>

#include "tests/guest/abi.h"

#define PAGE 4096L
#define PAGES 2048L /* 8 MiB: at least three whole tables */

static unsigned char value(long page, int salt)
{
    return (unsigned char)(page * 7 + page / 251 + salt);
}

static unsigned char *area(void)
{
    unsigned char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    madvise(p, PAGES * PAGE, MADV_NOHUGEPAGE);
    for (long i = 0; i < PAGES; i++) {
        p[i * PAGE + 9] = value(i, 1);
    }
    return p;
}

/* Pages [from, to) hold what area() or a later writer with this salt put there. */
static void holds(const unsigned char *p, long from, long to, int salt)
{
    for (long i = from; i < to; i++) {
        EQ(p[i * PAGE + 9], value(i, salt));
    }
}

static void write_pages(unsigned char *p, long from, long to, int salt)
{
    for (long i = from; i < to; i++) {
        p[i * PAGE + 9] = value(i, salt);
    }
}

static int signal_of_read(const volatile unsigned char *p)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(*p & 0);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* Runs in the child of a fork; the parent goes on when the child says so, and the child checks afterwards. */
struct pair {
    int to_parent[2], to_child[2];
    pid_t child;
};

static int pair_fork(struct pair *t)
{
    CHECK(pipe(t->to_parent) == 0 && pipe(t->to_child) == 0);
    t->child = fork();
    CHECK(t->child >= 0);
    return t->child == 0;
}

static void tell(const int fd[2])
{
    CHECK(write(fd[1], "x", 1) == 1);
}

static void await(const int fd[2])
{
    char c;
    CHECK(read(fd[0], &c, 1) == 1);
}

TEST(fork, grandchildren_have_memory_of_their_own)
{
    unsigned char *p = area();
    pid_t child = fork();
    if (child == 0) {
        write_pages(p, 100, 700, 2);
        pid_t grandchild = fork();
        if (grandchild == 0) {
            write_pages(p, 600, 900, 3);
            holds(p, 0, 100, 1);
            holds(p, 100, 600, 2);
            holds(p, 600, 900, 3);
            holds(p, 900, PAGES, 1);
            _exit(5);
        }
        abi_reap(grandchild, 5);
        holds(p, 100, 700, 2);
        holds(p, 700, PAGES, 1);
        _exit(6);
    }
    abi_reap(child, 6);
    holds(p, 0, PAGES, 1);
}

TEST(fork, survivor_of_three_generations_may_write)
{
    unsigned char *p = area();
    for (int generation = 2; generation < 8; generation++) {
        pid_t pid = fork();
        if (pid > 0) {
            abi_reap(pid, 0);
            holds(p, 0, PAGES, generation - 1);
            _exit(0);
        }
        write_pages(p, 0, PAGES, generation);
    }
    holds(p, 0, PAGES, 7);
}

TEST(fork, parent_and_child_write_in_turn)
{
    unsigned char *p = area();
    struct pair t;
    if (pair_fork(&t)) {
        await(t.to_child);
        holds(p, 0, PAGES, 1);
        write_pages(p, 0, 1000, 2);
        tell(t.to_parent);
        await(t.to_child);
        holds(p, 0, 1000, 2);
        holds(p, 1000, PAGES, 1);
        _exit(9);
    }
    write_pages(p, 500, 1500, 3);
    tell(t.to_child);
    await(t.to_parent);
    holds(p, 0, 500, 1);
    holds(p, 500, 1500, 3);
    write_pages(p, 0, PAGES, 4);
    tell(t.to_child);
    abi_reap(t.child, 9);
    holds(p, 0, PAGES, 4);
}

TEST(mprotect, after_fork_is_of_one_space)
{
    unsigned char *p = area();
    struct pair t;
    if (pair_fork(&t)) {
        CHECK(mprotect(p + 200 * PAGE, 400 * PAGE, PROT_NONE) == 0);
        EQ(signal_of_read(p + 300 * PAGE), SIGSEGV);
        tell(t.to_parent);
        await(t.to_child);
        CHECK(mprotect(p + 200 * PAGE, 400 * PAGE, PROT_READ | PROT_WRITE) == 0);
        holds(p, 0, PAGES, 1);
        write_pages(p, 0, PAGES, 3);
        holds(p, 0, PAGES, 3);
        _exit(4);
    }
    await(t.to_parent);
    write_pages(p, 100, 800, 2);
    holds(p, 100, 800, 2);
    tell(t.to_child);
    abi_reap(t.child, 4);
    holds(p, 100, 800, 2);
    holds(p, 800, PAGES, 1);
}

TEST(munmap, after_fork_is_of_one_space)
{
    unsigned char *p = area();
    pid_t pid = fork();
    if (pid == 0) {
        CHECK(munmap(p + 10 * PAGE, 5 * PAGE) == 0);
        CHECK(munmap(p + 512 * PAGE, 1024 * PAGE) == 0);
        EQ(signal_of_read(p + 12 * PAGE), SIGSEGV);
        EQ(signal_of_read(p + 1000 * PAGE), SIGSEGV);
        holds(p, 15, 512, 1);
        holds(p, 1536, PAGES, 1);
        _exit(7);
    }
    abi_reap(pid, 7);
    holds(p, 0, PAGES, 1);
    CHECK(munmap(p, PAGES * PAGE) == 0);
}

TEST(munmap, of_the_parent_leaves_the_child_its_pages)
{
    unsigned char *p = area();
    struct pair t;
    if (pair_fork(&t)) {
        await(t.to_child);
        holds(p, 0, PAGES, 1);
        write_pages(p, 0, PAGES, 5);
        holds(p, 0, PAGES, 5);
        _exit(3);
    }
    CHECK(munmap(p, PAGES * PAGE) == 0);
    unsigned char *q = area(); /* may be the same pages, if they were freed too early */
    write_pages(q, 0, PAGES, 6);
    tell(t.to_child);
    abi_reap(t.child, 3);
    holds(q, 0, PAGES, 6);
}

TEST(mremap, after_fork_is_of_one_space)
{
    unsigned char *p = area();
    pid_t pid = fork();
    if (pid == 0) {
        unsigned char *q = mremap(p + 300 * PAGE, 700 * PAGE, 1400 * PAGE, MREMAP_MAYMOVE);
        CHECK(q != MAP_FAILED && q != p + 300 * PAGE);
        for (long i = 0; i < 700; i++) {
            EQ(q[i * PAGE + 9], value(i + 300, 1));
            q[i * PAGE + 9] = 1;
        }
        EQ(q[900 * PAGE + 9], 0);
        EQ(signal_of_read(p + 400 * PAGE), SIGSEGV);
        _exit(8);
    }
    abi_reap(pid, 8);
    holds(p, 0, PAGES, 1);
}

TEST(madvise, dontneed_after_fork_is_of_one_space)
{
    unsigned char *p = area();
    pid_t pid = fork();
    if (pid == 0) {
        CHECK(madvise(p + 100 * PAGE, 1500 * PAGE, MADV_DONTNEED) == 0);
        for (long i = 100; i < 1600; i++) {
            EQ(p[i * PAGE + 9], 0);
        }
        holds(p, 0, 100, 1);
        holds(p, 1600, PAGES, 1);
        _exit(2);
    }
    abi_reap(pid, 2);
    holds(p, 0, PAGES, 1);
}

TEST(madvise, dontfork_and_wipeonfork)
{
    unsigned char *p = area();
    CHECK(madvise(p + 100 * PAGE, 200 * PAGE, MADV_DONTFORK) == 0);
    CHECK(madvise(p + 700 * PAGE, 600 * PAGE, MADV_WIPEONFORK) == 0);
    EQ(signal_of_read(p + 150 * PAGE), SIGSEGV);
    pid_t pid = fork();
    if (pid == 0) {
        holds(p, 0, 100, 1);
        holds(p, 300, 700, 1);
        for (long i = 700; i < 1300; i++) {
            EQ(p[i * PAGE + 9], 0);
        }
        holds(p, 1300, PAGES, 1);
        _exit(0);
    }
    abi_reap(pid, 0);
    CHECK(madvise(p, PAGES * PAGE, MADV_DOFORK) == 0);
    EQ(signal_of_read(p + 150 * PAGE), 0);
    holds(p, 0, PAGES, 1);
}

TEST(fork, zero_pages_stay_private)
{
    unsigned char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    madvise(p, PAGES * PAGE, MADV_NOHUGEPAGE);
    for (long i = 0; i < PAGES; i++) {
        EQ(p[i * PAGE], 0);
    }
    pid_t pid = fork();
    if (pid == 0) {
        memset(p, 5, PAGES * PAGE);
        _exit(1);
    }
    abi_reap(pid, 1);
    for (long i = 0; i < PAGES; i++) {
        EQ(p[i * PAGE + 77], 0);
    }
}

static volatile int stop;
static unsigned char *shared_area;

static void *count_up(void *arg)
{
    volatile unsigned long *a = arg, *b = a + 1;
    while (!stop) {
        for (long i = 0; i < PAGES; i += 16) {
            volatile unsigned long *at = (volatile unsigned long *)((char *)b + i * PAGE);
            *at = *at + 1;
        }
        *a = *a + 1;
    }
    return NULL;
}

TEST(fork, of_a_writing_thread_freezes_the_childs_memory)
{
    pthread_t t;
    shared_area = area();
    CHECK(pthread_create(&t, NULL, count_up, shared_area + 64) == 0);
    for (int round = 0; round < 20; round++) {
        pid_t pid = fork();
        if (pid == 0) {
            unsigned long first[PAGES / 16];
            for (long i = 0; i < PAGES; i += 16) {
                first[i / 16] = *(unsigned long *)(shared_area + 72 + i * PAGE);
            }
            abi_sleep_ms(2);
            for (long i = 0; i < PAGES; i += 16) {
                EQ(*(unsigned long *)(shared_area + 72 + i * PAGE), first[i / 16]);
                CHECK(first[i / 16] <= first[0] && first[0] - first[i / 16] <= 1);
            }
            _exit(4);
        }
        abi_reap(pid, 4);
    }
    stop = 1;
    CHECK(pthread_join(t, NULL) == 0);
    holds(shared_area, 0, PAGES, 1);
}

TEST(ftruncate, reaches_mappings_of_parent_and_child)
{
    abi_scratch();
    int fd = open("f", O_CREAT | O_RDWR, 0600), status;
    CHECK(fd >= 0 && ftruncate(fd, 64 * PAGE) == 0);
    unsigned char *p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    memset(p, 3, 64 * PAGE);
    struct pair t;
    if (pair_fork(&t)) {
        await(t.to_child);
        EQ(p[5 * PAGE], 3);
        p[5 * PAGE] = 4;
        _exit(*(volatile unsigned char *)(p + 20 * PAGE) & 0);
    }
    CHECK(ftruncate(fd, 10 * PAGE) == 0);
    tell(t.to_child);
    CHECK(waitpid(t.child, &status, 0) == t.child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
    EQ(p[5 * PAGE], 4);
}

TEST(process_vm_readv, reads_across_pages_and_errors)
{
    unsigned char *p = area(), got[3 * PAGE];
    pid_t child = abi_sleeper();
    struct iovec here[2] = {{got, 100}, {got + 100, 2 * PAGE - 100}}, there = {p + 9, 2 * PAGE};
    write_pages(p, 0, 10, 9);
    EQ(process_vm_readv(child, here, 2, &there, 1, 0), 2 * PAGE);
    EQ(got[0], value(0, 1));
    EQ(got[PAGE], value(1, 1));
    CHECK(munmap(p + 2 * PAGE, PAGE) == 0);
    pid_t other = abi_sleeper();
    there.iov_base = p + PAGE;
    EQ(process_vm_readv(other, here, 2, &there, 1, 0), PAGE);
    there.iov_base = p + 2 * PAGE;
    FAILS(process_vm_readv(other, here, 2, &there, 1, 0), EFAULT);
    FAILS(process_vm_readv(other, here, 2, &there, 1, 1), EINVAL);
    FAILS(process_vm_readv(0x3ffffffe, here, 2, &there, 1, 0), ESRCH);
}

TEST(process_vm_writev, writes_into_a_child_alone)
{
    unsigned char *p = area();
    unsigned char text[4] = {1, 2, 3, 4};
    struct iovec here = {text, 4}, there = {p + PAGE - 2, 4};
    struct pair t;
    if (pair_fork(&t)) {
        await(t.to_child);
        EQ(p[PAGE - 2], 1);
        EQ(p[PAGE + 1], 4);
        _exit(6);
    }
    EQ(process_vm_writev(t.child, &here, 1, &there, 1, 0), 4);
    EQ(p[PAGE - 2], 0);
    EQ(p[PAGE + 1], 0);
    CHECK(mprotect(p, PAGE, PROT_READ) == 0);
    there.iov_base = p;
    FAILS(process_vm_writev(getpid(), &here, 1, &there, 1, 0), EFAULT);
    FAILS(process_vm_writev(getpid(), BAD_ADDRESS, 1, &there, 1, 0), EFAULT);
    tell(t.to_child);
    abi_reap(t.child, 6);
}
