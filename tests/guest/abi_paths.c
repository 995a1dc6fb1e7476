/* The calls that have another spelling elsewhere: the *at family, vectors with positions, times, owners, extended attributes,
 * old forms. Each shows its effect and one of its errors. Started as root. */
#include <dirent.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <utime.h>
#include "tests/guest/abi.h"
#include "tests/guest/sched_attr.h"

static int make_file(const char *name, const char *text)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

    CHECK(fd >= 0);
    EQ(write(fd, text, strlen(text)), strlen(text));
    return fd;
}

static struct stat stat_of(const char *name)
{
    struct stat st;

    EQ(lstat(name, &st), 0);
    return st;
}

TEST(fstat, size_mode_and_EBADF)
{
    struct stat st;

    abi_scratch();
    int fd = make_file("f", "12345");
    EQ(syscall(SYS_fstat, fd, &st), 0);
    EQ(st.st_size, 5);
    CHECK(S_ISREG(st.st_mode));
    EQ(st.st_nlink, 1);
    EQ(st.st_ino, stat_of("f").st_ino);
    FAILS(syscall(SYS_fstat, 999, &st), EBADF);
    FAILS(syscall(SYS_fstat, fd, BAD_ADDRESS), EFAULT);
}

TEST(fdatasync, ok_and_EBADF)
{
    abi_scratch();
    EQ(fdatasync(make_file("f", "x")), 0);
    FAILS(fdatasync(999), EBADF);
}

TEST(truncate, shrinks_grows_and_ENOENT)
{
    char buf[8];

    abi_scratch();
    int fd = make_file("f", "abcdef");
    EQ(truncate("f", 3), 0);
    EQ(stat_of("f").st_size, 3);
    EQ(truncate("f", 6), 0);
    EQ(pread(fd, buf, 8, 0), 6);
    CHECK(!memcmp(buf, "abc\0\0\0", 6));
    FAILS(truncate("nothing", 0), ENOENT);
    FAILS(truncate("f", -1), EINVAL);
    EQ(mkdir("d", 0755), 0);
    FAILS(truncate("d", 0), EISDIR);
}

TEST(getdents, lists_names_and_ENOTDIR)
{
    struct { unsigned long ino, off; unsigned short len; char name[]; } *d;
    char buf[1024] __attribute__((aligned(8)));
    int seen = 0;

    abi_scratch();
    int fd = make_file("one", "");
    close(make_file("two", ""));
    int dir = open(".", O_RDONLY | O_DIRECTORY);
    long n = syscall(SYS_getdents, dir, buf, sizeof(buf));
    CHECK(n > 0);
    for (long at = 0; at < n; at += d->len) {
        d = (void *)(buf + at);
        seen += !strcmp(d->name, "one") + 2 * !strcmp(d->name, "two") + 4 * !strcmp(d->name, ".") + 8 * !strcmp(d->name, "..");
    }
    EQ(seen, 15);
    EQ(syscall(SYS_getdents, dir, buf, sizeof(buf)), 0);
    FAILS(syscall(SYS_getdents, fd, buf, sizeof(buf)), ENOTDIR);
}

TEST(getcwd, names_the_directory_and_ERANGE)
{
    char buf[256];

    EQ(mkdir("/tmp/cwd-test", 0755), 0);
    EQ(chdir("/tmp/cwd-test"), 0);
    EQ(syscall(SYS_getcwd, buf, sizeof(buf)), strlen("/tmp/cwd-test") + 1);
    CHECK(!strcmp(buf, "/tmp/cwd-test"));
    FAILS(syscall(SYS_getcwd, buf, 5), ERANGE);
    EQ(rmdir("/tmp/cwd-test"), 0);
    FAILS(syscall(SYS_getcwd, buf, sizeof(buf)), ENOENT);
}

TEST(rmdir, removes_and_ENOTEMPTY)
{
    abi_scratch();
    EQ(mkdir("d", 0755), 0);
    close(make_file("d/f", ""));
    FAILS(rmdir("d"), ENOTEMPTY);
    FAILS(rmdir("d/f"), ENOTDIR);
    EQ(unlink("d/f"), 0);
    FAILS(rmdir("d/."), EINVAL);
    EQ(rmdir("d"), 0);
    FAILS(rmdir("d"), ENOENT);
}

