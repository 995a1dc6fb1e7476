/* abi_process.c: making, running, ending and waiting for processes; identity, groups, limits. */
#include <pthread.h>
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>

#include "tests/guest/abi.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

TEST(fork, memory_is_private_and_offsets_shared)
{
    static int word = 1;
    abi_scratch();
    abi_file("f", "0123456789");
    int fd = open("f", O_RDONLY);
    pid_t pid = fork();
    if (pid == 0) {
        char c[4];
        word = 2;
        _exit(read(fd, c, 4) == 4 ? 0 : 1);
    }
    abi_reap(pid, 0);
    EQ(word, 1);
    EQ(lseek(fd, 0, SEEK_CUR), 4);
}

TEST(fork, many_children_reaped)
{
    for (int i = 0; i < 200; i++) {
        if (fork() == 0) {
            _exit(i & 127);
        }
    }
    int sum = 0, status;
    for (int i = 0; i < 200; i++) {
        CHECK(wait(&status) > 0);
        sum += WEXITSTATUS(status);
    }
    int want = 0;
    for (int i = 0; i < 200; i++) {
        want += i & 127;
    }
    EQ(sum, want);
    FAILS(wait(NULL), ECHILD);
}

TEST(fork, EAGAIN_at_the_limit)
{
    struct rlimit r = {1, 1};
    EQ(setrlimit(RLIMIT_NPROC, &r), 0);
    EQ(setuid(65534), 0);
    FAILS(fork(), EAGAIN);
}

TEST(vfork, shares_memory_and_parent_waits)
{
    static volatile int word = 1;
    pid_t pid = vfork();
    if (pid == 0) {
        word = 2;
        _exit(3);
    }
    EQ(word, 2);
    abi_reap(pid, 3);
}

TEST(clone, thread_group_rules_EINVAL)
{
    FAILS(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0), EINVAL);
    FAILS(syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0), EINVAL);
}

TEST(clone, tid_words)
{
    int *words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    long pid = syscall(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0, &words[0], &words[1], 0);
    if (pid == 0) {
        _exit(words[1] == getpid() ? 0 : 1);
    }
    EQ(words[0], pid);
    abi_reap((pid_t)pid, 0);
}

TEST(clone3, works_as_fork)
{
    uint64_t args[8] = {0};
    int parent_tid = 0;
    args[0] = CLONE_PARENT_SETTID;
    args[3] = (uint64_t)&parent_tid;
    args[4] = SIGCHLD;
    long pid = syscall(SYS_clone3, args, sizeof args);
    if (pid == 0) {
        _exit(6);
    }
    CHECK(pid > 0);
    EQ(parent_tid, pid);
    abi_reap((pid_t)pid, 6);
}

TEST(clone3, EINVAL)
{
    uint64_t args[8] = {0};
    FAILS(syscall(SYS_clone3, args, 8), EINVAL);
    args[4] = 200;
    FAILS(syscall(SYS_clone3, args, sizeof args), EINVAL);
}

TEST(execve, passes_arguments_and_environment)
{
    pid_t pid = fork();
    if (pid == 0) {
        char *argv[] = {"sh", "-c", "test \"$1\" = two -a \"$V\" = w -a $# = 1", "x", "two", NULL};
        char *envp[] = {"V=w", NULL};
        execve("/bin/busybox", argv, envp);
        _exit(9);
    }
    abi_reap(pid, 0);
}

TEST(execve, interpreter_line)
{
    abi_scratch();
    abi_file("s", "#!/bin/busybox sh\nexit 42\n");
    chmod("s", 0755);
    pid_t pid = fork();
    if (pid == 0) {
        execl("./s", "s", (char *)NULL);
        _exit(9);
    }
    abi_reap(pid, 42);
}

TEST(execve, interpreter_line_that_ends_with_the_file)
{
    abi_scratch();
    EQ(symlink("/bin/busybox", "busybox"), 0);
    for (int arg = 0; arg < 2; arg++) {
        unlink("s");
        abi_file("s", arg ? "#! ./busybox true" : "#!/bin/busybox");
        chmod("s", 0755);
        pid_t pid = fork();
        if (pid == 0) {
            freopen("/dev/null", "w", stdout);
            freopen("/dev/null", "w", stderr);
            execl("./s", "s", (char *)NULL);
            _exit(9);
        }
        abi_reap(pid, arg ? 0 : 127); /* busybox has no applet of the name ./s */
    }
}

