/* Credentials: user and group ids, supplementary groups, capabilities. Started as root. */
#include "tests/guest/abi.h"
#include <grp.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

#define _LINUX_CAPABILITY_VERSION_3 0x20080522
#define CAP_KILL 5
#define CAP_SETUID 7
struct __user_cap_header_struct {
    uint32_t version;
    int pid;
};
struct __user_cap_data_struct {
    uint32_t effective, permitted, inheritable;
};

static int capget_raw(struct __user_cap_header_struct *h, struct __user_cap_data_struct *d)
{
    return syscall(SYS_capget, h, d);
}

TEST(getuid, root)
{
    EQ(getuid(), 0);
    EQ(syscall(SYS_setresuid, 1000, -1, -1), 0);
    EQ(getuid(), 1000);
    EQ(geteuid(), 0);
}

TEST(geteuid, follows_setresuid)
{
    EQ(syscall(SYS_setresuid, -1, 1001, -1), 0);
    EQ(geteuid(), 1001);
    EQ(getuid(), 0);
}

TEST(getgid, follows_setresgid)
{
    EQ(syscall(SYS_setresgid, 100, -1, -1), 0);
    EQ(getgid(), 100);
    EQ(getegid(), 0);
}

TEST(getegid, follows_setresgid)
{
    EQ(syscall(SYS_setresgid, -1, 101, -1), 0);
    EQ(getegid(), 101);
}

TEST(setuid, drops_all_three_ids)
{
    uid_t r, e, s;

    EQ(syscall(SYS_setuid, 1000), 0);
    EQ(syscall(SYS_getresuid, &r, &e, &s), 0);
    CHECK(r == 1000 && e == 1000 && s == 1000);
    FAILS(syscall(SYS_setuid, 0), EPERM);
}

TEST(setuid, EPERM)
{
    EQ(syscall(SYS_setresuid, 1000, 1000, 1000), 0);
    FAILS(syscall(SYS_setuid, 1001), EPERM);
    EQ(syscall(SYS_setuid, 1000), 0);
}

TEST(setgid, EPERM)
{
    EQ(syscall(SYS_setgid, 7), 0);
    EQ(getegid(), 7);
    EQ(syscall(SYS_setresuid, 1000, 1000, 1000), 0);
    FAILS(syscall(SYS_setgid, 8), EPERM);
}

TEST(setreuid, swaps_and_EPERM)
{
    uid_t r, e, s;

    EQ(syscall(SYS_setreuid, 1000, 2000), 0);
    EQ(syscall(SYS_getresuid, &r, &e, &s), 0);
    CHECK(r == 1000 && e == 2000 && s == 2000);
    EQ(syscall(SYS_setreuid, 2000, 1000), 0);
    FAILS(syscall(SYS_setreuid, 3000, -1), EPERM);
}

TEST(setregid, swaps_and_EPERM)
{
    gid_t r, e, s;

    EQ(syscall(SYS_setregid, 10, 20), 0);
    EQ(syscall(SYS_getresgid, &r, &e, &s), 0);
    CHECK(r == 10 && e == 20 && s == 20);
    EQ(syscall(SYS_setresuid, 1000, 1000, 1000), 0);
    FAILS(syscall(SYS_setregid, 30, -1), EPERM);
}

TEST(setresuid, EPERM)
{
    EQ(syscall(SYS_setresuid, 1000, 1000, 1001), 0);
    EQ(syscall(SYS_setresuid, -1, 1001, -1), 0);
    FAILS(syscall(SYS_setresuid, -1, 0, -1), EPERM);
}

TEST(getresuid, EFAULT)
{
    uid_t r, e;

    FAILS(syscall(SYS_getresuid, &r, &e, BAD_LOW), EFAULT);
}

TEST(setresgid, EPERM)
{
    EQ(syscall(SYS_setresgid, 1, 2, 3), 0);
    EQ(syscall(SYS_setresuid, 1000, 1000, 1000), 0);
    FAILS(syscall(SYS_setresgid, 4, -1, -1), EPERM);
    EQ(syscall(SYS_setresgid, 3, 1, 2), 0);
}

