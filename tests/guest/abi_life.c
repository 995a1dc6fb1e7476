/*
 * abi_life.c: the rare parts of process life: every way to wait, group stops of threads, orphaned
 * groups, exec from a thread, clone3's options, timers of a process, signalfd, queued signals.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <ucontext.h>

#include "tests/guest/abi.h"

#define P_PIDFD_             3
#define CLONE_PIDFD_         0x1000
#define CLONE_CLEAR_SIGHAND_ 0x100000000ull

struct args3 {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
        set_tid_size, cgroup;
};

static long clone3_(struct args3 *a)
{
    return syscall(435, a, sizeof *a);
}

/* A child that stops itself, and after it was continued ends with 21 once let_go was called: an
 * ended child gives no event of a continue any more. */
static int gate[2];

static pid_t stopped_child(void)
{
    char c;
    EQ(pipe(gate), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(gate[1]);
        raise(SIGSTOP);
        _exit(read(gate[0], &c, 1) == 0 ? 21 : 22);
    }
    close(gate[0]);
    return pid;
}

static void let_go(pid_t pid)
{
    close(gate[1]);
    abi_reap(pid, 21);
}

TEST(waitid, stopped_and_continued)
{
    siginfo_t i;
    pid_t pid = stopped_child();
    EQ(waitid(P_PID, (id_t)pid, &i, WSTOPPED | WNOWAIT), 0);
    EQ(i.si_code, CLD_STOPPED);
    EQ(i.si_status, SIGSTOP);
    EQ(waitid(P_PGID, (id_t)getpgrp(), &i, WSTOPPED), 0);
    EQ(i.si_pid, pid);
    EQ(waitid(P_PID, (id_t)pid, &i, WSTOPPED | WNOHANG), 0);
    EQ(i.si_pid, 0);
    kill(pid, SIGCONT);
    EQ(waitid(P_PID, (id_t)pid, &i, WCONTINUED), 0);
    EQ(i.si_code, CLD_CONTINUED);
    EQ(i.si_status, SIGCONT);
    let_go(pid);
}

/* The waiter sleeps already: the notice of the continue must wake it although the child goes on and
 * takes no other signal. */
TEST(waitid, continued_wakes_a_sleeping_waiter)
{
    siginfo_t i;
    int done[2];
    pid_t waiter = getpid(), pid = abi_sleeper();
    EQ(pipe(done), 0);
    abi_await_state(pid, "S");
    kill(pid, SIGSTOP);
    EQ(waitid(P_PID, (id_t)pid, &i, WSTOPPED), 0);
    pid_t other = fork();
    if (other == 0) {
        char c;
        close(done[1]);
        abi_await_state(waiter, "S");
        kill(pid, SIGCONT);
        _exit((int)read(done[0], &c, 1)); /* not before: its end would wake the waiter too */
    }
    EQ(waitid(P_PID, (id_t)pid, &i, WCONTINUED), 0);
    EQ(i.si_code, CLD_CONTINUED);
    close(done[1]);
    abi_reap(other, 0);
}

/* A zombie never stops or continues again: who asks for that only must not wait for it. */
TEST(waitid, ECHILD_for_the_stop_of_a_zombie)
{
    siginfo_t i;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(5);
    }
    EQ(waitid(P_PID, (id_t)pid, &i, WEXITED | WNOWAIT), 0);
    FAILS(waitid(P_PID, (id_t)pid, &i, WSTOPPED), ECHILD);
    FAILS(waitid(P_PID, (id_t)pid, &i, WCONTINUED | WNOHANG), ECHILD);
    FAILS(waitid(P_ALL, 0, &i, WSTOPPED | WCONTINUED), ECHILD);
    abi_reap(pid, 5);
}

/* The same when the child ends while its parent sleeps for its stop. */
TEST(waitid, ECHILD_when_the_child_ends_meanwhile)
{
    siginfo_t i;
    pid_t waiter = getpid(), pid = fork();
    if (pid == 0) {
        abi_await_state(waiter, "S");
        _exit(5);
    }
    FAILS(waitid(P_PID, (id_t)pid, &i, WSTOPPED), ECHILD);
    abi_reap(pid, 5);
}

TEST(wait4, WUNTRACED_and_WCONTINUED)
{
    int status;
    pid_t pid = stopped_child();
    EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    EQ(waitpid(pid, &status, WUNTRACED | WNOHANG), 0);
    kill(pid, SIGCONT);
    EQ(waitpid(pid, &status, WCONTINUED), pid);
    CHECK(WIFCONTINUED(status));
    let_go(pid);
}

