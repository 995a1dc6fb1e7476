/* Address spaces: mmap and its kin, demand zero, copy on write, shared and private file mappings, the break. */
#include "tests/guest/abi.h"
#include <pthread.h>
#include <setjmp.h>
#include <sys/resource.h>

#define PG 4096ul
#define RW (PROT_READ | PROT_WRITE)

static char *anon(size_t n, int flags)
{
    char *p = mmap(NULL, n, RW, MAP_ANONYMOUS | flags, -1, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

static int scratch_file(const char *text, size_t n)
{
    int fd;

    abi_scratch();
    fd = open("f", O_CREAT | O_RDWR | O_TRUNC, 0600);
    CHECK(fd >= 0);
    EQ(write(fd, text, n), n);
    return fd;
}

static siginfo_t fault_info;
static sigjmp_buf jump_buf;

static void on_fault(int sig, siginfo_t *si, void *ctx)
{
    (void)ctx;
    fault_info = *si;
    siglongjmp(jump_buf, sig);
}

/* The signal that a one-byte access raises, 0 if none. */
static int touch(volatile char *p, int write)
{
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    int sig;

    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    sig = sigsetjmp(jump_buf, 1);
    if (sig)
        return sig;
    if (write)
        *p = 1;
    else
        (void)*p;
    return 0;
}

TEST(mmap, anonymous_is_zero_and_writable)
{
    char *p = anon(64 * PG, MAP_PRIVATE);

    for (size_t i = 0; i < 64 * PG; i += 511)
        EQ(p[i], 0);
    memset(p, 7, 64 * PG);
    EQ(p[64 * PG - 1], 7);
}

TEST(mmap, private_is_copied_on_write_after_fork)
{
    char *p = anon(8 * PG, MAP_PRIVATE);
    pid_t pid;

    memset(p, 1, 8 * PG);
    pid = fork();
    if (!pid) {
        for (int i = 0; i < 8; i++)
            p[i * PG] = 2;
        _exit(p[PG + 1] == 1 ? 0 : 1);
    }
    abi_reap(pid, 0);
    for (int i = 0; i < 8; i++)
        EQ(p[i * PG], 1);
}

TEST(mmap, shared_is_seen_by_both_after_fork)
{
    char *p = anon(4 * PG, MAP_SHARED);
    pid_t pid = fork();

    if (!pid) {
        p[3 * PG] = 9;
        _exit(0);
    }
    abi_reap(pid, 0);
    EQ(p[3 * PG], 9);
}

TEST(mmap, parent_write_is_not_seen_by_child)
{
    char *p = anon(PG, MAP_PRIVATE);
    int fds[2];
    char c;
    pid_t pid;

    p[0] = 1;
    EQ(pipe(fds), 0);
    pid = fork();
    if (!pid) {
        (void)read(fds[0], &c, 1);
        _exit(p[0]);
    }
    p[0] = 2;
    EQ(write(fds[1], "x", 1), 1);
    abi_reap(pid, 1);
}

TEST(mmap, shared_file_reaches_the_file)
{
    int fd = scratch_file("hello", 5);
    char *p = mmap(NULL, PG, RW, MAP_SHARED, fd, 0), buf[6] = "";

    p[0] = 'J';
    EQ(pread(fd, buf, 5, 0), 5);
    CHECK(!strcmp(buf, "Jello"));
    EQ(pwrite(fd, "y", 1, 4), 1);
    EQ(p[4], 'y');
}

TEST(mmap, private_file_does_not_reach_the_file)
{
    int fd = scratch_file("hello", 5);
    char *p = mmap(NULL, PG, RW, MAP_PRIVATE, fd, 0), buf[6] = "";

    EQ(p[1], 'e');
    p[0] = 'J';
    EQ(pread(fd, buf, 5, 0), 5);
    CHECK(!strcmp(buf, "hello"));
    EQ(p[PG - 1], 0);
}

TEST(mmap, file_offset)
{
    char page[2 * PG];
    int fd;
    char *p;

    memset(page, 'a', PG);
    memset(page + PG, 'b', PG);
    fd = scratch_file(page, sizeof(page));
    p = mmap(NULL, PG, PROT_READ, MAP_PRIVATE, fd, PG);
    EQ(p[0], 'b');
    EQ(p[PG - 1], 'b');
}

TEST(mmap, fixed_replaces)
{
    char *p = anon(3 * PG, MAP_PRIVATE);

    memset(p, 5, 3 * PG);
    EQ(mmap(p + PG, PG, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), p + PG);
    EQ(p[PG], 0);
    EQ(p[0], 5);
    EQ(p[2 * PG], 5);
}

TEST(mmap, EEXIST_noreplace)
{
    char *p = anon(PG, MAP_PRIVATE);

    FAILS(mmap(p, PG, RW, MAP_PRIVATE | MAP_ANONYMOUS | 0x100000, -1, 0), EEXIST);
}

TEST(mmap, EBADF_EACCES_EINVAL)
{
    int fd = scratch_file("x", 1), ro = open("f", O_RDONLY), wo = open("f", O_WRONLY);

    FAILS(mmap(NULL, PG, PROT_READ, MAP_PRIVATE, 999, 0), EBADF);
    FAILS(mmap(NULL, PG, RW, MAP_SHARED, ro, 0), EACCES);
    FAILS(mmap(NULL, PG, PROT_READ, MAP_PRIVATE, wo, 0), EACCES);
    FAILS(syscall(SYS_mmap, 0, PG, PROT_READ, MAP_PRIVATE, fd, 1), EINVAL);
    FAILS(syscall(SYS_mmap, 0, PG, PROT_READ, 0, fd, 0), EINVAL);
    CHECK(mmap(NULL, PG, RW, MAP_PRIVATE, ro, 0) != MAP_FAILED);
}

TEST(munmap, access_is_SIGSEGV_maperr)
{
    char *p = anon(3 * PG, MAP_PRIVATE);

    memset(p, 1, 3 * PG);
    EQ(munmap(p + PG, PG), 0);
    EQ(touch(p, 0), 0);
    EQ(touch(p + PG, 0), SIGSEGV);
    EQ(fault_info.si_code, SEGV_MAPERR);
    EQ(fault_info.si_addr, p + PG);
    EQ(touch(p + 2 * PG, 1), 0);
    EQ(munmap(p, 3 * PG), 0); /* holes are no error */
}

#define BATCH_FIRST 128ul /* pages before those that are looked at */
#define LOOKED_AT 256ul
static _Atomic int unmapped;

/* How many of the pages could still be read after munmap had returned. */
static void *reads_until_unmapped(void *pages)
{
    long stale = 0;

    while (!unmapped)
        for (unsigned long i = 0; i < LOOKED_AT && !unmapped; i++)
            (void)touch((char *)pages + i * PG, 0);
    for (unsigned long i = 0; i < LOOKED_AT; i++)
        stale += touch((char *)pages + i * PG, 0) == 0;
    return (void *)stale;
}

/* More pages of one table than a kernel frees at once, beside a thread of another CPU that keeps them in its TLB; the table itself stays. */
TEST(munmap, of_many_pages_reaches_other_threads)
{
    for (int round = 0; round < 20; round++) {
        char *all = anon(2 << 21, MAP_PRIVATE), *p = (char *)(((unsigned long)all + (1ul << 21) - 1) & ~((1ul << 21) - 1));
        pthread_t t;
        void *stale;

        memset(p, 1, (BATCH_FIRST + LOOKED_AT + 8) * PG);
        unmapped = 0;
        EQ(pthread_create(&t, NULL, reads_until_unmapped, p + BATCH_FIRST * PG), 0);
        usleep(2000);
        EQ(munmap(p, (BATCH_FIRST + LOOKED_AT) * PG), 0);
        unmapped = 1;
        EQ(pthread_join(t, &stale), 0);
        EQ((long)stale, 0);
        EQ(touch(p + (BATCH_FIRST + LOOKED_AT) * PG, 0), 0);
        EQ(munmap(all, 2 << 21), 0);
    }
}

TEST(munmap, EINVAL)
{
    char *p = anon(PG, MAP_PRIVATE);

    FAILS(munmap(p + 1, PG), EINVAL);
    FAILS(munmap(p, 0), EINVAL);
    FAILS(munmap((void *)0x7ffffffff000, 2 * PG), EINVAL);
}

TEST(mprotect, takes_and_gives_write)
{
    char *p = anon(3 * PG, MAP_PRIVATE);

    p[PG] = 3;
    EQ(mprotect(p + PG, PG, PROT_READ), 0);
    EQ(touch(p + PG, 1), SIGSEGV);
    EQ(fault_info.si_code, SEGV_ACCERR);
    EQ(p[PG], 3);
    EQ(mprotect(p, 3 * PG, PROT_NONE), 0);
    EQ(touch(p, 0), SIGSEGV);
    EQ(mprotect(p, 3 * PG, RW), 0);
    EQ(touch(p + PG, 1), 0);
}

TEST(mprotect, EINVAL_ENOMEM_EACCES)
{
    char *p = anon(2 * PG, MAP_PRIVATE);
    int ro;

    FAILS(syscall(SYS_mprotect, p + 1, PG, PROT_READ), EINVAL); /* musl rounds down */
    EQ(munmap(p + PG, PG), 0);
    FAILS(mprotect(p, 2 * PG, PROT_READ), ENOMEM);
    scratch_file("x", 1);
    ro = open("f", O_RDONLY);
    p = mmap(NULL, PG, PROT_READ, MAP_SHARED, ro, 0);
    FAILS(mprotect(p, PG, RW), EACCES);
}

TEST(mprotect, no_exec_is_enforced)
{
    static const unsigned char ret[] = {0xc3};
    char *p = anon(PG, MAP_PRIVATE);
    pid_t pid;
    int status;

    memcpy(p, ret, 1);
    pid = fork();
    if (!pid) {
        ((void (*)(void))p)();
        _exit(0);
    }
    EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    EQ(mprotect(p, PG, PROT_READ | PROT_EXEC), 0);
    ((void (*)(void))p)();
}

TEST(brk, grows_zeroed_and_shrinks)
{
    char *old = (char *)syscall(SYS_brk, 0), *p;

    p = (char *)syscall(SYS_brk, old + 8 * PG);
    EQ(p, old + 8 * PG);
    EQ(old[7 * PG], 0);
    memset(old, 1, 8 * PG);
    EQ(syscall(SYS_brk, old), old);
    EQ(syscall(SYS_brk, old + 8 * PG), old + 8 * PG);
    EQ(old[7 * PG], 0);
}

TEST(brk, refusal_returns_the_old_one)
{
    long old = syscall(SYS_brk, 0);

    EQ(syscall(SYS_brk, 1ul << 46), old);
    EQ(syscall(SYS_brk, 4096), old);
}

TEST(mremap, grows_moving_and_keeps_bytes)
{
    char *p = anon(2 * PG, MAP_PRIVATE), *q;

    anon(PG, MAP_PRIVATE);
    memset(p, 6, 2 * PG);
    q = mremap(p, 2 * PG, 64 * PG, MREMAP_MAYMOVE);
    CHECK(q != MAP_FAILED);
    EQ(q[2 * PG - 1], 6);
    EQ(q[2 * PG], 0);
    q[64 * PG - 1] = 1;
}

TEST(mremap, shrinks_and_moves_fixed)
{
    char *p = anon(8 * PG, MAP_PRIVATE), *to = anon(8 * PG, MAP_PRIVATE);

    memset(p, 4, 8 * PG);
    EQ(mremap(p, 8 * PG, 2 * PG, 0), p);
    EQ(touch(p + 2 * PG, 0), SIGSEGV);
    EQ(mremap(p, 2 * PG, 2 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, to), to);
    EQ(to[2 * PG - 1], 4);
    EQ(touch(p, 0), SIGSEGV);
}

TEST(mremap, EINVAL_EFAULT_ENOMEM)
{
    char *p = anon(2 * PG, MAP_PRIVATE);

    FAILS(mremap(p + 1, PG, PG, 0), EINVAL);
    FAILS(mremap(p, PG, 0, 0), EINVAL);
    EQ(munmap(p, 2 * PG), 0);
    FAILS(mremap(p, PG, 2 * PG, MREMAP_MAYMOVE), EFAULT);
    p = anon(3 * PG, MAP_PRIVATE);
    FAILS(mremap(p, PG, 4 * PG, 0), ENOMEM);
}

TEST(madvise, dontneed_drops_and_EINVAL)
{
    char *p = anon(4 * PG, MAP_PRIVATE);

    memset(p, 8, 4 * PG);
    EQ(madvise(p + PG, PG, MADV_DONTNEED), 0);
    EQ(p[PG], 0);
    EQ(p[0], 8);
    FAILS(madvise(p + 1, PG, MADV_DONTNEED), EINVAL);
    FAILS(madvise(p, PG, 12345), EINVAL);
}

TEST(mincore, resident_pages_and_errors)
{
    unsigned char vec[4] = {9, 9, 9, 9};
    char *p = anon(4 * PG, MAP_PRIVATE);

    p[PG] = 1;
    EQ(mincore(p, 4 * PG, vec), 0);
    EQ(vec[1] & 1, 1);
    EQ(vec[2] & 1, 0);
    FAILS(mincore(p + 1, PG, vec), EINVAL);
    FAILS(mincore(p, PG, BAD_ADDRESS), EFAULT);
    EQ(munmap(p, 4 * PG), 0);
    FAILS(mincore(p, PG, vec), ENOMEM);
}

TEST(msync, flags_and_holes)
{
    int fd = scratch_file("hello", 5);
    char *p = mmap(NULL, PG, RW, MAP_SHARED, fd, 0);

    p[0] = 'x';
    EQ(msync(p, PG, MS_SYNC), 0);
    FAILS(msync(p, PG, MS_SYNC | MS_ASYNC), EINVAL);
    FAILS(msync(p + 1, PG, MS_SYNC), EINVAL);
    EQ(munmap(p, PG), 0);
    FAILS(msync(p, PG, MS_SYNC), ENOMEM);
}

TEST(mlock, makes_resident_and_ENOMEM)
{
    unsigned char vec[4];
    char *p = anon(4 * PG, MAP_PRIVATE);

    EQ(mlock(p, 4 * PG), 0);
    EQ(mincore(p, 4 * PG, vec), 0);
    EQ(vec[3] & 1, 1);
    EQ(munlock(p, 4 * PG), 0);
    EQ(munmap(p, 4 * PG), 0);
    FAILS(mlock(p, PG), ENOMEM);
}

/* A child has nothing locked, whatever it does not inherit. */
TEST(mlock, a_child_without_the_locked_mapping_may_lock)
{
    char *p = anon(4 * PG, MAP_PRIVATE);
    int status;

    EQ(mlock(p, 4 * PG), 0);
    EQ(madvise(p, 4 * PG, MADV_DONTFORK), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit one = {1 << 20, 1 << 20};
        char *q = anon(PG, MAP_PRIVATE);
        CHECK(setrlimit(RLIMIT_MEMLOCK, &one) == 0 && setuid(1000) == 0);
        _exit(mlock(q, PG) != 0);
    }
    EQ(waitpid(pid, &status, 0), pid);
    EQ(status, 0);
    EQ(munmap(p, 4 * PG), 0);
}

TEST(munlock, ENOMEM)
{
    char *p = anon(PG, MAP_PRIVATE);

    EQ(mlock(p, PG), 0);
    EQ(munlock(p, PG), 0);
    EQ(munmap(p, PG), 0);
    FAILS(munlock(p, PG), ENOMEM);
}

TEST(mlockall, future_mappings_are_resident)
{
    unsigned char vec[2];
    char *p;

    EQ(mlockall(MCL_FUTURE), 0);
    p = anon(2 * PG, MAP_PRIVATE);
    EQ(mincore(p, 2 * PG, vec), 0);
    EQ(vec[1] & 1, 1);
    EQ(munlockall(), 0);
    p = anon(2 * PG, MAP_PRIVATE);
    EQ(mincore(p, 2 * PG, vec), 0);
    EQ(vec[1] & 1, 0);
    FAILS(mlockall(64), EINVAL);
}

TEST(munlockall, needs_nothing)
{
    EQ(munlockall(), 0);
}

TEST(mlock2, onfault_and_EINVAL)
{
    char *p = anon(PG, MAP_PRIVATE);

    EQ(syscall(SYS_mlock2, p, PG, 1), 0);
    FAILS(syscall(SYS_mlock2, p, PG, 2), EINVAL);
}

TEST(mmap, rlimit_as_is_ENOMEM)
{
    struct rlimit r = {64 << 20, 64 << 20};

    EQ(setrlimit(RLIMIT_AS, &r), 0);
    FAILS(mmap(NULL, 128 << 20, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
    CHECK(mmap(NULL, 16 << 20, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

TEST(mmap, stack_grows_on_demand)
{
    volatile char pad[1 << 20];

    pad[0] = 1;
    EQ(pad[0], 1);
    pad[sizeof(pad) / 2] = 2;
    EQ(pad[sizeof(pad) / 2], 2);
}

TEST(ftruncate, unmaps_what_is_cut)
{
    char page[2 * PG];
    int fd;
    char *p;

    memset(page, 'x', sizeof(page));
    fd = scratch_file(page, sizeof(page));
    p = mmap(NULL, 2 * PG, RW, MAP_SHARED, fd, 0);
    EQ(p[PG], 'x');
    EQ(ftruncate(fd, 100), 0);
    EQ(touch(p + PG, 0), SIGBUS);
    EQ(p[100], 0);
    EQ(ftruncate(fd, 2 * PG), 0);
    EQ(p[PG], 0);
}

/* Of memory that is accounted and of such that is not: nothing else refuses that. */
TEST(mremap, a_length_that_wraps_is_ENOMEM)
{
    static const unsigned long less[] = {1ul << 30, 1ul << 47, 4 * PG, PG};
    static const int kinds[] = {MAP_PRIVATE, MAP_PRIVATE | MAP_NORESERVE, MAP_SHARED | MAP_NORESERVE};

    for (unsigned k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
        char *p = anon(2 * PG, kinds[k]);

        p[PG] = 1;
        for (unsigned i = 0; i < sizeof(less) / sizeof(*less); i++) {
            FAILS(syscall(SYS_mremap, p + PG, PG, -less[i], 0, 0), ENOMEM);
            FAILS(syscall(SYS_mremap, p + PG, PG, -less[i], MREMAP_MAYMOVE, 0), ENOMEM);
            FAILS(syscall(SYS_mremap, p, PG, -less[i], MREMAP_MAYMOVE, 0), ENOMEM);
        }
        EQ(p[PG], 1);
        p[PG] = 2;
        EQ(munmap(p, 2 * PG), 0);
    }
}