TEST(execve, errors)
{
    char *argv[] = {"x", NULL};
    abi_scratch();
    FAILS(execve("/nowhere", argv, NULL), ENOENT);
    FAILS(execve("/tmp", argv, NULL), EACCES);
    FAILS(execve(BAD_ADDRESS, argv, NULL), EFAULT);
    abi_file("plain", "text\n");
    FAILS(execve("plain", argv, NULL), EACCES);
    chmod("plain", 0755);
    FAILS(execve("plain", argv, NULL), ENOEXEC);
    FAILS(execve("plain/x", argv, NULL), ENOTDIR);
}

TEST(execve, closes_and_keeps_descriptors)
{
    int keep = dup(1), drop = fcntl(1, F_DUPFD_CLOEXEC, 0);
    char script[128];
    snprintf(script, sizeof script, "test -e /proc/self/fd/%d -a ! -e /proc/self/fd/%d", keep, drop);
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/busybox", "sh", "-c", script, (char *)NULL);
        _exit(9);
    }
    abi_reap(pid, 0);
}

TEST(execve, resets_handlers_keeps_ignored)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGUSR1, SIG_IGN);
        signal(SIGUSR2, (void (*)(int))abort);
        execl("/bin/busybox", "sh", "-c", "kill -USR1 $$; kill -USR2 $$; exit 3", (char *)NULL);
        _exit(9);
    }
    waitpid(pid, &status, 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR2);
}

TEST(exit_group, code_is_eight_bits)
{
    int status;
    if (fork() == 0) {
        syscall(SYS_exit_group, 0x1234);
    }
    wait(&status);
    EQ(status, 0x3400);
}

TEST(wait4, reports_usage)
{
    struct rusage ru;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        volatile char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        for (int i = 0; i < 1 << 20; i += 4096) {
            p[i] = 1;
        }
        _exit(0);
    }
    EQ(wait4(pid, &status, 0, &ru), pid);
    CHECK(ru.ru_minflt >= 256);
    CHECK(ru.ru_maxrss >= 1024);
}

TEST(wait4, options)
{
    int status;
    pid_t pid = abi_sleeper();
    EQ(waitpid(pid, &status, WNOHANG), 0);
    kill(pid, SIGSTOP);
    EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    kill(pid, SIGCONT);
    EQ(waitpid(pid, &status, WCONTINUED), pid);
    CHECK(WIFCONTINUED(status));
    kill(pid, SIGKILL);
    EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(wait4, errors)
{
    int status;
    FAILS(waitpid(-1, &status, 0), ECHILD);
    FAILS(waitpid(1, &status, 0), ECHILD);
    FAILS(waitpid(-1, &status, 0x4000), EINVAL);
    FAILS(syscall(SYS_wait4, 0x80000000, NULL, 0, NULL), ESRCH);
}

TEST(wait4, group_selection)
{
    pid_t a = fork();
    if (a == 0) {
        setpgid(0, 0);
        _exit(1);
    }
    setpgid(a, a);
    pid_t b = fork();
    if (b == 0) {
        _exit(2);
    }
    int status;
    EQ(waitpid(0, &status, 0), b);
    EQ(waitpid(-a, &status, 0), a);
}

TEST(wait4, ignored_SIGCHLD_leaves_no_zombie)
{
    signal(SIGCHLD, SIG_IGN);
    if (fork() == 0) {
        _exit(0);
    }
    FAILS(wait(NULL), ECHILD);
}

TEST(waitid, fills_siginfo)
{
    siginfo_t si = {0};
    pid_t pid = fork();
    if (pid == 0) {
        _exit(17);
    }
    EQ(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT), 0);
    EQ(si.si_pid, pid);
    EQ(si.si_code, CLD_EXITED);
    EQ(si.si_status, 17);
    EQ(si.si_signo, SIGCHLD);
    memset(&si, 0, sizeof si);
    EQ(waitid(P_ALL, 0, &si, WEXITED), 0);
    EQ(si.si_pid, pid);
    FAILS(waitid(P_ALL, 0, &si, WEXITED), ECHILD);
}

