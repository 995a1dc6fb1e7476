/* One error, or one effect, of each call whose other tests show only the other. Started as root. */
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/uio.h>
#include "tests/guest/abi.h"

static int make_file(const char *name)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

    CHECK(fd >= 0);
    return fd;
}

static void as_nobody(void)
{
    EQ(setresgid(1000, 1000, 1000), 0);
    EQ(setresuid(1000, 1000, 1000), 0);
}

/* ---- files ---- */
TEST(access, ENOENT_and_EFAULT)
{
    FAILS(syscall(SYS_access, "/none", F_OK), ENOENT);
    FAILS(syscall(SYS_access, BAD_ADDRESS, F_OK), EFAULT);
    FAILS(syscall(SYS_access, "/", 8), EINVAL);
}
TEST(chdir, ENOTDIR_and_ENOENT)
{
    abi_scratch();
    close(make_file("f"));
    FAILS(chdir("f"), ENOTDIR);
    FAILS(chdir("none"), ENOENT);
    FAILS(chdir(""), ENOENT);
}
TEST(fchdir, EBADF_and_ENOTDIR)
{
    abi_scratch();
    FAILS(fchdir(999), EBADF);
    FAILS(fchdir(make_file("f")), ENOTDIR);
}
TEST(chmod, EPERM_and_ENOENT)
{
    abi_scratch();
    close(make_file("f"));
    FAILS(chmod("none", 0600), ENOENT);
    EQ(chmod(".", 0777), 0);
    as_nobody();
    FAILS(chmod("f", 0777), EPERM);
}
TEST(chown, EPERM_and_ENOENT)
{
    abi_scratch();
    close(make_file("f"));
    FAILS(chown("none", 1, 1), ENOENT);
    EQ(chmod(".", 0777), 0);
    as_nobody();
    FAILS(chown("f", 1000, 1000), EPERM);
}
TEST(close_range, EINVAL)
{
    FAILS(syscall(SYS_close_range, 10, 5, 0), EINVAL);
    FAILS(syscall(SYS_close_range, 3, 5, 0x1000), EINVAL);
}
TEST(close, frees_the_number)
{
    int fd = dup(1);

    EQ(close(fd), 0);
    EQ(dup(1), fd);
}
TEST(creat, EISDIR_and_ENOENT)
{
    FAILS(syscall(SYS_creat, "/tmp", 0644), EISDIR);
    FAILS(syscall(SYS_creat, "/none/x", 0644), ENOENT);
}
TEST(dup, EBADF_and_EMFILE)
{
    struct rlimit r = { 8, 8 };

    FAILS(dup(999), EBADF);
    EQ(setrlimit(RLIMIT_NOFILE, &r), 0);
    for (int i = 0; i < 8; i++)
        if (dup(1) < 0)
            break;
    FAILS(dup(1), EMFILE);
}
TEST(dup2, EBADF)
{
    FAILS(dup2(999, 5), EBADF);
    FAILS(dup2(1, -1), EBADF);
    FAILS(dup2(1, 1 << 30), EBADF);
}
TEST(dup3, EINVAL_and_EBADF)
{
    FAILS(syscall(SYS_dup3, 1, 1, 0), EINVAL);
    FAILS(syscall(SYS_dup3, 1, 5, 1), EINVAL);
    FAILS(syscall(SYS_dup3, 999, 5, 0), EBADF);
}
TEST(fallocate, EINVAL_and_EBADF)
{
    abi_scratch();
    int fd = make_file("f");
    FAILS(fallocate(fd, 0, 0, 0), EINVAL);
    FAILS(fallocate(fd, 0, -1, 5), EINVAL);
    FAILS(fallocate(999, 0, 0, 5), EBADF);
    FAILS(fallocate(fd, 0x1000, 0, 5), EOPNOTSUPP);
}
TEST(fcntl, EBADF_and_EINVAL)
{
    FAILS(fcntl(999, F_GETFL), EBADF);
    FAILS(fcntl(1, 7777), EINVAL);
    FAILS(fcntl(1, F_DUPFD, -1), EINVAL);
}
TEST(flock, EBADF_and_EINVAL)
{
    FAILS(syscall(SYS_flock, 999, 1), EBADF);
    abi_scratch();
    FAILS(syscall(SYS_flock, make_file("f"), 64 | 3), EINVAL);
}
TEST(ftruncate, EINVAL_and_EBADF)
{
    abi_scratch();
    close(make_file("f"));
    FAILS(ftruncate(open("f", O_RDONLY), 3), EINVAL);
    FAILS(ftruncate(999, 3), EBADF);
}
TEST(link, EEXIST_and_EPERM)
{
    abi_scratch();
    close(make_file("f"));
    FAILS(link("f", "f"), EEXIST);
    FAILS(link("none", "g"), ENOENT);
    FAILS(link(".", "g"), EPERM);
}
TEST(lseek, EBADF_EINVAL_and_ESPIPE)
{
    int p[2];

    abi_scratch();
    int fd = make_file("f");
    FAILS(lseek(999, 0, SEEK_SET), EBADF);
    FAILS(lseek(fd, 0, 99), EINVAL);
    FAILS(lseek(fd, -1, SEEK_SET), EINVAL);
    EQ(pipe(p), 0);
    FAILS(lseek(p[0], 0, SEEK_SET), ESPIPE);
}
TEST(lstat, ENOENT_and_EFAULT)
{
    struct stat st;

    FAILS(syscall(SYS_lstat, "/none", &st), ENOENT);
    FAILS(syscall(SYS_lstat, "/", BAD_ADDRESS), EFAULT);
}
TEST(stat, ENOENT_ENOTDIR_and_EFAULT)
{
    struct stat st;

    FAILS(syscall(SYS_stat, "/none", &st), ENOENT);
    FAILS(syscall(SYS_stat, "/etc/passwd/x", &st), ENOTDIR);
    FAILS(syscall(SYS_stat, BAD_ADDRESS, &st), EFAULT);
}
TEST(statx, EINVAL_and_ENOENT)
{
    char st[256];

    FAILS(syscall(SYS_statx, AT_FDCWD, "/none", 0, 0xfff, st), ENOENT);
    FAILS(syscall(SYS_statx, AT_FDCWD, "/", 0, 0x80000000u, st), EINVAL);
    FAILS(syscall(SYS_statx, AT_FDCWD, "/", 0x40000000, 0xfff, st), EINVAL);
}
TEST(newfstatat, EBADF_and_EINVAL)
{
    struct stat st;

    FAILS(syscall(SYS_newfstatat, 999, "x", &st, 0), EBADF);
    FAILS(syscall(SYS_newfstatat, AT_FDCWD, "/", &st, 0x40000000), EINVAL);
    FAILS(syscall(SYS_newfstatat, AT_FDCWD, "", &st, 0), ENOENT);
}
TEST(memfd_create, EINVAL_and_EFAULT)
{
    FAILS(syscall(SYS_memfd_create, "x", 0x100), EINVAL);
    FAILS(syscall(SYS_memfd_create, BAD_ADDRESS, 0), EFAULT);
}
TEST(mkdir, EEXIST_and_ENOENT)
{
    FAILS(mkdir("/tmp", 0755), EEXIST);
    FAILS(mkdir("/none/x", 0755), ENOENT);
}
TEST(mknod, EEXIST_and_EINVAL)
{
    abi_scratch();
    close(make_file("f"));
    FAILS(mknod("f", S_IFIFO | 0600, 0), EEXIST);
    FAILS(syscall(SYS_mknod, "g", S_IFDIR | 0755, 0), EPERM);
    FAILS(syscall(SYS_mknod, "g", 0170000 | 0755, 0), EINVAL);
}
TEST(openat, EBADF_and_ENOTDIR)
{
    abi_scratch();
    int fd = make_file("f");
    FAILS(openat(999, "x", O_RDONLY), EBADF);
    FAILS(openat(fd, "x", O_RDONLY), ENOTDIR);
    FAILS(openat(AT_FDCWD, "f", O_RDONLY | O_DIRECTORY), ENOTDIR);
}
TEST(pread64, EINVAL_EBADF_and_ESPIPE)
{
    char c;
    int p[2];

    abi_scratch();
    FAILS(pread(make_file("f"), &c, 1, -1), EINVAL);
    FAILS(pread(999, &c, 1, 0), EBADF);
    EQ(pipe(p), 0);
    FAILS(pread(p[0], &c, 1, 0), ESPIPE);
}
TEST(pwrite64, EINVAL_and_EBADF)
{
    abi_scratch();
    int fd = make_file("f");
    FAILS(pwrite(fd, "x", 1, -1), EINVAL);
    FAILS(pwrite(open("f", O_RDONLY), "x", 1, 0), EBADF);
}
TEST(readlink, EINVAL_and_ENOENT)
{
    char b[8];

    FAILS(readlink("/tmp", b, 8), EINVAL);
    FAILS(readlink("/none", b, 8), ENOENT);
}
TEST(rename, ENOENT_and_ENOTDIR)
{
    abi_scratch();
    close(make_file("f"));
    EQ(mkdir("d", 0755), 0);
    FAILS(rename("none", "g"), ENOENT);
    FAILS(rename("d", "f"), ENOTDIR);
}
TEST(renameat2, EEXIST_and_EINVAL)
{
    abi_scratch();
    close(make_file("f"));
    close(make_file("g"));
    FAILS(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "g", 1), EEXIST);
    FAILS(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "g", 3), EINVAL);
}
TEST(sendfile, EBADF_and_EINVAL)
{
    int p[2];

    FAILS(syscall(SYS_sendfile, 1, 999, NULL, 1L), EBADF);
    EQ(pipe(p), 0);
    abi_scratch();
    FAILS(syscall(SYS_sendfile, make_file("f"), p[1], NULL, 1L), EBADF);
}
TEST(symlink, EEXIST_and_ENOENT)
{
    FAILS(symlink("x", "/tmp"), EEXIST);
    FAILS(symlink("x", "/none/y"), ENOENT);
}
TEST(unlink, EISDIR_and_ENOENT)
{
    FAILS(unlink("/tmp"), EISDIR);
    FAILS(unlink("/none"), ENOENT);
}
TEST(unlinkat, EINVAL_and_ENOTEMPTY)
{
    abi_scratch();
    EQ(mkdir("d", 0755), 0);
    close(make_file("d/f"));
    FAILS(unlinkat(AT_FDCWD, "d", 0x8000), EINVAL);
    FAILS(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR), ENOTEMPTY);
}
TEST(utimensat, EINVAL_and_ENOENT)
{
    struct timespec t[2] = { { 0, 1000000000 }, { 0, 0 } };

    abi_scratch();
    close(make_file("f"));
    FAILS(utimensat(AT_FDCWD, "f", t, 0), EINVAL);
    FAILS(utimensat(AT_FDCWD, "none", NULL, 0), ENOENT);
}
TEST(write, EBADF_and_EFAULT)
{
    abi_scratch();
    int fd = make_file("f");
    FAILS(write(999, "x", 1), EBADF);
    FAILS(write(open("f", O_RDONLY), "x", 1), EBADF);
    FAILS(write(fd, BAD_ADDRESS, 1), EFAULT);
}
TEST(writev, joins_the_pieces)
{
    struct iovec v[2] = { { "ab", 2 }, { "cd", 2 } };
    char b[4];

    abi_scratch();
    int fd = make_file("f");
    EQ(writev(fd, v, 2), 4);
    EQ(pread(fd, b, 4, 0), 4);
    CHECK(!memcmp(b, "abcd", 4));
}
TEST(syncfs, ok_on_any_file)
{
    EQ(syncfs(0), 0);
}
TEST(umount2, shows_what_was_below)
{
    struct stat st;

    abi_scratch();
    EQ(mkdir("m", 0755), 0);
    close(make_file("m/below"));
    EQ(mount("none", "m", "tmpfs", 0, NULL), 0);
    FAILS(stat("m/below", &st), ENOENT);
    EQ(umount2("m", 0), 0);
    EQ(stat("m/below", &st), 0);
}