TEST(getresgid, values_and_EFAULT)
{
    gid_t r = 9, e = 9, s = 9;

    EQ(syscall(SYS_getresgid, &r, &e, &s), 0);
    CHECK(r == 0 && e == 0 && s == 0);
    FAILS(syscall(SYS_getresgid, BAD_LOW, &e, &s), EFAULT);
}

TEST(setgroups, sets_and_EPERM)
{
    gid_t list[3] = {5, 3, 4}, got[3];

    EQ(syscall(SYS_setgroups, 3, list), 0);
    EQ(syscall(SYS_getgroups, 3, got), 3);
    CHECK(got[0] + got[1] + got[2] == 12);
    EQ(syscall(SYS_setresuid, 1000, 1000, 1000), 0);
    FAILS(syscall(SYS_setgroups, 0, NULL), EPERM);
}

TEST(setgroups, EINVAL)
{
    FAILS(syscall(SYS_setgroups, 65537, NULL), EINVAL);
    FAILS(syscall(SYS_setgroups, 2, BAD_ADDRESS), EFAULT);
}

TEST(getgroups, EINVAL)
{
    gid_t list[2] = {1, 2}, got[1];

    EQ(syscall(SYS_setgroups, 2, list), 0);
    EQ(syscall(SYS_getgroups, 0, NULL), 2);
    FAILS(syscall(SYS_getgroups, 1, got), EINVAL);
    FAILS(syscall(SYS_getgroups, -1, got), EINVAL);
}

TEST(setfsuid, returns_the_old_one)
{
    EQ(syscall(SYS_setfsuid, 1000), 0);
    EQ(syscall(SYS_setfsuid, -1), 1000);
    EQ(geteuid(), 0);
}

TEST(setfsuid, decides_file_access)
{
    int fd;

    abi_scratch();
    EQ(chmod(".", 0755), 0);
    fd = open("secret", O_CREAT | O_WRONLY, 0600);
    CHECK(fd >= 0);
    close(fd);
    EQ(syscall(SYS_setfsuid, 1000), 0);
    FAILS(open("secret", O_RDONLY), EACCES);
    EQ(syscall(SYS_setfsuid, 0), 1000);
    CHECK(open("secret", O_RDONLY) >= 0);
}

TEST(setfsgid, returns_the_old_one)
{
    EQ(syscall(SYS_setfsgid, 55), 0);
    EQ(syscall(SYS_setfsgid, -1), 55);
}

TEST(capget, root_has_all)
{
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct d[2];

    EQ(capget_raw(&h, d), 0);
    CHECK(d[0].effective & (1u << CAP_KILL));
    CHECK(d[0].permitted & (1u << CAP_SETUID));
    EQ(syscall(SYS_setresuid, 1000, 1000, 1000), 0);
    EQ(capget_raw(&h, d), 0);
    EQ(d[0].effective, 0);
    EQ(d[0].permitted, 0);
}

TEST(capget, EINVAL_tells_the_version)
{
    struct __user_cap_header_struct h = {0x12345678, 0};
    struct __user_cap_data_struct d[2];

    FAILS(capget_raw(&h, d), EINVAL);
    EQ(h.version, _LINUX_CAPABILITY_VERSION_3);
}

TEST(capget, ESRCH)
{
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0x3ffffff};
    struct __user_cap_data_struct d[2];

    FAILS(capget_raw(&h, d), ESRCH);
}

TEST(capset, drops_and_EPERM)
{
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct d[2], all[2];

    EQ(capget_raw(&h, all), 0);
    memcpy(d, all, sizeof(d));
    d[0].effective &= ~(1u << CAP_SETUID);
    d[0].permitted &= ~(1u << CAP_SETUID);
    EQ(syscall(SYS_capset, &h, d), 0);
    FAILS(syscall(SYS_setresuid, 1000, 1000, 1000), EPERM);
    FAILS(syscall(SYS_capset, &h, all), EPERM);
}

TEST(prctl, keepcaps_over_setuid)
{
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct d[2];

    EQ(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), 0);
    EQ(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0), 1);
    EQ(syscall(SYS_setresuid, 1000, 1000, 1000), 0);
    EQ(capget_raw(&h, d), 0);
    CHECK(d[0].permitted & (1u << CAP_SETUID));
    EQ(d[0].effective, 0);
}