TEST(waitid, EINVAL)
{
    siginfo_t si;
    FAILS(waitid(P_ALL, 0, &si, 0), EINVAL);
}

TEST(getppid, orphan_goes_to_init)
{
    int fd[2], parent = 0;
    pipe(fd);
    pid_t pid = fork();
    if (pid == 0) {
        if (fork() == 0) {
            for (int i = 0; i < 200 && getppid() != 1; i++) {
                abi_sleep_ms(10);
            }
            parent = getppid();
            write(fd[1], &parent, sizeof parent);
            _exit(0);
        }
        _exit(0);
    }
    abi_reap(pid, 0);
    EQ(read(fd[0], &parent, sizeof parent), sizeof parent);
    EQ(parent, 1);
}

TEST(getpid, differs_from_parent)
{
    pid_t self = getpid(), pid = fork();
    if (pid == 0) {
        _exit(getpid() != self && getppid() == self && (pid_t)syscall(SYS_gettid) == getpid() ? 0 : 1);
    }
    abi_reap(pid, 0);
}

TEST(setpgid, groups_and_errors)
{
    EQ(getpgrp(), getpid());
    pid_t pid = abi_sleeper();
    EQ(getpgid(pid), getpid());
    EQ(setpgid(pid, pid), 0);
    EQ(getpgid(pid), pid);
    FAILS(setpgid(pid, 999999), EPERM);
    FAILS(setpgid(1, 0), ESRCH);
    FAILS(setpgid(pid, -1), EINVAL);
    kill(pid, SIGKILL);
}

static _Atomic pid_t newest;
static _Atomic int over;

static void *group_of_the_newest(void *arg)
{
    (void)arg;
    while (!over) {
        pid_t pid = newest;
        if (pid && setpgid(pid, pid) && errno != ESRCH)
            return "neither done nor ESRCH";
    }
    return NULL;
}

TEST(setpgid, of_a_child_that_another_thread_reaps)
{
    long end = abi_now_ms() + 1000;
    void *said;
    pthread_t t;

    EQ(pthread_create(&t, NULL, group_of_the_newest, NULL), 0);
    while (abi_now_ms() < end) {
        pid_t pid = fork();
        if (!pid)
            _exit(0);
        newest = pid;
        abi_reap(pid, 0);
    }
    over = 1;
    EQ(pthread_join(t, &said), 0);
    CHECK(!said);
}

/* To the group of the process *arg and back. */
static void *between_two_groups(void *arg)
{
    while (!over)
        if (setpgid(0, *(pid_t *)arg) || setpgid(0, 0))
            return "setpgid failed";
    return NULL;
}

TEST(fork, beside_a_change_of_the_group)
{
    pid_t other = abi_sleeper(), group;
    long end = abi_now_ms() + 1000;
    void *said;
    pthread_t t;

    EQ(setpgid(other, other), 0);
    EQ(pthread_create(&t, NULL, between_two_groups, &other), 0);
    while (abi_now_ms() < end) {
        pid_t pid = fork();
        if (!pid) {
            group = getpgrp();
            _exit(group == other || group == getppid() ? 0 : 1);
        }
        abi_reap(pid, 0);
    }
    over = 1;
    EQ(pthread_join(t, &said), 0);
    CHECK(!said);
    kill(other, SIGKILL);
}

/* Who may not signal a group may still ask, without an end; its members go on forking. */
TEST(fork, beside_strangers_who_signal_the_group)
{
    pid_t group = fork(), stranger[2];
    if (group == 0) {
        setpgid(0, 0);
        for (int i = 0; i < 20; i++) {
            pid_t pid = fork();
            if (pid == 0) {
                _exit(0);
            }
            abi_reap(pid, 0);
        }
        _exit(0);
    }
    setpgid(group, group);
    for (int i = 0; i < 2; i++) {
        stranger[i] = fork();
        if (stranger[i] == 0) {
            EQ(setuid(65534), 0);
            for (;;) {
                kill(-group, 0);
            }
        }
    }
    abi_reap(group, 0);
    for (int i = 0; i < 2; i++) {
        kill(stranger[i], SIGKILL);
        EQ(waitpid(stranger[i], NULL, 0), stranger[i]);
    }
}