/* ---- memory ---- */
TEST(brk, cannot_pass_the_limit_ENOMEM)
{
    struct rlimit r = { 4096, 4096 };
    long now = syscall(SYS_brk, 0);

    EQ(setrlimit(RLIMIT_DATA, &r), 0);
    EQ(syscall(SYS_brk, now + (64 << 20)), now); /* the raw call answers with the old end */
}
TEST(mlockall, EINVAL)
{
    FAILS(mlockall(0), EINVAL);
    FAILS(mlockall(64), EINVAL);
}
TEST(munlock, ok_and_ENOMEM)
{
    void *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    EQ(mlock(p, 8192), 0);
    EQ(munlock(p, 8192), 0);
    EQ(munmap(p, 8192), 0);
    FAILS(munlock(p, 8192), ENOMEM);
}

/* ---- processes ---- */
TEST(arch_prctl, EINVAL_and_EPERM)
{
    FAILS(syscall(SYS_arch_prctl, 0x9999, 0), EINVAL);
    FAILS(syscall(SYS_arch_prctl, 0x1002, 0x800000000000ul), EPERM); /* FS beyond user space */
    FAILS(syscall(SYS_arch_prctl, 0x1003, BAD_ADDRESS), EFAULT);
}
TEST(clock_nanosleep, EINVAL_and_EFAULT)
{
    struct timespec bad = { 0, 1000000000 }, zero = { 0, 0 };

    FAILS(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &bad, NULL), EINVAL);
    FAILS(syscall(SYS_clock_nanosleep, 99, 0, &zero, NULL), EINVAL);
    FAILS(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, BAD_ADDRESS, NULL), EFAULT);
}
TEST(get_robust_list, ESRCH)
{
    void *head;
    size_t len;

    FAILS(syscall(SYS_get_robust_list, 3999999, &head, &len), ESRCH);
}
TEST(getcpu, tells_where_it_runs)
{
    unsigned cpu = 99, node = 99;
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(0, &set);
    EQ(sched_setaffinity(0, sizeof(set), &set), 0);
    EQ(syscall(SYS_getcpu, &cpu, &node, NULL), 0);
    EQ(cpu, 0);
    EQ(node, 0);
}
TEST(getpgid, of_self_and_ESRCH)
{
    EQ(getpgid(0), getpgrp());
    EQ(getpgid(getpid()), getpgrp());
    FAILS(getpgid(3999999), ESRCH);
}
TEST(getsid, of_self_and_ESRCH)
{
    pid_t child = fork();

    if (!child)
        _exit(setsid() == getsid(0) && getsid(0) == getpid() ? 0 : 1);
    abi_reap(child, 0);
    FAILS(getsid(3999999), ESRCH);
}
TEST(getpriority, ESRCH_and_EINVAL)
{
    FAILS(syscall(SYS_getpriority, PRIO_PROCESS, 3999999), ESRCH);
    FAILS(syscall(SYS_getpriority, 77, 0), EINVAL);
}
TEST(setpriority, EACCES_and_ESRCH)
{
    FAILS(setpriority(PRIO_PROCESS, 3999999, 0), ESRCH);
    FAILS(setpriority(77, 0, 0), EINVAL);
    as_nobody();
    FAILS(setpriority(PRIO_PROCESS, 0, -5), EACCES);
}
TEST(getrandom, EINVAL_and_EFAULT)
{
    char b[4];

    FAILS(syscall(SYS_getrandom, b, 4, 0x100), EINVAL);
    FAILS(syscall(SYS_getrandom, BAD_ADDRESS, 4, 0), EFAULT);
}
TEST(getrlimit, EINVAL_and_EFAULT)
{
    struct rlimit r;

    FAILS(syscall(SYS_getrlimit, 99, &r), EINVAL);
    FAILS(syscall(SYS_getrlimit, 0, BAD_ADDRESS), EFAULT);
}
TEST(prlimit64, ESRCH_and_EINVAL)
{
    struct rlimit r;

    FAILS(syscall(SYS_prlimit64, 3999999, 0, NULL, &r), ESRCH);
    FAILS(syscall(SYS_prlimit64, 0, 99, NULL, &r), EINVAL);
}
TEST(getrusage, EINVAL_and_EFAULT)
{
    struct rusage r;

    FAILS(syscall(SYS_getrusage, 99, &r), EINVAL);
    FAILS(syscall(SYS_getrusage, 0, BAD_ADDRESS), EFAULT);
}
TEST(getresuid, three_ids_and_EFAULT)
{
    uid_t r, e, s;

    EQ(setresuid(1, 2, 3), 0);
    EQ(syscall(SYS_getresuid, &r, &e, &s), 0);
    CHECK(r == 1 && e == 2 && s == 3);
    FAILS(syscall(SYS_getresuid, BAD_ADDRESS, &e, &s), EFAULT);
}
TEST(setresgid, sets_three_ids)
{
    gid_t r, e, s;

    EQ(setresgid(1, 2, 3), 0);
    EQ(getresgid(&r, &e, &s), 0);
    CHECK(r == 1 && e == 2 && s == 3);
}
TEST(pause, returns_only_after_a_handler)
{
    pid_t child = fork();

    if (!child) {
        pause();
        _exit(1);
    }
    abi_await_state(child, "S");
    kill(child, SIGSTOP);
    abi_await_state(child, "T");
    kill(child, SIGCONT); /* stops and goes on: pause does not return */
    abi_await_state(child, "S");
    kill(child, SIGKILL);
    int status;
    EQ(waitpid(child, &status, 0), child);
    EQ(WTERMSIG(status), SIGKILL);
}
TEST(setsid, EPERM_for_a_leader)
{
    pid_t child = fork();

    if (!child) {
        setpgid(0, 0);
        errno = 0;
        _exit(setsid() == -1 && errno == EPERM ? 0 : 1);
    }
    abi_reap(child, 0);
}
TEST(sched_get_priority_max, EINVAL)
{
    FAILS(syscall(SYS_sched_get_priority_max, 99), EINVAL);
}
TEST(sched_getaffinity, ESRCH_and_EINVAL)
{
    unsigned long set[16];

    FAILS(syscall(SYS_sched_getaffinity, 3999999, sizeof(set), set), ESRCH);
    FAILS(syscall(SYS_sched_getaffinity, 0, 3, set), EINVAL);
}
TEST(sched_rr_get_interval, ESRCH_and_EINVAL)
{
    struct timespec t;

    FAILS(syscall(SYS_sched_rr_get_interval, 3999999, &t), ESRCH);
    FAILS(syscall(SYS_sched_rr_get_interval, -1, &t), EINVAL);
}
TEST(settimeofday, sets_the_clock_and_EINVAL)
{
    struct timeval old, t, bad = { 0, 1000001 };

    EQ(gettimeofday(&old, NULL), 0);
    t = old;
    t.tv_sec += 1000;
    EQ(syscall(SYS_settimeofday, &t, NULL), 0);
    EQ(gettimeofday(&t, NULL), 0);
    CHECK(t.tv_sec - old.tv_sec >= 1000 && t.tv_sec - old.tv_sec < 1010);
    EQ(syscall(SYS_settimeofday, &old, NULL), 0);
    FAILS(syscall(SYS_settimeofday, &bad, NULL), EINVAL);
}
TEST(sysinfo, EFAULT)
{
    FAILS(syscall(SYS_sysinfo, BAD_ADDRESS), EFAULT);
}
TEST(uname, EFAULT)
{
    FAILS(syscall(SYS_uname, BAD_ADDRESS), EFAULT);
}