TEST(waitid, WNOWAIT_leaves_the_zombie)
{
    siginfo_t i;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(5);
    }
    EQ(waitid(P_ALL, 0, &i, WEXITED | WNOWAIT), 0);
    EQ(i.si_pid, pid);
    EQ(waitid(P_ALL, 0, &i, WEXITED | WNOWAIT), 0);
    EQ(i.si_status, 5);
    abi_reap(pid, 5);
    FAILS(waitid(P_ALL, 0, &i, WEXITED), ECHILD);
}

TEST(waitid, by_pidfd)
{
    siginfo_t i;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(6);
    }
    int fd = (int)syscall(434, pid, 0);
    CHECK(fd >= 0);
    EQ(syscall(SYS_waitid, P_PIDFD_, fd, &i, WEXITED, NULL), 0);
    EQ(i.si_pid, pid);
    FAILS(syscall(SYS_waitid, P_PIDFD_, fd, &i, WEXITED, NULL), ECHILD);
    FAILS(syscall(SYS_waitid, P_PIDFD_, 1, &i, WEXITED, NULL), EBADF);
}

TEST(wait4, clone_children_need_WCLONE)
{
    struct args3 a = {0};
    pid_t pid = (pid_t)clone3_(&a);
    if (pid == 0) {
        _exit(4);
    }
    FAILS(waitpid(pid, NULL, 0), ECHILD);
    int status;
    EQ(waitpid(pid, &status, (int)0x80000000), pid);
    EQ(WEXITSTATUS(status), 4);
}

TEST(wait4, core_flag_follows_the_limit)
{
    int status;
    for (int with = 0; with < 2; with++) {
        pid_t pid = fork();
        if (pid == 0) {
            struct rlimit r = {0, 0};
            if (!with) {
                setrlimit(RLIMIT_CORE, &r);
            }
            abort();
        }
        EQ(waitpid(pid, &status, 0), pid);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
        CHECK(with || !WCOREDUMP(status));
    }
}

TEST(wait4, INT_MIN_is_ESRCH)
{
    FAILS(waitpid(-2147483647 - 1, NULL, 0), ESRCH);
}

TEST(clone3, pidfd_polls_and_signals)
{
    int fd = -1;
    struct args3 a = {
        .flags = CLONE_PIDFD_, .pidfd = (uint64_t)(uintptr_t)&fd, .exit_signal = SIGCHLD};
    pid_t pid = (pid_t)clone3_(&a);
    if (pid == 0) {
        for (;;) {
            pause();
        }
    }
    CHECK(fd >= 0);
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
    struct pollfd p = {fd, POLLIN, 0};
    EQ(poll(&p, 1, 0), 0);
    EQ(syscall(424, fd, SIGKILL, NULL, 0), 0);
    EQ(poll(&p, 1, 3000), 1);
    EQ(p.revents, POLLIN);
    int status;
    EQ(waitpid(pid, &status, 0), pid);
    EQ(WTERMSIG(status), SIGKILL);
    FAILS(syscall(424, fd, 0, NULL, 0), ESRCH);
}

TEST(clone3, set_tid_and_errors)
{
    pid_t want = 31000, used = getpid(), many[2] = {1, 2};
    struct args3 a = {
        .exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&want, .set_tid_size = 1};
    pid_t pid = (pid_t)clone3_(&a);
    if (pid == 0) {
        _exit(getpid() == 31000 ? 3 : 4);
    }
    EQ(pid, 31000);
    abi_reap(pid, 3);
    a.set_tid = (uint64_t)(uintptr_t)&used;
    FAILS(clone3_(&a), EEXIST);
    want = -3;
    a.set_tid = (uint64_t)(uintptr_t)&want;
    FAILS(clone3_(&a), EINVAL);
    a.set_tid = (uint64_t)(uintptr_t)many;
    a.set_tid_size = 2;
    FAILS(clone3_(&a), EINVAL);
}

static void nothing(int sig)
{
    (void)sig;
}