TEST(fchmod, changes_and_EBADF)
{
    abi_scratch();
    EQ(fchmod(make_file("f", ""), 0604), 0);
    EQ(stat_of("f").st_mode & 07777, 0604);
    FAILS(fchmod(999, 0600), EBADF);
}

TEST(fchmodat, changes_and_ENOENT)
{
    abi_scratch();
    EQ(mkdir("d", 0755), 0);
    close(make_file("d/f", ""));
    int dir = open("d", O_RDONLY);
    EQ(syscall(SYS_fchmodat, dir, "f", 0641), 0);
    EQ(stat_of("d/f").st_mode & 07777, 0641);
    FAILS(syscall(SYS_fchmodat, dir, "g", 0600), ENOENT);
}

TEST(fchown, changes_and_EPERM)
{
    abi_scratch();
    int fd = make_file("f", "");
    EQ(fchown(fd, 1000, 1001), 0);
    EQ(stat_of("f").st_uid, 1000);
    EQ(stat_of("f").st_gid, 1001);
    EQ(fchown(fd, -1, 7), 0);
    EQ(stat_of("f").st_uid, 1000);
    EQ(setresuid(2000, 2000, 2000), 0);
    FAILS(fchown(fd, 2000, -1), EPERM);
}

TEST(lchown, changes_the_link_and_ENOENT)
{
    abi_scratch();
    close(make_file("f", ""));
    EQ(symlink("f", "l"), 0);
    EQ(lchown("l", 5, 6), 0);
    EQ(stat_of("l").st_uid, 5);
    EQ(stat_of("f").st_uid, 0);
    FAILS(lchown("none", 5, 6), ENOENT);
}

TEST(fchownat, follows_or_not_and_EINVAL)
{
    abi_scratch();
    close(make_file("f", ""));
    EQ(symlink("f", "l"), 0);
    EQ(fchownat(AT_FDCWD, "l", 8, 9, AT_SYMLINK_NOFOLLOW), 0);
    EQ(stat_of("f").st_gid, 0);
    EQ(fchownat(AT_FDCWD, "l", 8, 9, 0), 0);
    EQ(stat_of("f").st_gid, 9);
    FAILS(fchownat(AT_FDCWD, "l", 8, 9, 0x40000000), EINVAL);
}

TEST(utime, sets_both_and_ENOENT)
{
    struct utimbuf t = { 1000, 2000 };

    abi_scratch();
    close(make_file("f", ""));
    EQ(syscall(SYS_utime, "f", &t), 0);
    EQ(stat_of("f").st_atime, 1000);
    EQ(stat_of("f").st_mtime, 2000);
    FAILS(syscall(SYS_utime, "none", &t), ENOENT);
}

TEST(utimes, sets_both_and_EINVAL)
{
    struct timeval t[2] = { { 11, 500000 }, { 22, 0 } }, bad[2] = { { 1, 1000000 }, { 0, 0 } };

    abi_scratch();
    close(make_file("f", ""));
    EQ(syscall(SYS_utimes, "f", t), 0);
    EQ(stat_of("f").st_atim.tv_sec, 11);
    EQ(stat_of("f").st_atim.tv_nsec, 500000000);
    EQ(stat_of("f").st_mtime, 22);
    FAILS(syscall(SYS_utimes, "f", bad), EINVAL);
}

TEST(futimesat, sets_both_and_EBADF)
{
    struct timeval t[2] = { { 33, 0 }, { 44, 0 } };

    abi_scratch();
    close(make_file("f", ""));
    EQ(syscall(SYS_futimesat, AT_FDCWD, "f", t), 0);
    EQ(stat_of("f").st_mtime, 44);
    FAILS(syscall(SYS_futimesat, 999, "f", t), EBADF);
}

TEST(mkdirat, makes_and_EEXIST)
{
    abi_scratch();
    EQ(mkdir("d", 0755), 0);
    int dir = open("d", O_RDONLY);
    EQ(mkdirat(dir, "e", 0700), 0);
    CHECK(S_ISDIR(stat_of("d/e").st_mode));
    EQ(stat_of("d").st_nlink, 3);
    FAILS(mkdirat(dir, "e", 0700), EEXIST);
    FAILS(mkdirat(999, "e", 0700), EBADF);
}

