/* abi_pipe.c: pipes and waiting for descriptors. */
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/uio.h>

#include "tests/guest/abi.h"

static void fill(int fd)
{
    char block[4096] = {0};
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (write(fd, block, sizeof block) > 0) {
    }
}

TEST(pipe, passes_bytes_in_order)
{
    int fd[2];
    char buf[16] = "";
    EQ(syscall(SYS_pipe, fd), 0);
    EQ(write(fd[1], "hello", 5), 5);
    EQ(write(fd[1], "world", 5), 5);
    EQ(read(fd[0], buf, 7), 7);
    CHECK(memcmp(buf, "hellowo", 7) == 0);
    EQ(read(fd[0], buf, sizeof buf), 3);
    close(fd[1]);
    EQ(read(fd[0], buf, sizeof buf), 0);
}

TEST(pipe, EFAULT) { FAILS(syscall(SYS_pipe, BAD_ADDRESS), EFAULT); }

TEST(pipe, sleeping_reader_is_woken)
{
    int fd[2];
    char c;
    pipe(fd);
    pid_t pid = fork();
    if (pid == 0) {
        abi_sleep_ms(50);
        _exit(write(fd[1], "x", 1) == 1 ? 0 : 1);
    }
    EQ(read(fd[0], &c, 1), 1);
    EQ(c, 'x');
    abi_reap(pid, 0);
}

TEST(pipe, sleeping_writer_is_woken)
{
    int fd[2];
    char block[4096];
    pipe(fd);
    pid_t pid = fork();
    if (pid == 0) {
        memset(block, 'w', sizeof block);
        close(fd[0]);
        for (int i = 0; i < 64; i++) {
            if (write(fd[1], block, sizeof block) != (ssize_t)sizeof block) {
                _exit(1);
            }
        }
        _exit(0);
    }
    close(fd[1]);
    abi_sleep_ms(50);
    long total = 0;
    for (ssize_t n; (n = read(fd[0], block, sizeof block)) > 0; total += n) {
        CHECK(block[0] == 'w' && block[n - 1] == 'w');
    }
    EQ(total, 64 * 4096);
    abi_reap(pid, 0);
}

TEST(pipe, EPIPE_and_SIGPIPE)
{
    int fd[2];
    pipe(fd);
    close(fd[0]);
    signal(SIGPIPE, SIG_IGN);
    FAILS(write(fd[1], "x", 1), EPIPE);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGPIPE, SIG_DFL);
        write(fd[1], "x", 1);
        _exit(0);
    }
    int status;
    waitpid(pid, &status, 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
}

TEST(pipe, writes_up_to_PIPE_BUF_are_whole)
{
    int fd[2];
    char block[512];
    pipe(fd);
    for (int w = 0; w < 4; w++) {
        if (fork() == 0) {
            memset(block, 'a' + w, sizeof block);
            for (int i = 0; i < 100; i++) {
                write(fd[1], block, sizeof block);
            }
            _exit(0);
        }
    }
    close(fd[1]);
    int blocks = 0;
    for (size_t got = 0;; blocks++) {
        for (got = 0; got < sizeof block;) {
            ssize_t n = read(fd[0], block + got, sizeof block - got);
            if (n <= 0) {
                break;
            }
            got += (size_t)n;
        }
        if (got == 0) {
            break;
        }
        EQ(got, sizeof block);
        for (size_t i = 1; i < sizeof block; i++) {
            CHECK(block[i] == block[0]);
        }
    }
    EQ(blocks, 400);
}

TEST(pipe2, flags)
{
    int fd[2];
    char c;
    EQ(syscall(SYS_pipe2, fd, O_NONBLOCK | O_CLOEXEC), 0);
    EQ(fcntl(fd[0], F_GETFD), FD_CLOEXEC);
    CHECK(fcntl(fd[1], F_GETFL) & O_NONBLOCK);
    FAILS(read(fd[0], &c, 1), EAGAIN);
    fill(fd[1]);
    FAILS(write(fd[1], "x", 1), EAGAIN);
}

TEST(pipe2, EINVAL)
{
    int fd[2];
    FAILS(syscall(SYS_pipe2, fd, 0x10), EINVAL);
}