TEST(getpgid, ESRCH) { FAILS(getpgid(999999), ESRCH); }

TEST(setsid, new_session)
{
    FAILS(setsid(), EPERM);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(setsid() == getpid() && getsid(0) == getpid() && getpgrp() == getpid() ? 0 : 1);
    }
    abi_reap(pid, 0);
}

TEST(getsid, ESRCH) { FAILS(getsid(999999), ESRCH); }

TEST(kill, group_and_errors)
{
    pid_t a = abi_sleeper(), b = abi_sleeper();
    int status;
    setpgid(a, a);
    setpgid(b, a);
    EQ(kill(-a, 0), 0);
    EQ(kill(-a, SIGTERM), 0);
    EQ(waitpid(a, &status, 0), a);
    EQ(status, SIGTERM);
    EQ(waitpid(b, &status, 0), b);
    EQ(status, SIGTERM);
    FAILS(kill(-a, 0), ESRCH);
    FAILS(kill(999999, 0), ESRCH);
    FAILS(kill(getpid(), 65), EINVAL);
}

TEST(kill, EPERM)
{
    pid_t pid = abi_sleeper();
    EQ(setuid(65534), 0);
    FAILS(kill(pid, SIGTERM), EPERM);
}

TEST(setuid, drops_for_good)
{
    EQ(setuid(65534), 0);
    EQ(getuid(), 65534);
    EQ(geteuid(), 65534);
    FAILS(setuid(0), EPERM);
}

TEST(setresuid, sets_three)
{
    uid_t r, e, s;
    EQ(setresuid(1, 2, 3), 0);
    EQ(getresuid(&r, &e, &s), 0);
    EQ(r * 100 + e * 10 + s, 123);
    FAILS(setresuid(0, 0, 0), EPERM);
}

TEST(setgid, sets)
{
    EQ(setgid(5), 0);
    EQ(getgid(), 5);
    EQ(getegid(), 5);
}

TEST(getgroups, what_setgroups_set)
{
    gid_t g[4] = {3, 9, 4, 0}, back[4];
    EQ(setgroups(3, g), 0);
    EQ(getgroups(4, back), 3);
    EQ(getgroups(0, NULL), 3);
    FAILS(getgroups(2, back), EINVAL);
}

TEST(umask, masks_new_files)
{
    struct stat st;
    abi_scratch();
    umask(077);
    EQ(umask(027), 077);
    close(open("f", O_CREAT | O_WRONLY, 0666));
    stat("f", &st);
    EQ(st.st_mode & 0777, 0640);
}

TEST(getrlimit, what_setrlimit_set)
{
    struct rlimit r = {100, 200}, back;
    EQ(setrlimit(RLIMIT_NOFILE, &r), 0);
    EQ(getrlimit(RLIMIT_NOFILE, &back), 0);
    EQ(back.rlim_cur, 100);
    EQ(back.rlim_max, 200);
    r.rlim_cur = 300;
    FAILS(setrlimit(RLIMIT_NOFILE, &r), EINVAL);
    FAILS(getrlimit(99, &back), EINVAL);
}

TEST(prlimit64, NOFILE_is_enforced)
{
    struct rlimit r = {8, 8};
    EQ(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &r, NULL), 0);
    int fd = 0;
    for (int i = 0; i < 16 && fd >= 0; i++) {
        fd = dup(0);
    }
    FAILS(dup(0), EMFILE);
}

TEST(getrusage, counts_faults)
{
    struct rusage a, b;
    volatile char *p = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    getrusage(RUSAGE_SELF, &a);
    for (int i = 0; i < 64; i++) {
        p[i * 4096] = 1;
    }
    EQ(getrusage(RUSAGE_SELF, &b), 0);
    CHECK(b.ru_minflt - a.ru_minflt >= 64);
    FAILS(getrusage(7, &b), EINVAL);
}

TEST(times, charges_cpu)
{
    struct tms t0, t1;
    clock_t a = times(&t0);
    long end = abi_now_ms() + 300;
    while (abi_now_ms() < end) {
    }
    clock_t b = times(&t1);
    CHECK(b - a >= 29);
    CHECK(t1.tms_utime + t1.tms_stime - t0.tms_utime - t0.tms_stime >= 5);
}