TEST(clone3, clear_sighand_resets_handlers)
{
    struct args3 a = {.flags = CLONE_CLEAR_SIGHAND_, .exit_signal = SIGCHLD};
    struct sigaction old;
    signal(SIGUSR1, nothing);
    signal(SIGUSR2, SIG_IGN);
    pid_t pid = (pid_t)clone3_(&a);
    if (pid == 0) {
        sigaction(SIGUSR1, NULL, &old);
        if (old.sa_handler != SIG_DFL) {
            _exit(1);
        }
        sigaction(SIGUSR2, NULL, &old);
        _exit(old.sa_handler == SIG_IGN ? 2 : 1);
    }
    abi_reap(pid, 2);
    a.flags |= CLONE_SIGHAND | CLONE_VM;
    FAILS(clone3_(&a), EINVAL);
}

TEST(clone, parent_makes_a_sibling)
{
    int fds[2];
    pid_t inner = 0, self = getpid();
    pipe(fds);
    pid_t pid = fork();
    if (pid == 0) {
        inner = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, 0);
        if (inner == 0) {
            _exit(getppid() == self ? 8 : 9);
        }
        write(fds[1], &inner, sizeof inner);
        _exit(7);
    }
    EQ(read(fds[0], &inner, sizeof inner), sizeof inner);
    abi_reap(pid, 7);
    abi_reap(inner, 8);
}

TEST(vfork, killed_parent_ends_at_once)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        if (vfork() == 0) {
            usleep(600000);
            _exit(0);
        }
        _exit(1);
    }
    abi_sleep_ms(100);
    kill(pid, SIGKILL);
    long t = abi_now_ms();
    EQ(waitpid(pid, &status, 0), pid);
    CHECK(abi_now_ms() - t < 400);
    EQ(WTERMSIG(status), SIGKILL);
}

static volatile int *counter;

static void *count_up(void *arg)
{
    for (;;) {
        ++*counter;
        (void)arg;
    }
    return NULL;
}

TEST(kill, SIGSTOP_stops_every_thread)
{
    int status;
    counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t t;
        pthread_create(&t, NULL, count_up, NULL);
        for (;;) {
            pause();
        }
    }
    while (!*counter) {
        abi_sleep_ms(1);
    }
    kill(pid, SIGSTOP);
    EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFSTOPPED(status));
    int seen = *counter;
    abi_sleep_ms(50);
    EQ(*counter, seen);
    kill(pid, SIGCONT);
    EQ(waitpid(pid, &status, WCONTINUED), pid);
    abi_sleep_ms(100);
    CHECK(*counter != seen);
    kill(pid, SIGSTOP);
    EQ(waitpid(pid, &status, WUNTRACED), pid);
    kill(pid, SIGKILL);
    EQ(waitpid(pid, &status, 0), pid);
    EQ(WTERMSIG(status), SIGKILL);
}

TEST(wait4, stop_of_a_process_whose_leader_has_ended)
{
    int status;
    counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t t;
        pthread_create(&t, NULL, count_up, NULL);
        syscall(SYS_exit, 0);
    }
    while (!*counter) {
        abi_sleep_ms(1);
    }
    abi_sleep_ms(50);
    EQ(waitpid(pid, &status, WNOHANG), 0);
    kill(pid, SIGSTOP);
    EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFSTOPPED(status));
    kill(pid, SIGKILL);
    EQ(waitpid(pid, &status, 0), pid);
    EQ(WTERMSIG(status), SIGKILL);
}

TEST(exit_group, stopped_orphaned_group_gets_SIGHUP)
{
    int fds[2], fd2[2];
    char c = 0;
    pipe(fds);
    pipe(fd2);
    pid_t mid = fork();
    if (mid == 0) {
        pid_t leaf = fork();
        if (leaf == 0) {
            setpgid(0, 0);
            signal(SIGHUP, SIG_DFL);
            close(fds[0]);
            write(fd2[1], "r", 1);
            raise(SIGSTOP);
            write(fds[1], "x", 1); /* not reached: SIGHUP kills when it is continued */
            _exit(0);
        }
        close(fds[1]);
        int status;
        waitpid(leaf, &status, WUNTRACED);
        _exit(WIFSTOPPED(status) ? 11 : 12);
    }
    close(fds[1]);
    EQ(read(fd2[0], &c, 1), 1);
    abi_reap(mid, 11);
    EQ(read(fds[0], &c, 1), 0); /* the leaf died without writing */
}

/* This program again, as something that only waits for the child whose number it is given: see
 * child_mode(). */