TEST(pipe, capacity_is_64_KiB)
{
    int fd[2], queued = 0;
    pipe(fd);
    fill(fd[1]);
    EQ(ioctl(fd[0], FIONREAD, &queued), 0);
    EQ(queued, 65536);
    EQ(fcntl(fd[1], F_GETPIPE_SZ), 65536);
}

TEST(pipe, fstat_says_fifo)
{
    int fd[2];
    struct stat st;
    pipe(fd);
    EQ(fstat(fd[0], &st), 0);
    CHECK(S_ISFIFO(st.st_mode));
    FAILS(lseek(fd[0], 0, SEEK_SET), ESPIPE);
}

TEST(pipe, wrong_end_EBADF)
{
    int fd[2];
    char c;
    pipe(fd);
    FAILS(write(fd[0], "x", 1), EBADF);
    FAILS(read(fd[1], &c, 1), EBADF);
}

TEST(mkfifo, open_meets_partner)
{
    char c = 0;
    abi_scratch();
    EQ(mkfifo("f", 0600), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int w = open("f", O_WRONLY);
        _exit(write(w, "q", 1) == 1 ? 0 : 1);
    }
    int r = open("f", O_RDONLY);
    EQ(read(r, &c, 1), 1);
    EQ(c, 'q');
    abi_reap(pid, 0);
    EQ(close(r), 0);
    FAILS(open("f", O_WRONLY | O_NONBLOCK), ENXIO);
}

TEST(poll, tells_states)
{
    int fd[2];
    pipe(fd);
    struct pollfd p[3] = {{fd[0], POLLIN, 0}, {fd[1], POLLOUT, 0}, {-1, POLLIN, 0}};
    EQ(poll(p, 3, 0), 1);
    EQ(p[0].revents, 0);
    EQ(p[1].revents, POLLOUT);
    EQ(p[2].revents, 0);
    write(fd[1], "x", 1);
    EQ(poll(p, 3, -1), 2);
    EQ(p[0].revents, POLLIN);
    close(fd[1]);
    EQ(poll(p, 1, -1), 1);
    EQ(p[0].revents, POLLIN | POLLHUP);
    struct pollfd bad = {100, POLLIN, 0};
    EQ(poll(&bad, 1, 0), 1);
    EQ(bad.revents, POLLNVAL);
}

TEST(poll, writer_without_reader_is_POLLERR)
{
    int fd[2];
    pipe(fd);
    close(fd[0]);
    struct pollfd p = {fd[1], POLLOUT, 0};
    EQ(poll(&p, 1, 0), 1);
    EQ(p.revents, POLLOUT | POLLERR);
}

TEST(poll, timeout)
{
    int fd[2];
    pipe(fd);
    struct pollfd p = {fd[0], POLLIN, 0};
    long t = abi_now_ms();
    EQ(poll(&p, 1, 60), 0);
    CHECK(abi_now_ms() - t >= 59);
}

TEST(poll, is_woken)
{
    int fd[2];
    pipe(fd);
    pid_t pid = fork();
    if (pid == 0) {
        abi_sleep_ms(50);
        write(fd[1], "x", 1);
        _exit(0);
    }
    struct pollfd p = {fd[0], POLLIN, 0};
    EQ(poll(&p, 1, 5000), 1);
    abi_reap(pid, 0);
}

/* More than the kernel wakes in one section; none is left, none sees anything else. */
TEST(poll, a_crowd_is_woken_whole)
{
    enum { CROWD = 40 };
    int fd[2];
    pid_t pid[CROWD];
    pipe(fd);
    for (int i = 0; i < CROWD; i++) {
        pid[i] = fork();
        if (pid[i] == 0) {
            struct pollfd p = {fd[0], POLLIN, 0};
            _exit(poll(&p, 1, -1) == 1 && p.revents == POLLIN ? 0 : 1);
        }
        abi_await_state(pid[i], "S");
    }
    EQ(write(fd[1], "x", 1), 1);
    for (int i = 0; i < CROWD; i++) {
        abi_reap(pid[i], 0);
    }
}

TEST(poll, EFAULT) { FAILS(syscall(SYS_poll, BAD_ADDRESS, 1, 0), EFAULT); }

static void on_signal(int sig) { (void)sig; }

TEST(poll, EINTR)
{
    struct itimerval it = {{0, 0}, {0, 30000}};
    signal(SIGALRM, on_signal);
    setitimer(ITIMER_REAL, &it, NULL);
    FAILS(poll(NULL, 0, 5000), EINTR);
}

