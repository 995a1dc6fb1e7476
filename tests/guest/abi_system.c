/* The machine as a whole: names, mounts, roots, the log, reboot's guard, small calls. Started as root. */
#include "tests/guest/abi.h"
#include <pthread.h>
#include <sched.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/utsname.h>

TEST(sethostname, seen_in_uname_and_errors)
{
    struct utsname u;
    char old[65];

    EQ(uname(&u), 0);
    strcpy(old, u.nodename);
    EQ(syscall(SYS_sethostname, "guest", 5), 0);
    EQ(uname(&u), 0);
    CHECK(!strcmp(u.nodename, "guest"));
    FAILS(syscall(SYS_sethostname, "x", 65), EINVAL);
    FAILS(syscall(SYS_sethostname, BAD_ADDRESS, 5), EFAULT);
    EQ(syscall(SYS_sethostname, old, strlen(old)), 0);
    EQ(setresuid(1000, 1000, 1000), 0);
    FAILS(syscall(SYS_sethostname, "x", 1), EPERM);
}

TEST(setdomainname, seen_in_uname_and_errors)
{
    struct utsname u;

    EQ(syscall(SYS_setdomainname, "domain", 6), 0);
    EQ(uname(&u), 0);
    CHECK(!strcmp(u.domainname, "domain"));
    EQ(syscall(SYS_setdomainname, "(none)", 6), 0);
    FAILS(syscall(SYS_setdomainname, "x", -1), EINVAL);
}

TEST(reboot, EINVAL_and_EPERM)
{
    FAILS(syscall(SYS_reboot, 1, 2, 0, NULL), EINVAL);
    FAILS(syscall(SYS_reboot, 0xfee1dead, 672274793, 0x12341234, NULL), EINVAL);
    EQ(syscall(SYS_reboot, 0xfee1dead, 672274793, 0, NULL), 0); /* CAD off */
    EQ(setresuid(1000, 1000, 1000), 0);
    FAILS(syscall(SYS_reboot, 0xfee1dead, 672274793, 0, NULL), EPERM);
}

TEST(syslog, reads_the_ring_and_EINVAL)
{
    char buf[256];

    CHECK(syscall(SYS_syslog, 10, NULL, 0) > 0); /* size of the ring */
    CHECK(syscall(SYS_syslog, 3, buf, sizeof(buf)) > 0);
    FAILS(syscall(SYS_syslog, 99, NULL, 0), EINVAL);
    FAILS(syscall(SYS_syslog, 3, NULL, 10), EINVAL);
}

TEST(mount, tmpfs_hides_and_umount_shows)
{
    struct statfs fs;

    abi_scratch();
    EQ(mkdir("m", 0755), 0);
    close(open("m/below", O_CREAT | O_WRONLY, 0600));
    EQ(mount("none", "m", "tmpfs", 0, NULL), 0);
    FAILS(access("m/below", F_OK), ENOENT);
    close(open("m/above", O_CREAT | O_WRONLY, 0600));
    EQ(access("m/above", F_OK), 0);
    EQ(statfs("m", &fs), 0);
    EQ(fs.f_type, 0x01021994);
    EQ(umount("m"), 0);
    EQ(access("m/below", F_OK), 0);
    FAILS(access("m/above", F_OK), ENOENT);
}

TEST(mount, ENODEV_ENOENT_ENOTDIR_EPERM)
{
    abi_scratch();
    EQ(mkdir("m", 0755), 0);
    close(open("file", O_CREAT | O_WRONLY, 0600));
    FAILS(mount("none", "m", "nosuchfs", 0, NULL), ENODEV);
    FAILS(mount("none", "absent", "tmpfs", 0, NULL), ENOENT);
    FAILS(mount("none", "file", "tmpfs", 0, NULL), ENOTDIR);
    FAILS(mount("none", BAD_ADDRESS, "tmpfs", 0, NULL), EFAULT);
    EQ(setresuid(1000, 1000, 1000), 0);
    FAILS(mount("none", "m", "tmpfs", 0, NULL), EPERM);
}

TEST(umount2, EINVAL_EBUSY)
{
    int fd;

    abi_scratch();
    EQ(mkdir("m", 0755), 0);
    FAILS(umount2("m", 0), EINVAL);
    EQ(mount("none", "m", "tmpfs", 0, NULL), 0);
    fd = open("m/f", O_CREAT | O_WRONLY, 0600);
    FAILS(umount2("m", 0), EBUSY);
    close(fd);
    EQ(umount2("m", 0), 0);
}