static void *exec_waiter(void *arg)
{
    char text[32];
    snprintf(text, sizeof text, "LIFE_WAIT=%d", *(pid_t *)arg);
    usleep(20000);
    execle("/tests/abi_life", "waiter", (char *)NULL, (char *[]){text, NULL});
    return NULL;
}

TEST(execve, from_a_thread_ends_the_leader_and_keeps_children)
{
    counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t t, u;
        static pid_t child;
        child = fork();
        if (child == 0) {
            usleep(300000);
            _exit(17);
        }
        pthread_create(&u, NULL, count_up, NULL);
        pthread_create(&t, NULL, exec_waiter, &child);
        syscall(SYS_exit, 0);
    }
    abi_reap(pid, 17);
}

TEST(execve, ETXTBSY_both_ways)
{
    abi_scratch();
    CHECK(system("cp /bench/nop prog 2>/dev/null || cp /bin/busybox prog") == 0);
    int fd = open("prog", O_WRONLY);
    CHECK(fd >= 0);
    FAILS(execl("./prog", "prog", "0", (char *)NULL), ETXTBSY);
    close(fd);
    CHECK(system("cp /bin/busybox sleep") == 0);
    pid_t pid = fork();
    if (pid == 0) {
        execl("./sleep", "sleep", "5", (char *)NULL);
        _exit(1);
    }
    abi_sleep_ms(200);
    FAILS(open("sleep", O_WRONLY), ETXTBSY);
    FAILS(open("sleep", O_RDONLY | O_TRUNC), ETXTBSY);
    FAILS(truncate("sleep", 0), ETXTBSY);
    EQ(unlink("sleep"), 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* What this program does when a test executes it: tells by its exit code what it found. */
__attribute__((constructor(101))) static void child_mode(void)
{
    const char *child = getenv("LIFE_WAIT");
    int status = 0;
    if (getenv("LIFE_ARGC")) {
        char **env = environ;
        _exit(env[-1] == NULL && env[-2] && !env[-2][0] && (long)env[-3] == 1 ? 1 : 60);
    }
    if (getenv("LIFE_UID")) {
        _exit((geteuid() == 1234) << 1 | (getauxval(AT_SECURE) != 0) | (getuid() == 55) << 2);
    }
    if (getenv("LIFE_PLACE")) {
        unsigned long place = getauxval(AT_RANDOM);
        _exit(write(1, &place, sizeof place) == sizeof place ? 0 : 1);
    }
    if (getenv("LIFE_PAUSE")) {
        pause();
    }
    if (child) {
        _exit(waitpid(atoi(child), &status, 0) > 0 ? WEXITSTATUS(status) : 90);
    }
}

static void *exec_pauser(void *arg)
{
    (void)arg;
    execle("/tests/abi_life", "pauser", (char *)NULL, (char *[]){"LIFE_PAUSE=1", NULL});
    return NULL;
}

/* A process that kills keeps the receiver's lock busy, so that the end of the exec comes between another's look-up and its signal. */
static pid_t continuer_of(pid_t pid)
{
    pid_t helper = fork();
    for (int i = 0; helper == 0 && i < 400; i++) {
        kill(pid, SIGCONT);
    }
    if (helper == 0) {
        _exit(0);
    }
    return helper;
}

TEST(kill, reaches_a_process_whose_thread_becomes_the_leader_by_exec)
{
    unsigned seed = 1;
    long end = abi_now_ms() + 6000;
    for (int round = 0; round < 300 && abi_now_ms() < end; round++) {
        pid_t pid = fork();
        if (pid == 0) {
            pthread_t t;
            pthread_create(&t, NULL, exec_pauser, NULL);
            syscall(SYS_exit, 0);
        }
        pid_t helper[2] = {continuer_of(pid), continuer_of(pid)};
        int status = 0;
        usleep(rand_r(&seed) % 3000);
        EQ(kill(pid, SIGKILL), 0);
        EQ(waitpid(pid, &status, 0), pid);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        abi_reap(helper[0], 0);
        abi_reap(helper[1], 0);
    }
}

#define AT_ONCE 4
static _Atomic int at_the_gate;

static void *exec_with_others(void *arg)
{
    at_the_gate++;
    while (at_the_gate < AT_ONCE) {
        sched_yield();
    }
    execl("/bench/nop", "nop", "0", (char *)NULL);
    return arg;
}

/* All call exec at once: one wins, the others end with their old program, the process is not killed. */
TEST(execve, one_of_several_threads_wins)
{
    long end = abi_now_ms() + 6000;
    for (int round = 0; round < 200 && abi_now_ms() < end; round++) {
        pid_t pid = fork();
        if (pid == 0) {
            pthread_t t;
            at_the_gate = 0;
            for (int i = 1; i < AT_ONCE; i++) {
                pthread_create(&t, NULL, exec_with_others, NULL);
            }
            exec_with_others(NULL);
            _exit(9);
        }
        abi_reap(pid, 0);
    }
}

/* The fourth field of a thread's stat. */
static int parent_in_proc(pid_t tid)
{
    char path[64], text[512];
    int parent = -1;
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
    FILE *f = fopen(path, "r");
    if (f && fgets(text, sizeof text, f)) {
        char *name_end = strrchr(text, ')');
        CHECK(name_end && sscanf(name_end, ") %*c %d", &parent) == 1);
    }
    if (f) {
        fclose(f);
    }
    return parent;
}

/* A thread of an orphan, whose leader ends first, and who leaves a child: says what it saw by three numbers. */
static void *thread_of_an_orphan(void *arg)
{
    int fd = (int)(long)arg, parent;
    for (int i = 0; i < 500 && getppid() != 1; i++) {
        abi_sleep_ms(10);
    }
    parent = parent_in_proc((pid_t)syscall(SYS_gettid));
    write(fd, &parent, sizeof parent);
    abi_sleep_ms(50); /* likely after the leader's end; right either way */
    pid_t old = getpid();
    if (fork() == 0) {
        for (int i = 0; i < 500 && getppid() == old; i++) {
            abi_sleep_ms(10);
        }
        parent = getppid();
        write(fd, &parent, sizeof parent);
        _exit(0);
    }
    syscall(SYS_exit, 0);
    return NULL;
}

TEST(getppid, of_a_thread_and_of_its_child_when_the_leaders_are_gone)
{
    int fd[2], parent = 0;
    EQ(pipe(fd), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (fork() == 0) {
            pthread_t t;
            pthread_create(&t, NULL, thread_of_an_orphan, (void *)(long)fd[1]);
            syscall(SYS_exit, 0);
        }
        _exit(0);
    }
    abi_reap(pid, 0);
    for (int i = 0; i < 2; i++) {
        EQ(read(fd[0], &parent, sizeof parent), sizeof parent);
        EQ(parent, 1);
    }
}

TEST(execve, set_user_id_and_no_new_privs)
{
    abi_scratch();
    chmod(".", 0755);
    CHECK(system("cat /tests/abi_life > id; chown 1234 id; chmod 4755 id") == 0);
    for (int nnp = 0; nnp < 2; nnp++) {
        pid_t pid = fork();
        if (pid == 0) {
            if (nnp) {
                prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            }
            setresgid(77, 77, 77);
            setresuid(55, 55, 55);
            execle("./id", "id", (char *)NULL, (char *[]){"LIFE_UID=1", NULL});
            _exit(99);
        }
        abi_reap(pid, nnp ? 4 : 7);
    }
}

/* Another process could change the directories of the program under it: it gets no more rights, but hears that it should have. */
TEST(execve, set_user_id_with_a_shared_fs)
{
    abi_scratch();
    chmod(".", 0755);
    CHECK(system("cat /tests/abi_life > id; chown 1234 id; chmod 4755 id") == 0);
    for (int flags = 0; flags <= 0x200 /* CLONE_FS */; flags += 0x200) {
        pid_t pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
        if (pid == 0) {
            setresgid(77, 77, 77);
            setresuid(55, 55, 55);
            execle("./id", "id", (char *)NULL, (char *[]){"LIFE_UID=1", NULL});
            _exit(99);
        }
        abi_reap(pid, flags ? 5 : 7);
    }
}

static void *exec_set_id(void *arg)
{
    (void)arg;
    setresgid(77, 77, 77);
    setresuid(55, 55, 55);
    execle("./id", "id", (char *)NULL, (char *[]){"LIFE_UID=1", NULL});
    _exit(99);
}

TEST(execve, set_user_id_from_one_of_several_threads)
{
    abi_scratch();
    chmod(".", 0755);
    CHECK(system("cat /tests/abi_life > id; chown 1234 id; chmod 4755 id") == 0);
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t t;
        CHECK(!pthread_create(&t, NULL, exec_set_id, NULL));
        for (;;)
            pause(); /* the C library tells every thread of the new ids by a signal */
    }
    abi_reap(pid, 7);
}

/* Where the stack of the program is, run with addresses that are not to be random. */
static unsigned long place_of(const char *program)
{
    unsigned long place = 0;
    int fds[2];
    EQ(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fds[1], 1);
        personality(0x40000); /* ADDR_NO_RANDOMIZE */
        setresgid(77, 77, 77);
        setresuid(55, 55, 55);
        execle(program, "id", (char *)NULL, (char *[]){"LIFE_PLACE=1", NULL});
        _exit(99);
    }
    abi_reap(pid, 0);
    EQ(read(fds[0], &place, sizeof place), sizeof place);
    close(fds[0]);
    close(fds[1]);
    return place;
}