TEST(ppoll, waits_with_mask)
{
    int fd[2];
    sigset_t block, none;
    pipe(fd);
    sigemptyset(&none);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    sigprocmask(SIG_BLOCK, &block, NULL);
    signal(SIGUSR1, on_signal);
    raise(SIGUSR1);
    struct pollfd p = {fd[0], POLLIN, 0};
    struct timespec t = {5, 0};
    FAILS(ppoll(&p, 1, &t, &none), EINTR);
    write(fd[1], "x", 1);
    EQ(ppoll(&p, 1, &t, NULL), 1);
}

TEST(ppoll, EINVAL)
{
    struct timespec t = {0, 1000000000};
    FAILS(syscall(SYS_ppoll, NULL, 0, &t, NULL, 8), EINVAL);
}

TEST(select, tells_readable)
{
    int fd[2];
    fd_set r, w;
    struct timeval t = {0, 20000};
    pipe(fd);
    FD_ZERO(&r);
    FD_SET(fd[0], &r);
    EQ(syscall(SYS_select, fd[0] + 1, &r, NULL, NULL, &t), 0);
    CHECK(!FD_ISSET(fd[0], &r));
    write(fd[1], "x", 1);
    FD_SET(fd[0], &r);
    FD_ZERO(&w);
    FD_SET(fd[1], &w);
    EQ(syscall(SYS_select, fd[1] + 1, &r, &w, NULL, NULL), 2);
    CHECK(FD_ISSET(fd[0], &r) && FD_ISSET(fd[1], &w));
}

TEST(select, EBADF)
{
    fd_set r;
    struct timeval t = {0, 0};
    FD_ZERO(&r);
    FD_SET(50, &r);
    FAILS(syscall(SYS_select, 51, &r, NULL, NULL, &t), EBADF);
}

TEST(pselect6, tells_readable)
{
    int fd[2];
    fd_set r;
    pipe(fd);
    write(fd[1], "x", 1);
    FD_ZERO(&r);
    FD_SET(fd[0], &r);
    EQ(pselect(fd[0] + 1, &r, NULL, NULL, NULL, NULL), 1);
}

TEST(pselect6, EINVAL) { FAILS(syscall(SYS_pselect6, -1, NULL, NULL, NULL, NULL, NULL), EINVAL); }

TEST(readv, scatters)
{
    int fd[2];
    char a[3], b[5];
    struct iovec v[2] = {{a, 3}, {b, 5}}, o[2] = {{"abcd", 4}, {"efgh", 4}};
    pipe(fd);
    EQ(writev(fd[1], o, 2), 8);
    EQ(readv(fd[0], v, 2), 8);
    CHECK(memcmp(a, "abc", 3) == 0 && memcmp(b, "defgh", 5) == 0);
}

TEST(writev, EINVAL)
{
    struct iovec v = {"a", 1};
    FAILS(writev(1, &v, -1), EINVAL);
}

TEST(readv, EFAULT)
{
    int fd[2];
    struct iovec v = {BAD_ADDRESS, 1};
    pipe(fd);
    write(fd[1], "x", 1);
    FAILS(readv(fd[0], &v, 1), EFAULT);
}

TEST(read, EFAULT_and_EBADF)
{
    int fd[2];
    char c;
    pipe(fd);
    write(fd[1], "x", 1);
    FAILS(read(fd[0], BAD_ADDRESS, 1), EFAULT);
    FAILS(read(77, &c, 1), EBADF);
    FAILS(write(fd[1], BAD_ADDRESS, 1), EFAULT);
}

TEST(readv, takes_what_is_there)
{
    int fd[2];
    char a[4], b[100];
    struct iovec v[2] = {{a, sizeof a}, {b, sizeof b}};
    pipe(fd);
    EQ(write(fd[1], "four", 4), 4); /* fills the first segment */
    EQ(readv(fd[0], v, 2), 4);
    EQ(write(fd[1], "six666", 6), 6);
    EQ(readv(fd[0], v, 2), 6);
}