TEST(chroot, changes_the_root_and_errors)
{
    abi_scratch();
    EQ(mkdir("new", 0755), 0);
    close(open("new/inside", O_CREAT | O_WRONLY, 0600));
    FAILS(chroot("new/inside"), ENOTDIR);
    FAILS(chroot("absent"), ENOENT);
    EQ(chroot("new"), 0);
    EQ(chdir("/"), 0);
    EQ(access("/inside", F_OK), 0);
    FAILS(access("/proc", F_OK), ENOENT);
    EQ(chdir(".."), 0);
    EQ(access("inside", F_OK), 0);
    EQ(setresuid(1000, 1000, 1000), 0);
    FAILS(chroot("/"), EPERM);
}

TEST(pivot_root, EINVAL_and_EPERM)
{
    abi_scratch();
    EQ(mkdir("new", 0755), 0);
    FAILS(syscall(SYS_pivot_root, "new", "new"), EINVAL); /* not a mount point */
    FAILS(syscall(SYS_pivot_root, "absent", "new"), ENOENT);
    EQ(setresuid(1000, 1000, 1000), 0);
    FAILS(syscall(SYS_pivot_root, "new", "new"), EPERM);
}

/* Not from the first root file system, which cannot be moved: from a tmpfs as root. */
TEST(pivot_root, another_root)
{
    abi_scratch();
    EQ(mkdir("m", 0755), 0);
    EQ(mount("none", "m", "tmpfs", 0, NULL), 0);
    EQ(chdir("m"), 0);
    EQ(chroot("."), 0);
    EQ(mkdir("/n", 0755), 0);
    EQ(mount("none", "/n", "tmpfs", 0, NULL), 0);
    EQ(mkdir("/n/old", 0755), 0);
    EQ(syscall(SYS_pivot_root, "/n", "/n/old"), 0);
    EQ(access("/old/n", F_OK), 0);
    FAILS(access("/n", F_OK), ENOENT);
}

TEST(statfs, root_and_ENOENT)
{
    struct statfs fs;

    EQ(statfs("/", &fs), 0);
    EQ(fs.f_namelen, 255);
    CHECK(fs.f_bsize >= 512);
    EQ(statfs("/proc", &fs), 0);
    EQ(fs.f_type, 0x9fa0);
    FAILS(statfs("/absent", &fs), ENOENT);
    FAILS(syscall(SYS_statfs, "/", BAD_ADDRESS), EFAULT);
}

TEST(fstatfs, file_and_EBADF)
{
    struct statfs fs;
    int fd = open("/proc/self/stat", O_RDONLY);

    EQ(fstatfs(fd, &fs), 0);
    EQ(fs.f_type, 0x9fa0);
    FAILS(fstatfs(999, &fs), EBADF);
}

TEST(sync, returns)
{
    EQ(syscall(SYS_sync), 0);
}

TEST(syncfs, EBADF)
{
    int fd = open("/", O_RDONLY);

    EQ(syscall(SYS_syncfs, fd), 0);
    FAILS(syscall(SYS_syncfs, 999), EBADF);
}

TEST(personality, reads_and_sets)
{
    EQ(syscall(SYS_personality, 0xffffffff), 0);
    EQ(syscall(SYS_personality, 0x0040000), 0); /* ADDR_NO_RANDOMIZE */
    EQ(syscall(SYS_personality, 0xffffffff), 0x0040000);
}

TEST(unshare, files_and_EINVAL)
{
    EQ(syscall(SYS_unshare, 0x400), 0);
    EQ(syscall(SYS_unshare, 0x200), 0);
    FAILS(syscall(SYS_unshare, 1), EINVAL);
}

TEST(membarrier, query_and_EINVAL)
{
    long cmds = syscall(SYS_membarrier, 0, 0, 0);

    CHECK(cmds & 1);
    EQ(syscall(SYS_membarrier, 1, 0, 0), 0);
    FAILS(syscall(SYS_membarrier, 1 << 30, 0, 0), EINVAL);
    FAILS(syscall(SYS_membarrier, 0, 77, 0), EINVAL);
}

#define MEMBARRIER_PRIVATE 8
#define MEMBARRIER_REGISTER_PRIVATE 16

TEST(membarrier, EPERM_unless_registered)
{
    FAILS(syscall(SYS_membarrier, MEMBARRIER_PRIVATE, 0, 0), EPERM);
    EQ(syscall(SYS_membarrier, MEMBARRIER_REGISTER_PRIVATE, 0, 0), 0);
    EQ(syscall(SYS_membarrier, MEMBARRIER_PRIVATE, 0, 0), 0);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(syscall(SYS_membarrier, MEMBARRIER_PRIVATE, 0, 0) == 0 ? 0 : 1);
    }
    abi_reap(pid, 0);
}

#define MEMBARRIER_GLOBAL_EXPEDITED 2
#define MEMBARRIER_REGISTER_GLOBAL_EXPEDITED 4
#define MEMBARRIER_SYNC_CORE 32
#define MEMBARRIER_REGISTER_SYNC_CORE 64