TEST(personality, chooses_no_addresses_of_a_set_user_id_program)
{
    abi_scratch();
    chmod(".", 0755);
    CHECK(system("cat /tests/abi_life > plain; chmod 755 plain; cat plain > id; chown 1234 id; chmod 4755 id") == 0);
    CHECK(place_of("./plain") == place_of("./plain"));
    CHECK(place_of("./id") != place_of("./id"));
}

TEST(execve, empty_argv_becomes_one_empty_word)
{
    pid_t pid = fork();
    if (pid == 0) {
        char *none[] = {NULL};
        execve("/tests/abi_life", none, (char *[]){"LIFE_ARGC=1", NULL});
        _exit(99);
    }
    abi_reap(pid, 1);
}

TEST(execve, resets_the_alternate_stack)
{
    static char mem[8192];
    stack_t ss = {.ss_sp = mem, .ss_size = sizeof mem}, old;
    EQ(sigaltstack(&ss, NULL), 0);
    pid_t pid = fork();
    if (pid == 0) {
        sigaltstack(NULL, &old);
        _exit(old.ss_sp == mem && old.ss_flags == 0 ? 2 : 3);
    }
    abi_reap(pid, 2);
    ss.ss_size = 100;
    FAILS(sigaltstack(&ss, NULL), ENOMEM);
    ss.ss_size = sizeof mem;
    ss.ss_flags = 77;
    FAILS(sigaltstack(&ss, NULL), EINVAL);
}

