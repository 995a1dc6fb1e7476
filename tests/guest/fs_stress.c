/*
 * fs_stress.c: many processes and threads change one directory tree, one descriptor table and some mounts at once, for
 * SECONDS (default 10). Every call may fail with the errors that races explain; any other error, a lost file, a leak of
 * inodes or a hang is a failure. Ends with `fs_stress: ok`. Usage: fs_stress [SECONDS [WORKERS]]
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BASE "/tmp/fs_stress"
static time_t end_time;
static unsigned seed;

static unsigned rnd(unsigned n)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 8) % n;
}

static void fail(const char *what)
{
    printf("fs_stress: FAILED: %s: %s\n", what, strerror(errno));
    fflush(stdout);
    _exit(1);
}

/* r is fine, or errno is one of the list (ended by 0). */
static void expect(const char *what, long r, ...)
{
    va_list ap;
    int e;

    if (r >= 0) {
        return;
    }
    va_start(ap, r);
    while ((e = va_arg(ap, int)) != 0) {
        if (errno == e) {
            va_end(ap);
            return;
        }
    }
    va_end(ap);
    fail(what);
}

static const char *a_name(char *buf)
{
    static const char *const dirs[] = {"", "d0/", "d1/", "d0/e/", "d1/e/", "d2/"};
    sprintf(buf, "%sf%u", dirs[rnd(6)], rnd(12));
    return buf;
}

static const char *a_dir(char *buf)
{
    static const char *const dirs[] = {"d0", "d1", "d2", "d0/e", "d1/e", "d2/e"};
    return strcpy(buf, dirs[rnd(6)]);
}

static void use_file(const char *name)
{
    char buf[3000];
    int fd = open(name, O_RDWR | O_CREAT | (rnd(4) ? 0 : O_TRUNC), 0644);

    expect("open", fd, ENOENT, ENOTDIR, EISDIR, ELOOP, ENXIO, 0);
    if (fd < 0) {
        return;
    }
    memset(buf, 'x', sizeof buf);
    expect("write", pwrite(fd, buf, 1 + rnd(sizeof buf), rnd(20000)), 0);
    expect("read", pread(fd, buf, sizeof buf, rnd(20000)), 0);
    if (rnd(8) == 0) {
        expect("ftruncate", ftruncate(fd, rnd(30000)), 0);
    }
    if (rnd(8) == 0) {
        char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (p == MAP_FAILED) {
            fail("mmap");
        }
        munmap(p, 8192);
    }
    if (rnd(8) == 0) {
        expect("flock", flock(fd, LOCK_EX | LOCK_NB), EAGAIN, 0);
    }
    close(fd);
}

static void list(const char *name)
{
    DIR *d = opendir(name);
    struct dirent *e;
    struct stat st;

    expect("opendir", d ? 0 : -1, ENOENT, ENOTDIR, ELOOP, 0);
    while (d && (e = readdir(d)) != NULL) {
        expect("fstatat", fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW), ENOENT, 0);
    }
    if (d) {
        closedir(d);
    }
}

static void one_operation(void)
{
    char a[64], b[64];

    switch (rnd(12)) {
    case 0:
        expect("unlink", unlink(a_name(a)), ENOENT, ENOTDIR, EISDIR, 0);
        break;
    case 1:
        expect("rename", rename(a_name(a), a_name(b)), ENOENT, ENOTDIR, EISDIR, ENOTEMPTY, 0);
        break;
    case 2:
        expect("mkdir", mkdir(a_dir(a), 0755), ENOENT, ENOTDIR, EEXIST, 0);
        break;
    case 3:
        expect("rmdir", rmdir(a_dir(a)), ENOENT, ENOTDIR, ENOTEMPTY, EBUSY, 0);
        break;
    case 4:
        expect("rename dir", rename(a_dir(a), a_dir(b)), ENOENT, ENOTDIR, EISDIR, ENOTEMPTY, EINVAL, EBUSY, 0);
        break;
    case 5:
        expect("link", link(a_name(a), a_name(b)), ENOENT, ENOTDIR, EEXIST, EPERM, 0);
        break;
    case 6:
        sprintf(b, "../d%u/f%u", rnd(3), rnd(12));
        expect("symlink", symlink(b, a_name(a)), ENOENT, ENOTDIR, EEXIST, 0);
        break;
    case 7:
        list(rnd(2) ? "." : a_dir(a));
        break;
    case 8:
        expect("exchange", syscall(SYS_renameat2, AT_FDCWD, a_name(a), AT_FDCWD, a_name(b), 2), ENOENT, ENOTDIR, EINVAL,
               ENOTEMPTY, 0);
        break;
    default:
        use_file(a_name(a));
        break;
    }
}

static int tree_worker(void)
{
    char cwd[512];

    while (time(NULL) < end_time) {
        for (int i = 0; i < 50; i++) {
            one_operation();
        }
        if (chdir(a_dir(cwd)) == 0) {
            expect("getcwd", syscall(SYS_getcwd, cwd, sizeof cwd), ENOENT, 0);
            if (chdir(BASE "/tree") != 0) {
                fail("chdir back");
            }
        }
    }
    return 0;
}

