/*
 * alloc_sweep.c: for falling n every n-th allocation of the kernel fails (/proc/sys/vm/fail_alloc_interval) while children
 * use files, mappings, threads, mounts and exec. The kernel must live and lose no memory: `alloc-sweep ok`. CloudOS only.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 20

/* The write itself may be made to fail: again until it is done. */
static void set_interval(int n)
{
    char text[16];
    int len = snprintf(text, sizeof text, "%d", n);
    for (int tries = 0; tries < 1000; tries++) {
        int fd = open("/proc/sys/vm/fail_alloc_interval", O_WRONLY);
        int done = fd >= 0 && write(fd, text, (size_t)len) == len;
        if (fd >= 0) {
            close(fd);
        }
        if (done) {
            return;
        }
    }
    printf("alloc-sweep: the switch is not there\n");
    exit(1);
}

static long free_kb(void)
{
    struct sysinfo si;
    usleep(300000);
    sysinfo(&si);
    return (long)((unsigned long long)si.freeram * si.mem_unit >> 10);
}

static void use_files(int i)
{
    char buf[4096] = {0}, name[64];
    int p[2];
    if (pipe(p) == 0 && write(p[1], buf, 100) > 0) {
        read(p[0], buf, 50);
    }
    snprintf(name, sizeof name, "/tmp/sweep%d", i);
    int fd = open(name, O_CREAT | O_RDWR, 0600);
    for (int k = 0; fd >= 0 && k < 20; k++) {
        write(fd, buf, sizeof buf);
    }
    char *m = mmap(NULL, 40960, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (m != MAP_FAILED) {
        memset(m, 1, 20480);
        munmap(m, 40960);
    }
    m = mmap(NULL, 40960, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (m != MAP_FAILED) {
        memset(m, 1, 20480);
        ftruncate(fd, 8192);
    }
    rename(name, "/tmp/sweep-new");
    symlink("a", "/tmp/sweep-link");
    link("/tmp/sweep-new", "/tmp/sweep-hard");
    unlink("/tmp/sweep-link");
    unlink("/tmp/sweep-new");
    unlink("/tmp/sweep-hard");
    unlink(name);
    mkdir("/tmp/sweep-dir", 0700);
    if (mount("t", "/tmp/sweep-dir", "tmpfs", 0, NULL) == 0) {
        umount("/tmp/sweep-dir");
    }
    rmdir("/tmp/sweep-dir");
}

static void use_proc(void)
{
    char buf[4096];
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d)) {
        continue;
    }
    int fd = open("/proc/self/maps", O_RDONLY);
    while (fd >= 0 && read(fd, buf, sizeof buf) > 0) {
        continue;
    }
    fd = open("/proc/1/status", O_RDONLY);
    read(fd, buf, sizeof buf);
    getcwd(buf, sizeof buf);
}

static void use_memory(void)
{
    char *m = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m == MAP_FAILED) {
        return;
    }
    memset(m, 2, 1 << 20);
    pid_t pid = fork();
    if (pid == 0) {
        memset(m, 3, 1 << 19);
        _exit(0);
    }
    if (pid > 0) {
        waitpid(pid, NULL, 0);
    }
    mprotect(m + 8192, 4096, PROT_READ);
    mremap(m, 4096, 1 << 21, MREMAP_MAYMOVE);
    munmap(m, 1 << 20);
}

static void *thread_body(void *arg)
{
    return arg;
}

/* LOCK_PI beside an owner that ends with the lock, then a requeue to it. */
static void use_pi_locks(void)
{
    unsigned *w = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct timespec end = {0, 0};
    if (w == MAP_FAILED) {
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        syscall(SYS_futex, w, 6, 0, NULL, NULL, 0);
        usleep(500);
        _exit(0);
    }
    usleep(200);
    syscall(SYS_futex, w, pid > 0 ? 6 : 8, 0, NULL, NULL, 0);
    syscall(SYS_futex, &w[1], 11, 0, &end, w, 0);
    syscall(SYS_futex, &w[1], 12, 1, (void *)1L, w, 0);
    syscall(SYS_futex, w, 7, 0, NULL, NULL, 0);
    if (pid > 0) {
        waitpid(pid, NULL, 0);
    }
}

static void use_processes(void)
{
    struct itimerval timer = {{0, 0}, {10, 0}};
    struct pollfd pf = {0, POLLIN, 0};
    pthread_t t;
    if (pthread_create(&t, NULL, thread_body, NULL) == 0) {
        pthread_join(t, NULL);
    }
    setitimer(ITIMER_REAL, &timer, NULL);
    signal(SIGUSR1, SIG_IGN);
    kill(getpid(), SIGUSR1);
    poll(&pf, 1, 0);
    for (int i = 0; i < 2; i++) {
        pid_t pid = i ? vfork() : fork();
        if (pid == 0) {
            execl("/bin/busybox", "busybox", "true", (char *)NULL);
            _exit(9);
        }
        if (pid > 0) {
            waitpid(pid, NULL, 0);
        }
    }
}

static void children(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            use_files(i);
            use_proc();
            use_memory();
            use_pi_locks();
            use_processes();
            _exit(0);
        }
        if (pid > 0) {
            waitpid(pid, NULL, 0);
        }
    }
}

int main(void)
{
    children(); /* fills the caches */
    long before = free_kb();
    for (int n = 300; n >= 14; n = n * 4 / 5 - 1) {
        set_interval(n);
        children();
        set_interval(0);
    }
    children();
    long after = free_kb();
    printf("alloc-sweep: free memory %ld KiB before, %ld KiB after\n", before, after);
    if (before - after < 4096) {
        printf("alloc-sweep ok\n");
    }
    return 0;
}