static volatile int ticks;
static void tick(int sig)
{
    (void)sig;
    ticks++;
}

static void burn_until(volatile int *word, int n, long limit_ms)
{
    long end = abi_now_ms() + limit_ms;
    while (*word < n && abi_now_ms() < end) {
        for (volatile int i = 0; i < 10000; i++) {
        }
    }
}

TEST(setitimer, virtual_and_prof_count_cpu_time)
{
    struct itimerval v = {{0, 20000}, {0, 20000}}, old, zero = {{0, 0}, {0, 0}};
    signal(SIGVTALRM, tick);
    signal(SIGPROF, tick);
    for (int which = ITIMER_VIRTUAL; which <= ITIMER_PROF; which++) {
        ticks = 0;
        EQ(setitimer(which, &v, NULL), 0);
        burn_until(&ticks, 3, 8000);
        CHECK(ticks >= 3);
        EQ(setitimer(which, &zero, &old), 0);
        EQ(old.it_interval.tv_usec / 4000, 5);
    }
    FAILS(setitimer(3, &v, NULL), EINVAL);
}

TEST(setrlimit, CPU_sends_SIGXCPU_then_SIGKILL)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit r = {1, 2};
        signal(SIGXCPU, tick);
        setrlimit(RLIMIT_CPU, &r);
        burn_until(&ticks, 1, 15000);
        if (!ticks) {
            _exit(1);
        }
        int never = 0;
        burn_until(&never, 1, 15000);
        _exit(2);
    }
    int status;
    EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(timer_create, signal_overrun_and_delete)
{
    struct sigevent ev = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1, .sigev_value.sival_int = 77};
    struct itimerspec v = {{0, 10000000}, {0, 10000000}}, left;
    sigset_t set;
    siginfo_t i;
    int id;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    EQ(syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &id), 0);
    EQ(syscall(SYS_timer_settime, id, 0, &v, NULL), 0);
    EQ(syscall(SYS_timer_gettime, id, &left), 0);
    CHECK(left.it_value.tv_nsec > 0 && left.it_interval.tv_nsec == 10000000);
    abi_sleep_ms(105);
    EQ(sigwaitinfo(&set, &i), SIGRTMIN + 1);
    EQ(i.si_code, SI_TIMER);
    EQ(i.si_value.sival_int, 77);
    CHECK(i.si_overrun >= 5 && i.si_overrun < 200);
    EQ(syscall(SYS_timer_getoverrun, id), i.si_overrun);
    EQ(sigwaitinfo(&set, &i), SIGRTMIN + 1);
    EQ(syscall(SYS_timer_delete, id), 0);
    FAILS(syscall(SYS_timer_delete, id), EINVAL);
    FAILS(syscall(SYS_timer_settime, id, 0, &v, NULL), EINVAL);
    FAILS(syscall(SYS_timer_create, 99, &ev, &id), EINVAL);
}