/* Two write the same in segments; who reads sees each in one piece. */
TEST(writev, up_to_PIPE_BUF_is_whole)
{
    enum { SEGMENTS = 16, EACH = 16, WRITES = 4000, WHOLE = SEGMENTS * EACH };
    int fd[2];
    char got[WHOLE], bytes[EACH];
    pipe(fd);
    pid_t pid[2];
    for (int w = 0; w < 2; w++) {
        pid[w] = fork();
        if (pid[w] == 0) {
            struct iovec v[SEGMENTS];
            memset(bytes, 'a' + w, EACH);
            for (int i = 0; i < SEGMENTS; i++) {
                v[i] = (struct iovec){bytes, EACH};
            }
            for (int i = 0; i < WRITES; i++) {
                EQ(writev(fd[1], v, SEGMENTS), WHOLE);
            }
            _exit(0);
        }
    }
    close(fd[1]);
    for (int i = 0; i < 2 * WRITES; i++) {
        for (ssize_t n = 0, r; n < WHOLE; n += r) {
            CHECK((r = read(fd[0], got + n, (size_t)(WHOLE - n))) > 0);
        }
        for (int b = 1; b < WHOLE; b++) {
            EQ(got[b], got[0]);
        }
    }
    abi_reap(pid[0], 0);
    abi_reap(pid[1], 0);
}

TEST(writev, all_or_EAGAIN_up_to_PIPE_BUF)
{
    int fd[2];
    static char bytes[2048];
    struct iovec v[2] = {{bytes, sizeof bytes}, {bytes, sizeof bytes}}, bad[2] = {{bytes, 10}, {BAD_LOW, 10}};
    EQ(pipe2(fd, O_NONBLOCK), 0);
    fill(fd[1]);
    EQ(read(fd[0], bytes, 2048), 2048); /* room for one of the two */
    FAILS(writev(fd[1], v, 2), EAGAIN);
    while (read(fd[0], bytes, sizeof bytes) > 0) {
    }
    EQ(writev(fd[1], v, 2), 4096);
    while (read(fd[0], bytes, sizeof bytes) > 0) {
    }
    FAILS(writev(fd[1], bad, 2), EFAULT);
}

/* There is room for what comes before the fault, not for all: it is not waited for. Linux does not count the page with the fault. */
TEST(write, a_fault_does_not_wait_for_room)
{
    int fd[2];
    char *two = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EQ(mprotect(two + 4096, 4096, PROT_NONE), 0);
    EQ(pipe(fd), 0);
    EQ(fcntl(fd[1], F_SETPIPE_SZ, 16384), 16384);
    for (int part = 0; part < 2; part++) {
        EQ(write(fd[1], two, 4096), 4096);
    }
    EQ(write(fd[1], two, 2193), 2193);
    errno = 0;
    ssize_t n = write(fd[1], two + 1096, 6000);
    int error = errno;
    if (!(n > 0 && n <= 3000) && !(n == -1 && error == EFAULT)) {
        abi_failed(__FILE__, __LINE__, "write gave %zd, errno %d", n, error);
    }
}

TEST(open, end_of_a_pipe_whose_other_end_is_closed)
{
    char path[40], c;
    int fd[2];
    EQ(pipe(fd), 0);
    EQ(write(fd[1], "x", 1), 1);
    EQ(close(fd[1]), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd[0]);
    int again = open(path, O_RDONLY); /* waits for nobody */
    CHECK(again >= 0);
    EQ(read(again, &c, 1), 1);
    EQ(read(again, &c, 1), 0);
    EQ(pipe(fd), 0);
    EQ(close(fd[0]), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd[1]);
    CHECK(open(path, O_WRONLY | O_NONBLOCK) >= 0);
}

TEST(poll, POLLHUP_of_a_FIFO_needs_a_writer_first)
{
    struct pollfd first = {.events = POLLIN}, second = {.events = POLLIN};
    unlink("/tmp/hup");
    EQ(mkfifo("/tmp/hup", 0600), 0);
    CHECK((first.fd = open("/tmp/hup", O_RDONLY | O_NONBLOCK)) >= 0);
    EQ(poll(&first, 1, 0), 0);
    int writer = open("/tmp/hup", O_WRONLY);
    CHECK(writer >= 0);
    close(writer);
    EQ(poll(&first, 1, 0), 1);
    EQ(first.revents, POLLHUP);
    CHECK((second.fd = open("/tmp/hup", O_RDONLY | O_NONBLOCK)) >= 0);
    EQ(poll(&second, 1, 0), 0);
    unlink("/tmp/hup");
}