/* ---- signals ---- */
TEST(rt_sigprocmask, EINVAL_and_EFAULT)
{
    unsigned long set = 0;

    FAILS(syscall(SYS_rt_sigprocmask, 99, &set, NULL, 8), EINVAL);
    FAILS(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 4), EINVAL);
    FAILS(syscall(SYS_rt_sigprocmask, SIG_BLOCK, BAD_ADDRESS, NULL, 8), EFAULT);
}
TEST(rt_sigpending, shows_the_blocked_one_and_EINVAL)
{
    unsigned long set = 1ul << (SIGUSR1 - 1), pending = 0;

    EQ(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8), 0);
    EQ(raise(SIGUSR1), 0);
    EQ(syscall(SYS_rt_sigpending, &pending, 8), 0);
    EQ(pending, set);
    FAILS(syscall(SYS_rt_sigpending, &pending, 16), EINVAL);
}
TEST(rt_sigsuspend, EINVAL_and_EFAULT)
{
    unsigned long set = 0;

    FAILS(syscall(SYS_rt_sigsuspend, &set, 4), EINVAL);
    FAILS(syscall(SYS_rt_sigsuspend, BAD_ADDRESS, 8), EFAULT);
}
TEST(rt_sigtimedwait, EAGAIN_and_EINVAL)
{
    unsigned long set = 1ul << (SIGUSR1 - 1);
    struct timespec zero = { 0, 0 }, bad = { 0, -1 };

    FAILS(syscall(SYS_rt_sigtimedwait, &set, NULL, &zero, 8), EAGAIN);
    FAILS(syscall(SYS_rt_sigtimedwait, &set, NULL, &bad, 8), EINVAL);
    FAILS(syscall(SYS_rt_sigtimedwait, &set, NULL, &zero, 4), EINVAL);
}
TEST(rt_sigqueueinfo, EPERM_and_ESRCH)
{
    siginfo_t si = { .si_code = SI_USER };
    pid_t child = abi_sleeper();

    FAILS(syscall(SYS_rt_sigqueueinfo, child, SIGUSR1, &si), EPERM); /* only the kernel may say SI_USER of another */
    si.si_code = SI_QUEUE;
    FAILS(syscall(SYS_rt_sigqueueinfo, 3999999, SIGUSR1, &si), ESRCH);
    FAILS(syscall(SYS_rt_sigqueueinfo, child, 99, &si), EINVAL);
}
TEST(sigaltstack, ENOMEM_and_EINVAL)
{
    static char stack[65536];
    stack_t small = { .ss_sp = stack, .ss_size = 16 }, flags = { .ss_sp = stack, .ss_size = 65536, .ss_flags = 64 };

    FAILS(syscall(SYS_sigaltstack, &small, NULL), ENOMEM);
    FAILS(syscall(SYS_sigaltstack, &flags, NULL), EINVAL);
    FAILS(syscall(SYS_sigaltstack, BAD_ADDRESS, NULL), EFAULT);
}
TEST(tkill, ESRCH_and_EINVAL)
{
    FAILS(syscall(SYS_tkill, 3999999, 0), ESRCH);
    FAILS(syscall(SYS_tkill, -1, SIGUSR1), EINVAL);
    FAILS(syscall(SYS_tkill, getpid(), 99), EINVAL);
}
TEST(timer_getoverrun, EINVAL)
{
    FAILS(syscall(SYS_timer_getoverrun, 12345), EINVAL);
}