TEST(membarrier, query_names_what_there_is)
{
    static const int all[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};
    long cmds = syscall(SYS_membarrier, 0, 0, 0);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        CHECK(cmds & all[i]);
        FAILS(syscall(SYS_membarrier, all[i], 2, 0), EINVAL);
    }
    for (int i = 0; i < 30; i++) {
        if (!(cmds & 1l << i)) {
            FAILS(syscall(SYS_membarrier, 1 << i, 0, 0), EINVAL);
        }
    }
}

TEST(membarrier, EPERM_of_sync_core)
{
    EQ(syscall(SYS_membarrier, MEMBARRIER_REGISTER_PRIVATE, 0, 0), 0);
    FAILS(syscall(SYS_membarrier, MEMBARRIER_SYNC_CORE, 0, 0), EPERM);
    FAILS(syscall(SYS_membarrier, MEMBARRIER_SYNC_CORE, 1, 0), EINVAL);
    FAILS(syscall(SYS_membarrier, MEMBARRIER_REGISTER_SYNC_CORE, 1, 0), EINVAL);
    EQ(syscall(SYS_membarrier, MEMBARRIER_REGISTER_SYNC_CORE, 0, 0), 0);
    EQ(syscall(SYS_membarrier, MEMBARRIER_SYNC_CORE, 0, 0), 0);
    pid_t pid = fork();
    if (pid == 0) { /* inherited */
        _exit(syscall(SYS_membarrier, MEMBARRIER_SYNC_CORE, 0, 0) == 0 ? 0 : 1);
    }
    abi_reap(pid, 0);
}

TEST(membarrier, sync_core_is_no_other_registration)
{
    EQ(syscall(SYS_membarrier, MEMBARRIER_REGISTER_SYNC_CORE, 0, 0), 0);
    FAILS(syscall(SYS_membarrier, MEMBARRIER_PRIVATE, 0, 0), EPERM);
    FAILS(syscall(SYS_membarrier, 128, 0, 0), EPERM);
}

TEST(membarrier, global_expedited_needs_no_registration)
{
    EQ(syscall(SYS_membarrier, MEMBARRIER_GLOBAL_EXPEDITED, 0, 0), 0);
    FAILS(syscall(SYS_membarrier, MEMBARRIER_GLOBAL_EXPEDITED, 1, 0), EINVAL);
    EQ(syscall(SYS_membarrier, MEMBARRIER_REGISTER_GLOBAL_EXPEDITED, 0, 0), 0);
    FAILS(syscall(SYS_membarrier, MEMBARRIER_REGISTER_GLOBAL_EXPEDITED, 1, 0), EINVAL);
    EQ(syscall(SYS_membarrier, MEMBARRIER_GLOBAL_EXPEDITED, 0, 0), 0);
    FAILS(syscall(SYS_membarrier, MEMBARRIER_PRIVATE, 0, 0), EPERM);
}

/* ---- code that another thread changes ---- */

static unsigned char *code; /* mov $N, %eax; ret */
static volatile uint32_t asked, answered, answer;

/* Odd rounds it comes out of a sleep, by a system call's return; even ones it never leaves user mode. */
static void *runs_the_code(void *arg)
{
    for (uint32_t i = 1; i <= 200; i++) {
        while (__atomic_load_n(&asked, __ATOMIC_RELAXED) != i) {
            if (i % 2) {
                syscall(SYS_futex, &asked, 0 /* FUTEX_WAIT */, i - 1, NULL, NULL, 0);
            }
        }
        answer = ((uint32_t(*)(void))code)();
        __atomic_store_n(&answered, i, __ATOMIC_RELEASE);
    }
    return arg;
}

static void rewrite(uint32_t n)
{
    memcpy(code + 1, &n, 4);
    EQ(syscall(SYS_membarrier, MEMBARRIER_SYNC_CORE, 0, 0), 0);
    __atomic_store_n(&asked, n, __ATOMIC_RELEASE);
    syscall(SYS_futex, &asked, 1 /* FUTEX_WAKE */, 1, NULL, NULL, 0);
}

TEST(membarrier, sync_core_shows_changed_code)
{
    pthread_t t;
    code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(code != MAP_FAILED);
    memcpy(code, "\xb8\0\0\0\0\xc3", 6);
    EQ(syscall(SYS_membarrier, MEMBARRIER_REGISTER_SYNC_CORE, 0, 0), 0);
    EQ(pthread_create(&t, NULL, runs_the_code, NULL), 0);
    for (uint32_t i = 1; i <= 200; i++) {
        rewrite(i);
        while (__atomic_load_n(&answered, __ATOMIC_ACQUIRE) != i) {
            sched_yield();
        }
        EQ(answer, i);
    }
    EQ(pthread_join(t, NULL), 0);
}