TEST(timer_settime, absolute_and_disarm)
{
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec v = {{0, 0}, {0, 0}}, old;
    struct timespec now;
    int id;
    signal(SIGUSR1, tick);
    ticks = 0;
    EQ(syscall(SYS_timer_create, CLOCK_REALTIME, &ev, &id), 0);
    clock_gettime(CLOCK_REALTIME, &now);
    v.it_value = now;
    v.it_value.tv_sec += 100;
    EQ(syscall(SYS_timer_settime, id, TIMER_ABSTIME, &v, NULL), 0);
    v.it_value = (struct timespec){0, 0};
    EQ(syscall(SYS_timer_settime, id, 0, &v, &old), 0);
    CHECK(old.it_value.tv_sec >= 98 && old.it_value.tv_sec <= 100);
    v.it_value = now;
    EQ(syscall(SYS_timer_settime, id, TIMER_ABSTIME, &v, NULL), 0);
    abi_sleep_ms(30);
    EQ(ticks, 1);
}

TEST(signalfd4, reads_blocked_signals)
{
    struct {
        uint32_t signo;
        int32_t err, code;
        uint32_t pid, uid;
        int32_t fd;
        uint32_t tid, band, overrun, trapno;
        int32_t status, value;
        char rest[80];
    } in[3];
    uint64_t mask = 1ull << (SIGUSR1 - 1) | 1ull << (SIGCHLD - 1);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = (int)syscall(SYS_signalfd4, -1, &mask, 8, O_NONBLOCK | O_CLOEXEC);
    CHECK(fd >= 0);
    FAILS(read(fd, in, sizeof in), EAGAIN);
    FAILS(read(fd, in, 100), EINVAL);
    struct pollfd p = {fd, POLLIN, 0};
    EQ(poll(&p, 1, 0), 0);
    pid_t pid = fork();
    if (pid == 0) {
        kill(getppid(), SIGUSR1);
        _exit(9);
    }
    EQ(poll(&p, 1, 3000), 1);
    siginfo_t i;
    waitid(P_PID, (id_t)pid, &i, WEXITED | WNOWAIT);
    EQ(read(fd, in, sizeof in), 256);
    EQ(in[0].signo, SIGUSR1);
    EQ(in[0].pid, pid);
    EQ(in[1].signo, SIGCHLD);
    EQ(in[1].status, 9);
    abi_reap(pid, 9);
    EQ(syscall(SYS_signalfd4, fd, &mask, 8, 0), fd);
    FAILS(syscall(SYS_signalfd4, 1, &mask, 8, 0), EINVAL);
    FAILS(syscall(SYS_signalfd4, 77, &mask, 8, 0), EBADF);
    FAILS(syscall(SYS_signalfd4, -1, &mask, 4, 0), EINVAL);
}

TEST(signalfd, old_call_and_EBADF)
{
    uint64_t mask = 1ull << (SIGUSR1 - 1);
    char in[128];
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = (int)syscall(SYS_signalfd, -1, &mask, 8);
    CHECK(fd >= 0);
    raise(SIGUSR1);
    EQ(read(fd, in, sizeof in), 128);
    EQ(in[0], SIGUSR1);
    FAILS(syscall(SYS_signalfd, 77, &mask, 8), EBADF);
}