TEST(times, EFAULT) { FAILS(syscall(SYS_times, BAD_ADDRESS), EFAULT); }

TEST(getpriority, what_setpriority_set)
{
    EQ(setpriority(PRIO_PROCESS, 0, 7), 0);
    EQ(getpriority(PRIO_PROCESS, 0), 7);
    EQ(syscall(SYS_getpriority, PRIO_PROCESS, 0), 13);
    FAILS(getpriority(PRIO_PROCESS, 999999), ESRCH);
    FAILS(getpriority(9, 0), EINVAL);
}

TEST(uname, is_linux)
{
    struct utsname u;
    EQ(uname(&u), 0);
    CHECK(strcmp(u.sysname, "Linux") == 0);
    CHECK(strcmp(u.machine, "x86_64") == 0);
    CHECK(atoi(u.release) >= 5);
    FAILS(syscall(SYS_uname, BAD_ADDRESS), EFAULT);
}

TEST(sysinfo, has_memory)
{
    struct sysinfo si;
    EQ(sysinfo(&si), 0);
    CHECK(si.totalram > si.freeram && si.freeram > 0 && si.mem_unit > 0 && si.procs >= 1);
    FAILS(syscall(SYS_sysinfo, BAD_ADDRESS), EFAULT);
}

TEST(prctl, name)
{
    char name[16] = "";
    EQ(prctl(PR_SET_NAME, "short"), 0);
    EQ(prctl(PR_GET_NAME, name), 0);
    CHECK(strcmp(name, "short") == 0);
    FAILS(prctl(9999, 0, 0, 0, 0), EINVAL);
}

TEST(prctl, pdeathsig)
{
    pid_t pid = fork();
    if (pid == 0) {
        int fd[2];
        pipe(fd);
        pid_t child = fork();
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            write(fd[1], "x", 1);
            for (;;) {
                pause();
            }
        }
        char c;
        read(fd[0], &c, 1);
        prctl(PR_SET_NAME, "gone");
        _exit(0);
    }
    abi_reap(pid, 0);
}

TEST(prctl, subreaper)
{
    EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (fork() == 0) {
            abi_sleep_ms(50);
            _exit(21);
        }
        _exit(20);
    }
    int status, sum = 0;
    CHECK(wait(&status) > 0);
    sum += WEXITSTATUS(status);
    CHECK(wait(&status) > 0);
    sum += WEXITSTATUS(status);
    EQ(sum, 41);
}

TEST(arch_prctl, fs_base)
{
    unsigned long fs = 0;
    EQ(syscall(SYS_arch_prctl, 0x1003, &fs), 0);
    CHECK(fs != 0);
    FAILS(syscall(SYS_arch_prctl, 0x7777, 0), EINVAL);
}

TEST(getrandom, fills)
{
    unsigned char a[32] = {0}, b[32] = {0};
    EQ(syscall(SYS_getrandom, a, sizeof a, 0), 32);
    EQ(syscall(SYS_getrandom, b, sizeof b, 1), 32);
    CHECK(memcmp(a, b, sizeof a) != 0);
    FAILS(syscall(SYS_getrandom, a, 8, 0x100), EINVAL);
    FAILS(syscall(SYS_getrandom, BAD_ADDRESS, 8, 0), EFAULT);
}

TEST(unknown, ENOSYS)
{
    FAILS(syscall(1000000), ENOSYS);
    FAILS(syscall(-1), ENOSYS);
    FAILS(syscall(335), ENOSYS);
    FAILS(syscall(0x7fffffffffffffff), ENOSYS);
}

TEST(fork, bomb_leaves_the_kernel_alive)
{
    struct rlimit r = {64, 64};
    setrlimit(RLIMIT_NPROC, &r);
    pid_t pid = fork();
    if (pid == 0) {
        if (setuid(1) < 0) {
            _exit(1);
        }
        int made = 0;
        while (fork() > 0) {
            made++;
        }
        if (made == 0) { /* a child */
            abi_sleep_ms(200);
        }
        _exit(0);
    }
    int status;
    EQ(waitpid(pid, &status, 0), pid);
    pid = fork();
    if (pid == 0) {
        _exit(5);
    }
    abi_reap(pid, 5);
}