/* ---- threads on one descriptor table ---- */
static void *fd_thread(void *arg)
{
    unsigned s = (unsigned)(long)arg;
    char c;

    while (time(NULL) < end_time) {
        for (int i = 0; i < 200; i++) {
            s = s * 1103515245u + 12345u;
            int fd = 100 + (s >> 8) % 40;
            switch ((s >> 20) % 5) {
            case 0:
                expect("dup2", dup2(3, fd), EBUSY, EBADF, 0);
                break;
            case 1:
                expect("close", close(fd), EBADF, 0);
                break;
            case 2:
                expect("pread", pread(fd, &c, 1, 0), EBADF, ESPIPE, 0);
                break;
            case 3:
                fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
                expect("open null", fd, 0);
                expect("dup", dup2(fd, 100 + (s >> 8) % 40), EBUSY, EBADF, 0);
                close(fd);
                break;
            default:
                expect("fcntl", fcntl(fd, F_GETFD), EBADF, 0);
                break;
            }
        }
    }
    return NULL;
}

static int fd_worker(void)
{
    pthread_t t[3];

    int fd = open(BASE "/shared", O_RDWR | O_CREAT, 0644);
    if (fd != 3) {
        dup2(fd, 3);
    }
    for (long i = 0; i < 3; i++) {
        if (pthread_create(&t[i], NULL, fd_thread, (void *)(i * 77 + seed)) != 0) {
            fail("pthread_create");
        }
    }
    while (time(NULL) < end_time) { /* forks beside the threads */
        pid_t pid = fork();
        if (pid == 0) {
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(t[i], NULL);
    }
    return 0;
}

/* ---- mounts come and go under the others' walks ---- */
static int mount_worker(void)
{
    struct stat st;

    mkdir(BASE "/m", 0755);
    while (time(NULL) < end_time) {
        expect("mount", mount("none", BASE "/m", "tmpfs", 0, "size=1m"), 0);
        int fd = open(BASE "/m/x", O_CREAT | O_WRONLY, 0644);
        expect("open on mount", fd, 0);
        expect("write on mount", write(fd, "hello", 5), 0);
        close(fd);
        expect("umount", umount2(BASE "/m", rnd(2) ? MNT_DETACH : 0), EBUSY, 0);
    }
    while (umount(BASE "/m") == 0 || errno == EBUSY) { /* somebody may still walk through it */
    }
    expect("stat", stat(BASE "/m", &st), 0);
    return 0;
}

/* Walks through the mount point all the time. */
static int walk_worker(void)
{
    struct stat st;

    while (time(NULL) < end_time) {
        for (int i = 0; i < 200; i++) {
            expect("stat", stat(BASE "/m/../m/x", &st), ENOENT, 0);
            expect("stat up", stat(BASE "/tree/d0/../../shared", &st), ENOENT, ENOTDIR, 0);
        }
    }
    return 0;
}

/* A name that is only ever renamed over must always be there. */
static int rename_worker(void)
{
    while (time(NULL) < end_time) {
        int fd = open(BASE "/always.new", O_CREAT | O_WRONLY, 0644);
        expect("open new", fd, 0);
        close(fd);
        expect("rename new", rename(BASE "/always.new", BASE "/always"), 0);
    }
    return 0;
}

static int always_worker(void)
{
    struct stat st;

    while (time(NULL) < end_time) {
        for (int i = 0; i < 500; i++) {
            expect("always there", stat(BASE "/always", &st), 0);
        }
    }
    return 0;
}

static long field(const char *name)
{
    char line[128];
    long v = -1;
    FILE *f = fopen("/proc/meminfo", "r");

    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, name, strlen(name)) == 0) {
            v = atol(line + strlen(name) + 1);
        }
    }
    if (f) {
        fclose(f);
    }
    return v;
}

/* Cached kernel stacks count as free: they come back under pressure. */
static long free_memory(void)
{
    return field("MemFree") + field("KernelStack");
}

static int run_all(int workers)
{
    static int (*const kinds[])(void) = {mount_worker, walk_worker, rename_worker, always_worker, fd_worker, tree_worker};
    int failed = 0, status;

    for (int i = 0; i < workers; i++) {
        if (fork() == 0) {
            seed = 1000 * i + 7;
            alarm(end_time - time(NULL) + 60);
            if (chdir(BASE "/tree") != 0) {
                fail("chdir");
            }
            _exit(kinds[i < 5 ? i : 5]());
        }
    }
    while (wait(&status) > 0) {
        if (status) {
            printf("fs_stress: a worker ended with %#x\n", status);
            failed = 1;
        }
    }
    return failed;
}

/* The whole tree made, used and removed. */
static int one_round(int workers, int seconds)
{
    int failed;

    (void)!system("rm -rf " BASE);
    mkdir(BASE, 0755);
    mkdir(BASE "/tree", 0755);
    mkdir(BASE "/m", 0755);
    close(open(BASE "/always", O_CREAT | O_WRONLY, 0644));
    end_time = time(NULL) + seconds;
    failed = run_all(workers);
    if (system("rm -rf " BASE) != 0 || access(BASE, F_OK) == 0) {
        printf("fs_stress: FAILED: the tree cannot be removed\n");
        failed = 1;
    }
    sleep(1);
    return failed;
}

int main(int argc, char **argv)
{
    int seconds = argc > 1 ? atoi(argv[1]) : 10, workers = argc > 2 ? atoi(argv[2]) : 9, failed;
    long before, after;

    setbuf(stdout, NULL);
    failed = one_round(workers, seconds / 2 + 1); /* fills the kernel's caches */
    before = free_memory();
    failed |= one_round(workers, seconds / 2 + 1);
    after = free_memory();
    printf("fs_stress: free memory %ld kB, then %ld kB\n", before, after);
    if (before - after > 8192) {
        printf("fs_stress: FAILED: memory is lost\n");
        failed = 1;
    }
    printf("fs_stress: %s\n", failed ? "FAILED" : "ok");
    return failed;
}
