/* abi_memory.c: mappings. */
#include <sys/resource.h>
#include <sys/shm.h>

#include "tests/guest/abi.h"

#define PAGE 4096ul

static char *anon(size_t pages, int prot)
{
    char *p = mmap(NULL, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    return p;
}

/* Does writing (or reading) there kill the process? */
static int faults(volatile char *p, int writes)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        if (writes) {
            *p = 1;
        } else {
            (void)*p;
        }
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static int make_file(size_t bytes)
{
    abi_scratch();
    int fd = open("m", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char block[4096];
    for (size_t i = 0; i < bytes; i += sizeof block) {
        memset(block, 'a' + (int)(i / sizeof block), sizeof block);
        write(fd, block, bytes - i < sizeof block ? bytes - i : sizeof block);
    }
    return fd;
}

TEST(mmap, anonymous_is_zero)
{
    char *p = anon(8, PROT_READ | PROT_WRITE);
    for (size_t i = 0; i < 8 * PAGE; i++) {
        CHECK(p[i] == 0);
    }
    p[5 * PAGE] = 1;
    EQ(p[5 * PAGE], 1);
}

TEST(mmap, errors)
{
    FAILS(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL);
    FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 77, 0), EBADF);
    FAILS(mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
    FAILS(syscall(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, 0, 5), EINVAL);
    FAILS(mmap(NULL, 1ul << 62, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
    FAILS(mmap((void *)1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EINVAL);
}

TEST(mmap, fixed_replaces)
{
    char *p = anon(4, PROT_READ | PROT_WRITE);
    memset(p, 7, 4 * PAGE);
    EQ(mmap(p + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), p + PAGE);
    EQ(p[PAGE], 0);
    EQ(p[0], 7);
    EQ(p[2 * PAGE], 7);
    FAILS(mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
}

TEST(mmap, private_file)
{
    char c;
    int fd = make_file(3 * PAGE);
    char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    EQ(p[0], 'a');
    EQ(p[2 * PAGE], 'c');
    p[PAGE] = 'X';
    pread(fd, &c, 1, PAGE);
    EQ(c, 'b');
    pwrite(fd, "Z", 1, 5);
    EQ(p[5], 'Z');
}

TEST(mmap, private_file_offset)
{
    int fd = make_file(3 * PAGE);
    char *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 2 * PAGE);
    EQ(p[0], 'c');
    int ro = open("m", O_RDONLY);
    FAILS(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, ro, 0), EACCES);
    int wo = open("m", O_WRONLY);
    FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, wo, 0), EACCES);
}

TEST(mmap, beyond_the_file_SIGBUS)
{
    int fd = make_file(100);
    char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    EQ(p[100], 0);
    EQ(faults(p + PAGE, 0), SIGBUS);
}

TEST(mmap, shared_file_survives_fork_close_unlink)
{
    char c;
    int fd = make_file(PAGE);
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    pid_t pid = fork();
    if (pid == 0) {
        p[10] = 'k';
        _exit(0);
    }
    abi_reap(pid, 0);
    EQ(p[10], 'k');
    pread(fd, &c, 1, 10);
    EQ(c, 'k');
    pwrite(fd, "w", 1, 20);
    EQ(p[20], 'w');
    close(fd);
    unlink("m");
    p[30] = 'q';
    EQ(p[30], 'q');
}

TEST(mmap, shared_on_dev_shm)
{
    int fd = open("/dev/shm/abi", O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0);
    EQ(ftruncate(fd, 2 * PAGE), 0);
    char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    unlink("/dev/shm/abi");
    close(fd);
    pid_t pid = fork();
    if (pid == 0) {
        p[PAGE] = 5;
        _exit(0);
    }
    abi_reap(pid, 0);
    EQ(p[PAGE], 5);
}

TEST(mmap, two_mappings_of_one_file)
{
    int fd = make_file(PAGE);
    char *a = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *b = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    a[7] = '7';
    EQ(b[7], '7');
}

TEST(mmap, shared_anonymous_with_child)
{
    volatile int *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid = fork();
    if (pid == 0) {
        *p = 99;
        _exit(0);
    }
    abi_reap(pid, 0);
    EQ(*p, 99);
}

TEST(mmap, cow_both_ways)
{
    char *p = anon(64, PROT_READ | PROT_WRITE);
    memset(p, 1, 64 * PAGE);
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 64; i++) {
            if (p[i * PAGE] != 1) {
                _exit(1);
            }
            p[i * PAGE] = 2;
        }
        abi_sleep_ms(50);
        for (int i = 0; i < 64; i++) {
            if (p[i * PAGE] != 2) {
                _exit(2);
            }
        }
        _exit(0);
    }
    for (int i = 0; i < 64; i++) {
        CHECK(p[i * PAGE] == 1);
        p[i * PAGE] = 3;
    }
    abi_reap(pid, 0);
    EQ(p[63 * PAGE], 3);
}