TEST(mknodat, makes_fifo_and_device_and_EPERM)
{
    abi_scratch();
    EQ(mknodat(AT_FDCWD, "p", S_IFIFO | 0600, 0), 0);
    CHECK(S_ISFIFO(stat_of("p").st_mode));
    EQ(mknodat(AT_FDCWD, "null", S_IFCHR | 0666, 0x103), 0);
    int fd = open("null", O_WRONLY);
    EQ(write(fd, "x", 1), 1);
    FAILS(mknodat(AT_FDCWD, "p", S_IFIFO | 0600, 0), EEXIST);
    EQ(chmod(".", 0777), 0);
    EQ(setresuid(1000, 1000, 1000), 0);
    FAILS(mknodat(AT_FDCWD, "mine", S_IFCHR | 0666, 0x103), EPERM);
}

TEST(linkat, adds_a_name_and_EEXIST)
{
    abi_scratch();
    close(make_file("f", ""));
    EQ(symlink("f", "s"), 0);
    EQ(linkat(AT_FDCWD, "f", AT_FDCWD, "g", 0), 0);
    EQ(stat_of("g").st_ino, stat_of("f").st_ino);
    EQ(stat_of("f").st_nlink, 2);
    EQ(linkat(AT_FDCWD, "s", AT_FDCWD, "h", AT_SYMLINK_FOLLOW), 0);
    EQ(stat_of("f").st_nlink, 3);
    FAILS(linkat(AT_FDCWD, "f", AT_FDCWD, "g", 0), EEXIST);
    FAILS(linkat(AT_FDCWD, ".", AT_FDCWD, "dir", 0), EPERM);
}

TEST(symlinkat, readlinkat_tells_it_and_EEXIST)
{
    char buf[16];

    abi_scratch();
    EQ(symlinkat("target", AT_FDCWD, "l"), 0);
    EQ(readlinkat(AT_FDCWD, "l", buf, sizeof(buf)), 6);
    CHECK(!memcmp(buf, "target", 6));
    FAILS(symlinkat("target", AT_FDCWD, "l"), EEXIST);
    FAILS(symlinkat("", AT_FDCWD, "m"), ENOENT);
}

TEST(readlinkat, cuts_and_EINVAL)
{
    char buf[4] = "....";

    abi_scratch();
    close(make_file("f", ""));
    EQ(symlink("longer", "l"), 0);
    EQ(readlinkat(AT_FDCWD, "l", buf, 3), 3);
    CHECK(!memcmp(buf, "lon.", 4));
    FAILS(readlinkat(AT_FDCWD, "f", buf, 3), EINVAL);
    FAILS(syscall(SYS_readlinkat, AT_FDCWD, "l", buf, 0), EINVAL);
}

TEST(renameat, replaces_and_ENOENT)
{
    abi_scratch();
    close(make_file("a", "a"));
    close(make_file("b", "bb"));
    EQ(renameat(AT_FDCWD, "a", AT_FDCWD, "b"), 0);
    EQ(stat_of("b").st_size, 1);
    FAILS(renameat(AT_FDCWD, "a", AT_FDCWD, "c"), ENOENT);
    EQ(mkdir("d", 0755), 0);
    FAILS(renameat(AT_FDCWD, "d", AT_FDCWD, "d/sub"), EINVAL);
    FAILS(renameat(AT_FDCWD, "b", AT_FDCWD, "d"), EISDIR);
}

TEST(faccessat, real_ids_and_EACCES)
{
    abi_scratch();
    EQ(chmod(".", 0755), 0);
    int fd = make_file("f", "");
    EQ(fchmod(fd, 0600), 0);
    EQ(syscall(SYS_faccessat, AT_FDCWD, "f", R_OK | W_OK), 0);
    FAILS(syscall(SYS_faccessat, AT_FDCWD, "f", X_OK), EACCES);
    FAILS(syscall(SYS_faccessat, AT_FDCWD, "f", 16), EINVAL);
    EQ(setresuid(1000, 0, 0), 0);
    FAILS(syscall(SYS_faccessat, AT_FDCWD, "f", R_OK), EACCES);
}

TEST(faccessat2, effective_ids_and_EINVAL)
{
    abi_scratch();
    EQ(chmod(".", 0755), 0);
    EQ(fchmod(make_file("f", ""), 0600), 0);
    EQ(setresuid(1000, 0, 0), 0);
    FAILS(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, 0), EACCES);
    EQ(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, AT_EACCESS), 0);
    FAILS(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, 0x40000000), EINVAL);
}

