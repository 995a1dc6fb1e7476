/* abi_locks.c: locks on records and on open files. */
#include <sys/file.h>
#include "tests/guest/abi_make.h"

TEST(fcntl, deadlock_is_found)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    abi_scratch();
    int fd = make("f", "0123456789");
    EQ(fcntl(fd, F_SETLK, &l), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct flock k = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 1};
        fcntl(fd, F_SETLK, &k);
        k.l_start = 0;
        fcntl(fd, F_SETLKW, &k); /* the parent's: sleeps */
        _exit(0);
    }
    abi_await_state(pid, "S");
    l.l_start = 1;
    FAILS(fcntl(fd, F_SETLKW, &l), EDEADLK);
    l.l_start = 0;
    l.l_type = F_UNLCK;
    EQ(fcntl(fd, F_SETLK, &l), 0);
    abi_reap(pid, 0);
}

TEST(fcntl, locks_split_merge_and_end_at_close)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10};
    abi_scratch();
    int fd = make("f", "0123456789");
    EQ(fcntl(fd, F_SETLK, &l), 0);
    l.l_start = 4;
    l.l_len = 2;
    l.l_type = F_UNLCK;
    EQ(fcntl(fd, F_SETLK, &l), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct flock k = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
        fcntl(fd, F_GETLK, &k);
        int one = k.l_type == F_WRLCK && k.l_start == 0 && k.l_len == 4 && k.l_pid == getppid();
        k = (struct flock){.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 4, .l_len = 0};
        fcntl(fd, F_GETLK, &k);
        int two = k.l_start == 6 && k.l_len == 4;
        k = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 4, .l_len = 2};
        _exit(one && two && fcntl(fd, F_SETLK, &k) == 0 ? 0 : 1);
    }
    abi_reap(pid, 0);
    close(open("f", O_RDONLY)); /* closing any descriptor of the file drops the process's locks */
    pid = fork();
    if (pid == 0) {
        struct flock k = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
        _exit(fcntl(fd, F_SETLK, &k) == 0 ? 0 : 1);
    }
    abi_reap(pid, 0);
}

TEST(flock, waits_and_follows_the_open_file)
{
    abi_scratch();
    int a = make("f", "x"), b = open("f", O_RDONLY);
    EQ(flock(a, LOCK_EX), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(a); /* the parent's open file still holds it */
        _exit(flock(b, LOCK_SH) == 0 ? 0 : 1);
    }
    abi_await_state(pid, "S");
    EQ(close(a), 0);
    abi_reap(pid, 0);
    FAILS(flock(b, 77), EINVAL);
}

TEST(flock, two_that_share_and_both_want_it_alone)
{
    char c = 0;
    int p[2];
    abi_scratch();
    int a = make("f", "x");
    EQ(flock(a, LOCK_SH), 0);
    EQ(pipe(p), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int b = open("f", O_RDONLY);
        _exit(flock(b, LOCK_SH) == 0 && write(p[1], &c, 1) == 1 && flock(b, LOCK_EX) == 0 ? 0 : 1);
    }
    EQ(read(p[0], &c, 1), 1);
    abi_await_state(pid, "S");
    EQ(flock(a, LOCK_EX), 0);
    EQ(flock(a, LOCK_UN), 0);
    abi_reap(pid, 0);
    EQ(flock(a, LOCK_SH), 0);
    int b = open("f", O_RDONLY);
    EQ(flock(b, LOCK_SH), 0);
    FAILS(flock(a, LOCK_EX | LOCK_NB), EWOULDBLOCK); /* and what it had is gone */
    EQ(flock(b, LOCK_EX | LOCK_NB), 0);
}

TEST(fcntl, EBADF_for_a_lock_that_comes_after_the_close)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    char c = 0;
    int held[2], go[2];
    abi_scratch();
    int fd = make("f", "x");
    EQ(pipe(held), 0);
    EQ(pipe(go), 0);
    pid_t holder = fork();
    if (holder == 0)
        _exit(fcntl(fd, F_SETLK, &l) == 0 && write(held[1], &c, 1) == 1 && read(go[0], &c, 1) == 1 ? 0 : 1);
    EQ(read(held[0], &c, 1), 1);
    pid_t waiter = (pid_t)syscall(SYS_clone, 0x400 /* CLONE_FILES */ | SIGCHLD, 0, 0, 0, 0);
    if (waiter == 0)
        _exit(fcntl(fd, F_SETLKW, &l) == -1 && errno == EBADF ? 0 : 1);
    abi_await_state(waiter, "S");
    EQ(close(fd), 0);
    EQ(write(go[1], &c, 1), 1);
    abi_reap(holder, 0);
    abi_reap(waiter, 0);
    pid_t other = fork();
    if (other == 0)
        _exit(fcntl(open("f", O_RDWR), F_SETLK, &l) == 0 ? 0 : 1);
    abi_reap(other, 0);
}