TEST(mmap, generations_of_cow)
{
    char *p = anon(16, PROT_READ | PROT_WRITE);
    for (int g = 0; g < 5; g++) {
        memset(p, 10 + g, 16 * PAGE);
        pid_t pid = fork();
        if (pid > 0) {
            memset(p, 100, 16 * PAGE);
            abi_reap(pid, 10 + g);
            _exit(g == 0 ? 0 : 10 + g - 1);
        }
        for (int i = 0; i < 16; i++) {
            CHECK(p[i * PAGE + 9] == 10 + g);
        }
        if (g == 4) {
            _exit(10 + g);
        }
    }
}

TEST(munmap, makes_a_hole)
{
    char *p = anon(3, PROT_READ | PROT_WRITE);
    memset(p, 1, 3 * PAGE);
    EQ(munmap(p + PAGE, PAGE), 0);
    EQ(faults(p + PAGE, 0), SIGSEGV);
    EQ(p[0] + p[2 * PAGE], 2);
    EQ(munmap(p + PAGE, PAGE), 0);
    FAILS(munmap(p + 1, PAGE), EINVAL);
    FAILS(munmap(p, 0), EINVAL);
}

TEST(mprotect, takes_and_gives)
{
    char *p = anon(3, PROT_READ | PROT_WRITE);
    memset(p, 4, 3 * PAGE);
    EQ(mprotect(p + PAGE, PAGE, PROT_READ), 0);
    EQ(faults(p + PAGE, 1), SIGSEGV);
    EQ(faults(p + PAGE, 0), 0);
    EQ(mprotect(p + PAGE, PAGE, PROT_NONE), 0);
    EQ(faults(p + PAGE, 0), SIGSEGV);
    EQ(mprotect(p, 3 * PAGE, PROT_READ | PROT_WRITE), 0);
    EQ(p[PAGE], 4);
    p[PAGE] = 5;
    FAILS(syscall(SYS_mprotect, p + 1, PAGE, PROT_READ), EINVAL); /* musl rounds */
    munmap(p + PAGE, PAGE);
    FAILS(mprotect(p, 3 * PAGE, PROT_READ), ENOMEM);
}

TEST(mprotect, code_runs_only_with_EXEC)
{
    char *p = anon(1, PROT_READ | PROT_WRITE);
    memcpy(p, "\xb8\x2a\0\0\0\xc3", 6); /* mov $42,%eax; ret */
    EQ(mprotect(p, PAGE, PROT_READ | PROT_EXEC), 0);
    EQ(((int (*)(void))(void *)p)(), 42);
    EQ(faults(p, 1), SIGSEGV);
}

TEST(mprotect, PROT_NONE_is_EFAULT_for_calls)
{
    char *p = anon(1, PROT_NONE);
    int fd = open("/dev/zero", O_RDONLY);
    FAILS(read(fd, p, 1), EFAULT);
}