TEST(openat2, resolves_as_told_and_errors)
{
    struct { uint64_t flags, mode, resolve; } how = { O_RDONLY, 0, 0x04 }; /* RESOLVE_NO_SYMLINKS */

    abi_scratch();
    close(make_file("f", ""));
    EQ(symlink("f", "l"), 0);
    CHECK(syscall(SYS_openat2, AT_FDCWD, "f", &how, sizeof(how)) >= 0);
    FAILS(syscall(SYS_openat2, AT_FDCWD, "l", &how, sizeof(how)), ELOOP);
    how.resolve = 0x08; /* RESOLVE_BENEATH */
    FAILS(syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how)), EXDEV);
    how.resolve = 1ul << 60;
    FAILS(syscall(SYS_openat2, AT_FDCWD, "f", &how, sizeof(how)), EINVAL);
    FAILS(syscall(SYS_openat2, AT_FDCWD, "f", &how, 8), EINVAL);
}

static void check_vectors(long wr, long rd, long flags)
{
    char a[3], b[3];
    struct iovec out[2] = { { "abc", 3 }, { "def", 3 } }, in[2] = { { a, 3 }, { b, 3 } };

    abi_scratch();
    int fd = make_file("f", "..........");
    EQ(lseek(fd, 1, SEEK_SET), 1);
    EQ(syscall(wr, fd, out, 2, 2L, 0L, flags), 6);
    EQ(syscall(rd, fd, in, 2, 2L, 0L, flags), 6);
    CHECK(!memcmp(a, "abc", 3) && !memcmp(b, "def", 3));
    EQ(lseek(fd, 0, SEEK_CUR), 1);
    FAILS(syscall(wr, 999, out, 2, 0L, 0L, flags), EBADF);
    FAILS(syscall(rd, fd, in, 2, -5L, 0L, flags), EINVAL);
    FAILS(syscall(rd, fd, in, -1, 0L, 0L, flags), EINVAL);
}

TEST(preadv, gathers_at_a_position_and_EINVAL) { check_vectors(SYS_pwritev, SYS_preadv, 0); }
TEST(pwritev, scatters_at_a_position_and_EBADF) { check_vectors(SYS_pwritev, SYS_preadv, 0); }
TEST(preadv2, position_and_EOPNOTSUPP)
{
    char c;
    struct iovec v = { &c, 1 };

    check_vectors(SYS_pwritev2, SYS_preadv2, 0);
    int fd = make_file("g", "xy");
    EQ(lseek(fd, 0, SEEK_SET), 0);
    EQ(syscall(SYS_preadv2, fd, &v, 1, -1L, -1L, 0), 1); /* -1: the file's own offset */
    EQ(lseek(fd, 0, SEEK_CUR), 1);
    FAILS(syscall(SYS_preadv2, fd, &v, 1, 0L, 0L, 0x40000000), EOPNOTSUPP);
}
TEST(pwritev2, own_offset_and_EOPNOTSUPP)
{
    struct iovec v = { "z", 1 };

    abi_scratch();
    int fd = make_file("g", "xy");
    EQ(syscall(SYS_pwritev2, fd, &v, 1, -1L, -1L, 0), 1); /* at 2, where the first write ended */
    EQ(stat_of("g").st_size, 3);
    FAILS(syscall(SYS_pwritev2, fd, &v, 1, 0L, 0L, 0x40000000), EOPNOTSUPP);
}

TEST(copy_file_range, copies_and_EBADF)
{
    char buf[8];
    loff_t from = 1, to = 0;

    abi_scratch();
    int in = make_file("a", "012345"), out = make_file("b", "");
    EQ(syscall(SYS_copy_file_range, in, &from, out, &to, 4L, 0), 4);
    EQ(from, 5);
    EQ(pread(out, buf, 8, 0), 4);
    CHECK(!memcmp(buf, "1234", 4));
    FAILS(syscall(SYS_copy_file_range, in, &from, 999, NULL, 4L, 0), EBADF);
    FAILS(syscall(SYS_copy_file_range, in, &from, out, &to, 4L, 1), EINVAL);
}

TEST(fadvise64, ok_and_errors)
{
    int p[2];

    abi_scratch();
    int fd = make_file("f", "x");
    EQ(syscall(SYS_fadvise64, fd, 0L, 0L, 3), 0);
    FAILS(syscall(SYS_fadvise64, fd, 0L, 0L, 77), EINVAL);
    FAILS(syscall(SYS_fadvise64, 999, 0L, 0L, 3), EBADF);
    EQ(pipe(p), 0);
    FAILS(syscall(SYS_fadvise64, p[0], 0L, 0L, 3), ESPIPE);
}

