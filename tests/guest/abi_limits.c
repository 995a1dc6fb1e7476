/* abi_limits.c: what bounds and watches descriptors: limits, select, ioctl, files in memory. */
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include "tests/guest/abi_make.h"

TEST(setrlimit, FSIZE_gives_SIGXFSZ)
{
    struct rlimit r = {1000, 1000};
    abi_scratch();
    int fd = make("f", "");
    char page[4096] = "";
    pid_t pid = fork();
    if (pid == 0) {
        setrlimit(RLIMIT_FSIZE, &r);
        if (write(fd, page, 4096) != 1000) {
            _exit(2);
        }
        signal(SIGXFSZ, SIG_IGN);
        if (write(fd, page, 1) != -1 || errno != EFBIG) {
            _exit(3);
        }
        if (ftruncate(fd, 2000) != -1 || errno != EFBIG) {
            _exit(4);
        }
        signal(SIGXFSZ, SIG_DFL);
        (void)!write(fd, page, 1);
        _exit(5);
    }
    int status;
    EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
}

TEST(setrlimit, NOFILE_bounds_descriptors)
{
    struct rlimit r = {40, 4096};
    int fd, last = -1;
    EQ(setrlimit(RLIMIT_NOFILE, &r), 0);
    while ((fd = open("/dev/null", O_RDONLY)) >= 0) {
        last = fd;
    }
    FAILS(open("/dev/null", O_RDONLY), EMFILE);
    EQ(last, 39);
    FAILS(dup2(0, 40), EBADF);
    FAILS(fcntl(0, F_DUPFD, 40), EINVAL);
    r.rlim_cur = 4096;
    EQ(setrlimit(RLIMIT_NOFILE, &r), 0);
    EQ(dup2(0, 3000), 3000);
    EQ(fcntl(0, F_DUPFD, 2000), 2000);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(fcntl(3000, F_GETFD) == 0 && fcntl(3001, F_GETFD) == -1 ? 0 : 1);
    }
    abi_reap(pid, 0);
}

TEST(close_range, spans)
{
    int a = dup(0), b = dup(0), c = dup(0);
    EQ(dup2(0, 200), 200);
    EQ(syscall(SYS_close_range, b, c, 0), 0);
    EQ(fcntl(a, F_GETFD), 0);
    FAILS(fcntl(b, F_GETFD), EBADF);
    EQ(syscall(SYS_close_range, 100, ~0u, 4), 0);
    EQ(fcntl(200, F_GETFD), FD_CLOEXEC);
    FAILS(syscall(SYS_close_range, 5, 4, 0), EINVAL);
}

TEST(select, sets_and_time)
{
    int p[2], q[2];
    fd_set r, w;
    struct timeval t = {0, 20000};
    EQ(pipe(p), 0);
    EQ(pipe(q), 0);
    FD_ZERO(&r);
    FD_ZERO(&w);
    FD_SET(p[0], &r);
    FD_SET(q[1], &w);
    EQ(select(q[1] + 1, &r, &w, NULL, NULL), 1);
    CHECK(!FD_ISSET(p[0], &r) && FD_ISSET(q[1], &w));
    FD_ZERO(&r);
    FD_SET(p[0], &r);
    EQ(syscall(SYS_select, p[0] + 1, &r, NULL, NULL, &t), 0); /* musl keeps the rest of the time to itself */
    CHECK(t.tv_sec == 0 && t.tv_usec == 0 && !FD_ISSET(p[0], &r));
    FD_SET(50, &r); /* beyond the table (64) Linux does not look */
    FAILS(select(51, &r, NULL, NULL, &t), EBADF);
    FAILS(select(-1, NULL, NULL, NULL, &t), EINVAL);
}

TEST(pselect6, wakes_by_a_writer)
{
    int p[2];
    fd_set r;
    EQ(pipe(p), 0);
    FD_ZERO(&r);
    FD_SET(p[0], &r);
    pid_t pid = fork();
    if (pid == 0) {
        abi_sleep_ms(30);
        _exit(write(p[1], "x", 1) == 1 ? 0 : 1);
    }
    EQ(pselect(p[0] + 1, &r, NULL, NULL, NULL, NULL), 1);
    abi_reap(pid, 0);
    struct timespec bad = {0, -1};
    FAILS(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &bad, NULL), EINVAL);
}

TEST(ioctl, FIONREAD_and_FIONBIO)
{
    int n = -1, on = 1;
    abi_scratch();
    int fd = make("f", "0123456789");
    EQ(lseek(fd, 4, SEEK_SET), 4);
    EQ(ioctl(fd, 0x541b, &n), 0);
    EQ(n, 6);
    EQ(ioctl(fd, 0x5421, &on), 0);
    CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
    EQ(ioctl(fd, 0x5451), 0);
    EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    FAILS(ioctl(fd, 0x5401, &n), ENOTTY);
}

TEST(memfd_create, maps_and_has_a_name)
{
    char path[64], text[64] = "";
    int fd = syscall(SYS_memfd_create, "thing", 1);
    CHECK(fd >= 0);
    EQ(ftruncate(fd, 8192), 0);
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    p[5000] = 9;
    EQ(pread(fd, text, 1, 5000), 1);
    EQ(text[0], 9);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    CHECK(readlink(path, text, sizeof text) > 0);
    CHECK(!strncmp(text, "/memfd:thing (deleted)", 22));
    FAILS(syscall(SYS_memfd_create, "x", 0x4000), EINVAL);
    FAILS(syscall(SYS_memfd_create, BAD_ADDRESS, 0), EFAULT);
}

TEST(mmap, dev_zero)
{
    int fd = open("/dev/zero", O_RDWR);
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    char *s = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED && s != MAP_FAILED);
    EQ(p[4096], 0);
    p[4096] = 1;
    s[4096] = 2;
    pid_t pid = fork();
    if (pid == 0) {
        p[4096]++;
        s[4096]++;
        _exit(0);
    }
    abi_reap(pid, 0);
    EQ(p[4096], 1);
    EQ(s[4096], 3);
}