TEST(mremap, grows_and_moves)
{
    char *p = anon(2, PROT_READ | PROT_WRITE);
    memset(p, 6, 2 * PAGE);
    char *wall = mmap(p + 2 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(wall != MAP_FAILED);
    FAILS(mremap(p, 2 * PAGE, 8 * PAGE, 0), ENOMEM);
    char *q = mremap(p, 2 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
    CHECK(q != MAP_FAILED && q != p);
    EQ(q[0] + q[2 * PAGE - 1], 12);
    EQ(q[7 * PAGE], 0);
    EQ(faults(p, 0), SIGSEGV);
    EQ(mremap(q, 8 * PAGE, PAGE, 0), q);
    EQ(faults(q + PAGE, 0), SIGSEGV);
    FAILS(mremap(q + 1, PAGE, PAGE, 0), EINVAL);
    FAILS(mremap((void *)0x10000, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
}

TEST(brk, grows_and_shrinks)
{
    char *start = (char *)syscall(SYS_brk, 0);
    char *end = start + 16 * PAGE;
    EQ(syscall(SYS_brk, end), end);
    start[0] = start[16 * PAGE - 1] = 3;
    EQ(syscall(SYS_brk, start), start);
    EQ(syscall(SYS_brk, 5), start);
    EQ(syscall(SYS_brk, end), end);
    EQ(start[16 * PAGE - 1], 0);
}

TEST(madvise, dontneed_zeroes)
{
    char *p = anon(4, PROT_READ | PROT_WRITE);
    memset(p, 8, 4 * PAGE);
    EQ(madvise(p + PAGE, PAGE, MADV_DONTNEED), 0);
    EQ(p[PAGE], 0);
    EQ(p[2 * PAGE], 8);
    FAILS(madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL);
    FAILS(madvise(p, PAGE, 9999), EINVAL);
}

TEST(mincore, tells_residence)
{
    unsigned char v[4];
    char *p = anon(4, PROT_READ | PROT_WRITE);
    p[PAGE] = 1;
    EQ(mincore(p, 4 * PAGE, v), 0);
    EQ(v[0] & 1, 0);
    EQ(v[1] & 1, 1);
    FAILS(mincore(p + 1, PAGE, v), EINVAL);
}

TEST(msync, ok_and_errors)
{
    int fd = make_file(PAGE);
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    EQ(msync(p, PAGE, MS_SYNC), 0);
    FAILS(msync(p + 1, PAGE, MS_SYNC), EINVAL);
    FAILS(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
}

TEST(mlock, brings_pages_in)
{
    unsigned char v[4];
    char *p = anon(4, PROT_READ | PROT_WRITE);
    EQ(mlock(p, 4 * PAGE), 0);
    mincore(p, 4 * PAGE, v);
    EQ(v[0] & v[3] & 1, 1);
    EQ(munlock(p, 4 * PAGE), 0);
}

TEST(mmap, many_mappings_and_splits)
{
    char *p = anon(512, PROT_READ | PROT_WRITE);
    for (int i = 0; i < 512; i += 2) {
        EQ(mprotect(p + (size_t)i * PAGE, PAGE, PROT_READ), 0);
    }
    for (int i = 1; i < 512; i += 2) {
        p[(size_t)i * PAGE] = (char)i;
    }
    EQ(munmap(p, 512 * PAGE), 0);
    EQ(faults(p + PAGE, 0), SIGSEGV);
}

TEST(mmap, stack_grows)
{
    volatile char big[1 << 20];
    for (int i = (1 << 20) - 1; i >= 0; i -= 4096) {
        big[i] = 1;
    }
    EQ(big[4095] + 0, 1);
}

TEST(mmap, RLIMIT_AS)
{
    struct rlimit r = {64 << 20, 64 << 20};
    setrlimit(RLIMIT_AS, &r);
    FAILS(mmap(NULL, 128 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
}

TEST(mmap, large_sparse_space)
{
    char *p = mmap(NULL, 16ul << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(p != MAP_FAILED);
    for (size_t i = 0; i < 16; i++) {
        p[i << 30] = (char)(i + 1);
    }
    for (size_t i = 0; i < 16; i++) {
        EQ(p[i << 30], (long)i + 1);
    }
}