/* ---- who may look into a program ---- */

/* The program, called again with this in its environment, ends with what prctl(PR_GET_DUMPABLE) says. */
static char *const asked[] = {"ABI_DUMPABLE=1", NULL};

__attribute__((constructor)) static void answer(void)
{
    if (getenv("ABI_DUMPABLE")) {
        _exit(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
    }
}

/* Of `path`, executed by one with these ids. */
static int dumpable_as(const char *path, int uid, int euid, int gid, int egid)
{
    pid_t pid = fork();
    int status;
    if (pid == 0) {
        char *argv[] = {"abi_cred", NULL};
        CHECK(syscall(SYS_setresgid, gid, egid, egid) == 0 && syscall(SYS_setresuid, uid, euid, euid) == 0);
        execve(path, argv, asked);
        _exit(100 + errno);
    }
    EQ(waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status);
}

TEST(execve, dumpable_by_who_calls_and_what_he_may_read)
{
    char page[4096], self[4096] = "";
    CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    EQ(dumpable_as(self, 1000, 1000, 1000, 1000), 1);
    EQ(dumpable_as(self, 1000, 1001, 1000, 1000), 0);
    EQ(dumpable_as(self, 1000, 1000, 1000, 1001), 0);
    abi_scratch();
    EQ(chmod(".", 0755), 0);
    int from = open(self, O_RDONLY), to = open("unreadable", O_WRONLY | O_CREAT, 0711);
    for (ssize_t n; (n = read(from, page, sizeof page)) > 0;) {
        EQ(write(to, page, n), n);
    }
    close(from);
    close(to);
    EQ(dumpable_as("unreadable", 1000, 1000, 1000, 1000), 0);
    EQ(dumpable_as("unreadable", 0, 0, 0, 0), 1);
}

TEST(prctl, name)
{
    char name[17] = "";

    EQ(prctl(PR_SET_NAME, "a-very-long-thread-name", 0, 0, 0), 0);
    EQ(prctl(PR_GET_NAME, name, 0, 0, 0), 0);
    CHECK(!strcmp(name, "a-very-long-thr"));
    FAILS(prctl(PR_SET_NAME, BAD_ADDRESS, 0, 0, 0), EFAULT);
}

TEST(prctl, no_new_privs_and_EINVAL)
{
    EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
    EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
    FAILS(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
    FAILS(prctl(9999, 0, 0, 0, 0), EINVAL);
}

TEST(prctl, pdeathsig)
{
    int sig = -1, fds[2];
    char c;
    pid_t mid;

    EQ(pipe(fds), 0);
    mid = fork();
    if (!mid) {
        if (!fork()) {
            prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
            prctl(PR_GET_PDEATHSIG, &sig, 0, 0, 0);
            c = sig == SIGKILL ? 'y' : 'n';
            (void)write(fds[1], &c, 1);
            for (;;)
                pause();
        }
        (void)read(fds[0], &c, 1); /* the grandchild is ready */
        (void)write(fds[1], &c, 1);
        _exit(0);
    }
    abi_reap(mid, 0);
    close(fds[1]);
    EQ(read(fds[0], &c, 1), 1);
    EQ(c, 'y');
    EQ(read(fds[0], &c, 1), 0); /* end of file: the grandchild is dead */
}

TEST(prctl, child_subreaper)
{
    int fds[2];
    pid_t mid, parent;

    EQ(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    EQ(pipe(fds), 0);
    mid = fork();
    if (!mid) {
        pid_t dying = getpid();

        if (!fork()) {
            while (getppid() == dying)
                abi_sleep_ms(1);
            parent = getppid();
            (void)write(fds[1], &parent, sizeof(parent));
            _exit(7);
        }
        _exit(0);
    }
    abi_reap(mid, 0);
    EQ(read(fds[0], &parent, sizeof(parent)), sizeof(parent));
    CHECK(parent == getpid());
    EQ(waitpid(-1, NULL, 0) > 0, 1);
}