/* /tmp has no user.* attributes on the reference kernel. */
TEST(setxattr, user_is_EOPNOTSUPP)
{
    abi_scratch();
    close(make_file("f", ""));
    FAILS(syscall(SYS_setxattr, "f", "user.a", "v", 1L, 0), EOPNOTSUPP);
    FAILS(syscall(SYS_setxattr, "none", "user.a", "v", 1L, 0), ENOENT);
}
TEST(lsetxattr, EOPNOTSUPP)
{
    abi_scratch();
    close(make_file("f", ""));
    FAILS(syscall(SYS_lsetxattr, "f", "user.a", "v", 1L, 0), EOPNOTSUPP);
}
TEST(fsetxattr, EOPNOTSUPP_and_EBADF)
{
    abi_scratch();
    FAILS(syscall(SYS_fsetxattr, make_file("f", ""), "user.a", "v", 1L, 0), EOPNOTSUPP);
    FAILS(syscall(SYS_fsetxattr, 999, "user.a", "v", 1L, 0), EBADF);
}
TEST(getxattr, EOPNOTSUPP_and_ENOENT)
{
    char b[8];

    abi_scratch();
    close(make_file("f", ""));
    FAILS(syscall(SYS_getxattr, "f", "user.a", b, 8L), EOPNOTSUPP);
    FAILS(syscall(SYS_getxattr, "none", "user.a", b, 8L), ENOENT);
}
TEST(lgetxattr, EOPNOTSUPP)
{
    char b[8];

    abi_scratch();
    close(make_file("f", ""));
    FAILS(syscall(SYS_lgetxattr, "f", "user.a", b, 8L), EOPNOTSUPP);
}
TEST(fgetxattr, EOPNOTSUPP_and_EBADF)
{
    char b[8];

    abi_scratch();
    FAILS(syscall(SYS_fgetxattr, make_file("f", ""), "user.a", b, 8L), EOPNOTSUPP);
    FAILS(syscall(SYS_fgetxattr, 999, "user.a", b, 8L), EBADF);
}
TEST(listxattr, is_empty_and_ENOENT)
{
    char b[8];

    abi_scratch();
    close(make_file("f", ""));
    EQ(syscall(SYS_listxattr, "f", b, 8L), 0);
    FAILS(syscall(SYS_listxattr, "none", b, 8L), ENOENT);
}
TEST(llistxattr, is_empty_and_ENOENT)
{
    char b[8];

    abi_scratch();
    EQ(symlink("nowhere", "l"), 0);
    EQ(syscall(SYS_llistxattr, "l", b, 8L), 0);
    FAILS(syscall(SYS_llistxattr, "none", b, 8L), ENOENT);
}
TEST(flistxattr, is_empty_and_EBADF)
{
    char b[8];

    abi_scratch();
    EQ(syscall(SYS_flistxattr, make_file("f", ""), b, 8L), 0);
    FAILS(syscall(SYS_flistxattr, 999, b, 8L), EBADF);
}
TEST(removexattr, EOPNOTSUPP)
{
    abi_scratch();
    close(make_file("f", ""));
    FAILS(syscall(SYS_removexattr, "f", "user.a"), EOPNOTSUPP);
}
TEST(lremovexattr, EOPNOTSUPP)
{
    abi_scratch();
    close(make_file("f", ""));
    FAILS(syscall(SYS_lremovexattr, "f", "user.a"), EOPNOTSUPP);
}
TEST(fremovexattr, EOPNOTSUPP_and_EBADF)
{
    abi_scratch();
    FAILS(syscall(SYS_fremovexattr, make_file("f", ""), "user.a"), EOPNOTSUPP);
    FAILS(syscall(SYS_fremovexattr, 999, "user.a"), EBADF);
}

TEST(setrlimit, is_read_back_and_EINVAL)
{
    struct rlimit r = { 20, 30 }, s, silly = { 31, 30 };

    EQ(syscall(SYS_setrlimit, RLIMIT_NOFILE, &r), 0);
    EQ(syscall(SYS_getrlimit, RLIMIT_NOFILE, &s), 0);
    EQ(s.rlim_cur, 20);
    EQ(s.rlim_max, 30);
    FAILS(dup2(0, 25), EBADF);
    FAILS(syscall(SYS_setrlimit, RLIMIT_NOFILE, &silly), EINVAL);
    FAILS(syscall(SYS_setrlimit, 99, &r), EINVAL);
    EQ(setresuid(1000, 1000, 1000), 0);
    r.rlim_max = 31;
    FAILS(syscall(SYS_setrlimit, RLIMIT_NOFILE, &r), EPERM);
}