static volatile int flag_a, flag_b, seen_a, seen_b, round_no, done_no;

/* The other side of a store-buffer test: only a compiler barrier here, the system call on the main side is the full barrier for both. */
static void *light_side(void *arg)
{
    for (int i = 1; i <= 100; i++) {
        while (round_no != i) {
            sched_yield();
        }
        flag_a = 1;
        __asm__ volatile("" ::: "memory");
        seen_b = flag_b;
        __atomic_store_n(&done_no, i, __ATOMIC_RELEASE);
    }
    return arg;
}

static void orders_the_light_side(int command, int registration)
{
    pthread_t t;
    EQ(syscall(SYS_membarrier, registration, 0, 0), 0);
    EQ(pthread_create(&t, NULL, light_side, NULL), 0);
    for (int i = 1; i <= 100; i++) {
        flag_a = flag_b = 0;
        __atomic_store_n(&round_no, i, __ATOMIC_SEQ_CST);
        flag_b = 1;
        EQ(syscall(SYS_membarrier, command, 0, 0), 0);
        seen_a = flag_a;
        while (__atomic_load_n(&done_no, __ATOMIC_ACQUIRE) != i) {
            sched_yield();
        }
        CHECK(seen_a || seen_b);
    }
    EQ(pthread_join(t, NULL), 0);
}

TEST(membarrier, orders_a_thread_that_has_no_barrier)
{
    orders_the_light_side(MEMBARRIER_PRIVATE, MEMBARRIER_REGISTER_PRIVATE);
}

TEST(membarrier, global_expedited_orders_a_thread)
{
    orders_the_light_side(MEMBARRIER_GLOBAL_EXPEDITED, MEMBARRIER_REGISTER_GLOBAL_EXPEDITED);
}

TEST(membarrier, sync_core_orders_a_thread)
{
    orders_the_light_side(MEMBARRIER_SYNC_CORE, MEMBARRIER_REGISTER_SYNC_CORE);
}

TEST(gettid, leader_is_the_pid)
{
    EQ(syscall(SYS_gettid), getpid());
}

TEST(getpgrp, is_our_own_group)
{
    EQ(syscall(SYS_getpgrp), getpid());
}

static int pidfd_open_(pid_t pid, unsigned flags)
{
    return syscall(SYS_pidfd_open, pid, flags);
}

TEST(pidfd_open, polls_readable_at_exit)
{
    int fds[2], fd;
    struct pollfd p;
    pid_t pid;
    char c;

    EQ(pipe(fds), 0);
    pid = fork();
    if (!pid) {
        close(fds[1]);
        (void)read(fds[0], &c, 1);
        _exit(3);
    }
    fd = pidfd_open_(pid, 0);
    CHECK(fd >= 0);
    p = (struct pollfd){fd, POLLIN, 0};
    EQ(poll(&p, 1, 0), 0);
    close(fds[1]);
    EQ(poll(&p, 1, 5000), 1);
    EQ(p.revents & POLLIN, POLLIN);
    abi_reap(pid, 3);
}

TEST(pidfd_open, EINVAL_and_ESRCH)
{
    FAILS(pidfd_open_(0, 0), EINVAL);
    FAILS(pidfd_open_(getpid(), 1), EINVAL);
    FAILS(pidfd_open_(0x3ffffff, 0), ESRCH);
}

TEST(pidfd_send_signal, kills_and_errors)
{
    pid_t pid = abi_sleeper();
    int fd = pidfd_open_(pid, 0), status;

    CHECK(fd >= 0);
    EQ(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), 0);
    FAILS(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 5), EINVAL);
    FAILS(syscall(SYS_pidfd_send_signal, 0, SIGKILL, NULL, 0), EBADF);
    EQ(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0), 0);
    EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    FAILS(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), ESRCH);
}

TEST(execveat, empty_path_and_EBADF)
{
    char *argv[] = {"true", NULL};
    int fd = open("/bin/busybox", O_RDONLY | O_CLOEXEC), status;
    pid_t pid = fork();

    if (!pid) {
        syscall(SYS_execveat, fd, "", argv, argv + 1, AT_EMPTY_PATH);
        _exit(99);
    }
    EQ(waitpid(pid, &status, 0), pid);
    EQ(WEXITSTATUS(status), 0);
    FAILS(syscall(SYS_execveat, 999, "x", argv, argv + 1, 0), EBADF);
    FAILS(syscall(SYS_execveat, fd, "", argv, argv + 1, 0), ENOENT);
    FAILS(syscall(SYS_execveat, fd, "x", argv, argv + 1, 77), EINVAL);
}