TEST(rt_tgsigqueueinfo, value_and_si_code_rules)
{
    siginfo_t i = {0}, got;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 3);
    sigprocmask(SIG_BLOCK, &set, NULL);
    i.si_code = SI_QUEUE;
    i.si_value.sival_int = 4711;
    EQ(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGRTMIN + 3, &i), 0);
    EQ(sigwaitinfo(&set, &got), SIGRTMIN + 3);
    EQ(got.si_value.sival_int, 4711);
    EQ(got.si_code, SI_QUEUE);
    pid_t pid = abi_sleeper();
    i.si_code = SI_USER;
    FAILS(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &i), EPERM);
    i.si_code = SI_TKILL;
    FAILS(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &i), EPERM);
    i.si_code = SI_QUEUE;
    FAILS(syscall(SYS_rt_sigqueueinfo, 999999, SIGUSR1, &i), ESRCH);
    FAILS(syscall(SYS_rt_tgsigqueueinfo, -1, 1, SIGUSR1, &i), EINVAL);
}

TEST(rt_sigqueueinfo, EAGAIN_at_the_limit)
{
    struct rlimit r = {3, 3};
    siginfo_t i = {0};
    sigset_t set;
    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    setrlimit(RLIMIT_SIGPENDING, &r);
    i.si_code = SI_QUEUE;
    int n = 0;
    errno = 0;
    while (n < 10 && syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN + 2, &i) == 0) {
        n++;
    }
    int err = errno;
    CHECK(n <= 3 && err == EAGAIN);
    EQ(kill(getpid(), SIGUSR1), 0);
}

static volatile unsigned long seen_trap, seen_err, seen_cr2;
static ucontext_t *volatile frame;
static volatile int frame_ok;

static void on_segv(int sig, siginfo_t *i, void *uc)
{
    ucontext_t *c = uc;
    (void)sig;
    seen_trap = (unsigned long)c->uc_mcontext.gregs[20];
    seen_err = (unsigned long)c->uc_mcontext.gregs[19];
    seen_cr2 = (unsigned long)c->uc_mcontext.gregs[22];
    frame_ok = (unsigned long)i->si_addr == seen_cr2 && i->si_code == SEGV_ACCERR &&
               *(unsigned *)((char *)c->uc_mcontext.fpregs + 464) == 0x46505853u;
    mprotect((void *)(seen_cr2 & ~4095ul), 4096, PROT_READ | PROT_WRITE);
}

TEST(rt_sigreturn, fault_context_and_fpu)
{
    struct sigaction a = {.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &a, NULL);
    char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    volatile double d = 1.5;
    double e = d * 3;
    p[16] = 1;
    CHECK(e == 4.5 && d * 3 == e);
    EQ(seen_trap, 14);
    EQ(seen_err & 6, 6);
    EQ(seen_cr2, (unsigned long)p + 16);
    CHECK(frame_ok);
}

TEST(kill, blocked_fault_kills)
{
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t set;
        sigfillset(&set);
        sigprocmask(SIG_BLOCK, &set, NULL);
        signal(SIGSEGV, SIG_IGN);
        *(volatile char *)8 = 1;
        _exit(1);
    }
    int status;
    EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

TEST(kill, process_signal_goes_to_a_thread_that_does_not_block_it)
{
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t set;
        pthread_t t;
        signal(SIGUSR2, SIG_DFL);
        pthread_create(&t, NULL, count_up, NULL);
        sigfillset(&set);
        sigprocmask(SIG_BLOCK, &set, NULL);
        kill(getpid(), SIGUSR2);
        for (;;) {
            pause();
        }
    }
    counter = NULL;
    int status;
    EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status));
}

TEST(prctl, pdeathsig_of_an_exited_parent)
{
    int fds[2];
    char c = 0;
    pipe(fds);
    pid_t pid = fork();
    if (pid == 0) {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(fds[0]);
            write(fds[1], "a", 1);
            for (;;) {
                pause();
            }
        }
        close(fds[1]);
        read(fds[0], &c, 1);
        _exit(0);
    }
    close(fds[1]);
    abi_reap(pid, 0);
    EQ(read(fds[0], &c, 1), 0);
}

TEST(getrusage, children_and_maxrss)
{
    struct rusage r;
    pid_t pid = fork();
    if (pid == 0) {
        char *p = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memset(p, 1, 8 << 20);
        _exit(0);
    }
    abi_reap(pid, 0);
    EQ(getrusage(RUSAGE_CHILDREN, &r), 0);
    CHECK(r.ru_maxrss >= 8192 && r.ru_maxrss < 65536);
    CHECK(r.ru_minflt >= 10);
    EQ(getrusage(RUSAGE_THREAD, &r), 0);
    FAILS(getrusage(5, &r), EINVAL);
}