TEST(sched_setparam, takes_fifo_priority_and_EINVAL)
{
    struct sched_param p = { .sched_priority = 10 }, q = { .sched_priority = 20 };

    EQ(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &p), 0);
    EQ(syscall(SYS_sched_setparam, 0, &q), 0);
    EQ(syscall(SYS_sched_getparam, 0, &p), 0);
    EQ(p.sched_priority, 20);
    q.sched_priority = 0;
    FAILS(syscall(SYS_sched_setparam, 0, &q), EINVAL);
}

TEST(sched_getparam, is_zero_for_normal_and_ESRCH)
{
    struct sched_param p = { .sched_priority = 99 };

    EQ(syscall(SYS_sched_getparam, 0, &p), 0);
    EQ(p.sched_priority, 0);
    FAILS(syscall(SYS_sched_getparam, 0, NULL), EINVAL);
    FAILS(syscall(SYS_sched_getparam, 3999999, &p), ESRCH);
    FAILS(syscall(SYS_sched_getparam, -1, &p), EINVAL);
}

TEST(sched_getscheduler, tells_the_policy_and_ESRCH)
{
    struct sched_param p = { 0 };

    EQ(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER);
    EQ(syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &p), 0);
    EQ(syscall(SYS_sched_getscheduler, 0), SCHED_BATCH);
    FAILS(syscall(SYS_sched_getscheduler, 3999999), ESRCH);
    FAILS(syscall(SYS_sched_getscheduler, -1), EINVAL);
}

TEST(sched_get_priority_min, by_policy_and_EINVAL)
{
    EQ(syscall(SYS_sched_get_priority_min, SCHED_FIFO), 1);
    EQ(syscall(SYS_sched_get_priority_min, SCHED_OTHER), 0);
    FAILS(syscall(SYS_sched_get_priority_min, 99), EINVAL);
}

TEST(sched_setattr, nice_and_policy_and_errors)
{
    struct attr a = { .size = sizeof(a), .policy = SCHED_OTHER, .nice = 5 };

    EQ(syscall(SYS_sched_setattr, 0, &a, 0), 0);
    EQ(getpriority(PRIO_PROCESS, 0), 5);
    a.policy = 77;
    FAILS(syscall(SYS_sched_setattr, 0, &a, 0), EINVAL);
    a.policy = SCHED_OTHER;
    FAILS(syscall(SYS_sched_setattr, 3999999, &a, 0), ESRCH);
    FAILS(syscall(SYS_sched_setattr, 0, &a, 1), EINVAL);
}

TEST(sched_getattr, reads_back_and_errors)
{
    struct sched_param p = { .sched_priority = 7 };
    struct attr a = { 0 };

    EQ(syscall(SYS_sched_setscheduler, 0, SCHED_RR, &p), 0);
    EQ(syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0), 0);
    EQ(a.policy, SCHED_RR);
    EQ(a.priority, 7);
    FAILS(syscall(SYS_sched_getattr, 0, &a, 8, 0), EINVAL);
    FAILS(syscall(SYS_sched_getattr, 3999999, &a, sizeof(a), 0), ESRCH);
}

static volatile int got_value;

static void on_queue(int sig, siginfo_t *si, void *ctx)
{
    (void)sig;
    (void)ctx;
    got_value = si->si_code == SI_QUEUE ? si->si_value.sival_int : -1;
}

TEST(rt_tgsigqueueinfo, carries_a_value_and_errors)
{
    struct sigaction sa = { .sa_sigaction = on_queue, .sa_flags = SA_SIGINFO };
    siginfo_t si = { .si_code = SI_QUEUE };

    EQ(sigaction(SIGUSR1, &sa, NULL), 0);
    si.si_signo = SIGUSR1;
    si.si_value.sival_int = 42;
    si.si_pid = getpid();
    EQ(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGUSR1, &si), 0);
    EQ(got_value, 42);
    FAILS(syscall(SYS_rt_tgsigqueueinfo, getpid(), 0, SIGUSR1, &si), EINVAL);
    FAILS(syscall(SYS_rt_tgsigqueueinfo, 3999999, 3999999, SIGUSR1, &si), ESRCH);
}
