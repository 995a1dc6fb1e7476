/* Calls on paths and descriptors, each by its own number: what it does, and one error. */
#include "tests/guest/abi.h"
#include <dirent.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <utime.h>

#define CALL(name, ...) syscall(SYS_##name, ##__VA_ARGS__)
#define GONE "absent"

static int make(const char *name, const char *text)
{
    int fd = open(name, O_CREAT | O_RDWR | O_TRUNC, 0644);

    CHECK(fd >= 0);
    EQ(write(fd, text, strlen(text)), strlen(text));
    return fd;
}

static struct stat st_of(const char *name)
{
    struct stat st;

    EQ(lstat(name, &st), 0);
    return st;
}

TEST(close, frees_the_number)
{
    int fd = open("/", O_RDONLY);

    EQ(CALL(close, fd), 0);
    FAILS(fcntl(fd, F_GETFD), EBADF);
    EQ(open("/", O_RDONLY), fd);
}

TEST(write, EBADF_and_EFAULT)
{
    int fd;

    abi_scratch();
    fd = make("f", "");
    FAILS(CALL(write, 999, "x", 1), EBADF);
    FAILS(CALL(write, open("f", O_RDONLY), "x", 1), EBADF);
    FAILS(CALL(write, fd, BAD_ADDRESS, 1), EFAULT);
}

TEST(stat, size_mode_links_and_errors)
{
    struct stat st;

    abi_scratch();
    make("f", "12345");
    EQ(link("f", "g"), 0);
    EQ(CALL(stat, "f", &st), 0);
    CHECK(st.st_size == 5 && S_ISREG(st.st_mode) && st.st_nlink == 2);
    FAILS(CALL(stat, GONE, &st), ENOENT);
    FAILS(CALL(stat, "f/x", &st), ENOTDIR);
    FAILS(CALL(stat, "f", BAD_ADDRESS), EFAULT);
    FAILS(CALL(stat, BAD_ADDRESS, &st), EFAULT);
}

TEST(fstat, pipe_file_and_errors)
{
    struct stat st;
    int fds[2];

    EQ(pipe(fds), 0);
    EQ(CALL(fstat, fds[0], &st), 0);
    CHECK(S_ISFIFO(st.st_mode));
    EQ(CALL(fstat, open("/dev/null", O_RDONLY), &st), 0);
    CHECK(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
    FAILS(CALL(fstat, 999, &st), EBADF);
    FAILS(CALL(fstat, fds[0], BAD_ADDRESS), EFAULT);
}

TEST(lstat, the_link_itself_and_ENOENT)
{
    struct stat st;

    abi_scratch();
    EQ(symlink("nowhere", "l"), 0);
    EQ(CALL(lstat, "l", &st), 0);
    CHECK(S_ISLNK(st.st_mode) && st.st_size == 7);
    FAILS(CALL(lstat, GONE, &st), ENOENT);
}

TEST(newfstatat, EBADF_and_EINVAL)
{
    struct stat st;

    EQ(CALL(newfstatat, open("/dev", O_RDONLY), "null", &st, 0), 0);
    CHECK(S_ISCHR(st.st_mode));
    FAILS(CALL(newfstatat, 999, "x", &st, 0), EBADF);
    FAILS(CALL(newfstatat, AT_FDCWD, "/", &st, 0x40000000), EINVAL);
    EQ(CALL(newfstatat, 0, "", &st, AT_EMPTY_PATH), 0);
}

TEST(statx, EINVAL_and_ENOENT)
{
    char buf[256];

    FAILS(CALL(statx, AT_FDCWD, GONE, 0, 0x7ff, buf), ENOENT);
    FAILS(CALL(statx, AT_FDCWD, "/", 0x6000, 0x7ff, buf), EINVAL);
    FAILS(CALL(statx, AT_FDCWD, "/", 0, 0x80000000u, buf), EINVAL);
}

TEST(lseek, EINVAL_ESPIPE_EBADF)
{
    int fd, fds[2];

    abi_scratch();
    fd = make("f", "12345");
    EQ(pipe(fds), 0);
    EQ(CALL(lseek, fd, -2L, SEEK_END), 3);
    FAILS(CALL(lseek, fd, -1L, SEEK_SET), EINVAL);
    FAILS(CALL(lseek, fd, 0, 99), EINVAL);
    FAILS(CALL(lseek, fds[0], 0, SEEK_SET), ESPIPE);
    FAILS(CALL(lseek, 999, 0, SEEK_SET), EBADF);
}

TEST(pread64, EINVAL_and_ESPIPE)
{
    char c;
    int fds[2];

    abi_scratch();
    EQ(pipe(fds), 0);
    FAILS(CALL(pread64, make("f", "x"), &c, 1, -1L), EINVAL);
    FAILS(CALL(pread64, fds[0], &c, 1, 0L), ESPIPE);
}

TEST(pwrite64, at_a_place_and_errors)
{
    int fd, fds[2];
    char buf[5];

    abi_scratch();
    fd = make("f", "abcd");
    EQ(pipe(fds), 0);
    EQ(CALL(pwrite64, fd, "X", 1, 2L), 1);
    EQ(pread(fd, buf, 4, 0), 4);
    CHECK(!memcmp(buf, "abXd", 4));
    FAILS(CALL(pwrite64, fd, "X", 1, -1L), EINVAL);
    FAILS(CALL(pwrite64, fds[1], "X", 1, 0L), ESPIPE);
}

TEST(writev, gathers)
{
    struct iovec v[3] = {{"ab", 2}, {NULL, 0}, {"cde", 3}};
    char buf[6] = "";
    int fd;

    abi_scratch();
    fd = make("f", "");
    EQ(CALL(writev, fd, v, 3), 5);
    EQ(pread(fd, buf, 5, 0), 5);
    CHECK(!strcmp(buf, "abcde"));
    FAILS(CALL(writev, 999, v, 3), EBADF);
}

TEST(preadv, scatters_and_errors)
{
    char a[2], b[3];
    struct iovec v[2] = {{a, 2}, {b, 3}};
    int fd;

    abi_scratch();
    fd = make("f", "0123456");
    EQ(CALL(preadv, fd, v, 2, 1L, 0L), 5);
    CHECK(!memcmp(a, "12", 2) && !memcmp(b, "345", 3));
    FAILS(CALL(preadv, fd, v, 2, -1L, 0L), EINVAL);
    FAILS(CALL(preadv, 999, v, 2, 0L, 0L), EBADF);
}

TEST(pwritev, gathers_and_errors)
{
    struct iovec v[2] = {{"ab", 2}, {"c", 1}};
    char buf[8] = "";
    int fd;

    abi_scratch();
    fd = make("f", "01234");
    EQ(CALL(pwritev, fd, v, 2, 1L, 0L), 3);
    EQ(pread(fd, buf, 7, 0), 5);
    CHECK(!strcmp(buf, "0abc4"));
    FAILS(CALL(pwritev, fd, v, 2000, 0L, 0L), EINVAL);
}

TEST(preadv2, current_offset_and_EOPNOTSUPP)
{
    char a[3] = "";
    struct iovec v = {a, 2};
    int fd;

    abi_scratch();
    fd = make("f", "0123");
    EQ(lseek(fd, 1, SEEK_SET), 1);
    EQ(CALL(preadv2, fd, &v, 1, -1L, -1L, 0), 2);
    CHECK(!strcmp(a, "12"));
    EQ(lseek(fd, 0, SEEK_CUR), 3);
    FAILS(CALL(preadv2, fd, &v, 1, 0L, 0L, 0x1000), EOPNOTSUPP);
}

TEST(pwritev2, at_a_place_and_EOPNOTSUPP)
{
    struct iovec v = {"Z", 1};
    int fd;

    abi_scratch();
    fd = make("f", "ab");
    EQ(CALL(pwritev2, fd, &v, 1, 2L, 0L, 0), 1);
    EQ(st_of("f").st_size, 3);
    FAILS(CALL(pwritev2, fd, &v, 1, 0L, 0L, 0x1000), EOPNOTSUPP);
}

TEST(access, EACCES_ENOENT_EINVAL)
{
    abi_scratch();
    EQ(chmod(".", 0755), 0);
    close(make("f", ""));
    EQ(chmod("f", 0600), 0);
    EQ(CALL(access, "f", R_OK | W_OK), 0);
    FAILS(CALL(access, "f", 8), EINVAL);
    FAILS(CALL(access, GONE, F_OK), ENOENT);
    EQ(setresuid(1000, 1000, 1000), 0);
    FAILS(CALL(access, "f", R_OK), EACCES);
}

TEST(faccessat, real_ids_and_ENOENT)
{
    abi_scratch();
    EQ(chmod(".", 0755), 0);
    close(make("f", ""));
    EQ(chmod("f", 0600), 0);
    EQ(CALL(faccessat, AT_FDCWD, "f", R_OK), 0);
    FAILS(CALL(faccessat, AT_FDCWD, GONE, F_OK), ENOENT);
    EQ(setresuid(1000, 0, 0), 0);
    FAILS(CALL(faccessat, AT_FDCWD, "f", R_OK), EACCES);
}

TEST(faccessat2, effective_ids_and_EINVAL)
{
    abi_scratch();
    EQ(chmod(".", 0755), 0);
    close(make("f", ""));
    EQ(chmod("f", 0600), 0);
    EQ(setresuid(1000, 0, 0), 0);
    FAILS(CALL(faccessat2, AT_FDCWD, "f", R_OK, 0), EACCES);
    EQ(CALL(faccessat2, AT_FDCWD, "f", R_OK, 0x200 /* AT_EACCESS */), 0);
    FAILS(CALL(faccessat2, AT_FDCWD, "f", R_OK, 0x40000000), EINVAL);
}

TEST(openat, relative_to_a_descriptor_and_errors)
{
    int dir;

    abi_scratch();
    EQ(mkdir("d", 0755), 0);
    dir = open("d", O_RDONLY | O_DIRECTORY);
    CHECK(CALL(openat, dir, "f", O_CREAT | O_WRONLY, 0600) >= 0);
    EQ(access("d/f", F_OK), 0);
    FAILS(CALL(openat, 999, "f", O_RDONLY, 0), EBADF);
    FAILS(CALL(openat, open("d/f", O_RDONLY), "x", O_RDONLY, 0), ENOTDIR);
    FAILS(CALL(openat, dir, "f", O_DIRECTORY, 0), ENOTDIR);
    FAILS(CALL(openat, dir, "f", O_CREAT | O_EXCL, 0600), EEXIST);
}

TEST(openat2, resolve_and_errors)
{
    uint64_t how[3] = {O_RDONLY, 0, 0};

    abi_scratch();
    close(make("f", ""));
    EQ(symlink("f", "l"), 0);
    CHECK(CALL(openat2, AT_FDCWD, "l", how, sizeof(how)) >= 0);
    how[2] = 4; /* RESOLVE_NO_SYMLINKS */
    FAILS(CALL(openat2, AT_FDCWD, "l", how, sizeof(how)), ELOOP);
    how[2] = 0;
    FAILS(CALL(openat2, AT_FDCWD, "l", how, 8), EINVAL);
    how[1] = 0777;
    FAILS(CALL(openat2, AT_FDCWD, "f", how, sizeof(how)), EINVAL);
}

TEST(creat, truncates_and_EISDIR)
{
    abi_scratch();
    close(make("f", "12345"));
    CHECK(CALL(creat, "f", 0600) >= 0);
    EQ(st_of("f").st_size, 0);
    FAILS(CALL(creat, ".", 0600), EISDIR);
}

TEST(dup, EBADF_and_EMFILE)
{
    struct rlimit r = {10, 10};

    FAILS(CALL(dup, 999), EBADF);
    EQ(setrlimit(RLIMIT_NOFILE, &r), 0);
    while (CALL(dup, 1) >= 0)
        ;
    FAILS(CALL(dup, 1), EMFILE);
}

TEST(dup2, EBADF)
{
    EQ(CALL(dup2, 1, 50), 50);
    EQ(CALL(dup2, 50, 50), 50);
    FAILS(CALL(dup2, 999, 5), EBADF);
    FAILS(CALL(dup2, 1, -1), EBADF);
}

TEST(dup3, EINVAL_and_EBADF)
{
    FAILS(CALL(dup3, 1, 1, 0), EINVAL);
    FAILS(CALL(dup3, 1, 50, O_APPEND), EINVAL);
    FAILS(CALL(dup3, 999, 50, 0), EBADF);
    EQ(CALL(dup3, 1, 50, O_CLOEXEC), 50);
    EQ(fcntl(50, F_GETFD), FD_CLOEXEC);
}

TEST(fcntl, EBADF_and_EINVAL)
{
    FAILS(CALL(fcntl, 999, F_GETFD, 0), EBADF);
    FAILS(CALL(fcntl, 1, 12345, 0), EINVAL);
    FAILS(CALL(fcntl, 1, F_DUPFD, -1), EINVAL);
}

TEST(flock, EWOULDBLOCK_EBADF_EINVAL)
{
    int one, two;

    abi_scratch();
    one = make("f", "");
    two = open("f", O_RDONLY);
    EQ(CALL(flock, one, 2), 0);
    FAILS(CALL(flock, two, 2 | 4), EWOULDBLOCK);
    EQ(CALL(flock, one, 8), 0);
    EQ(CALL(flock, two, 2 | 4), 0);
    FAILS(CALL(flock, 999, 2), EBADF);
    FAILS(CALL(flock, one, 77), EINVAL);
}

TEST(fsync, EBADF)
{
    abi_scratch();
    EQ(CALL(fsync, make("f", "x")), 0);
    FAILS(CALL(fsync, 999), EBADF);
}

TEST(fdatasync, returns_and_EBADF)
{
    abi_scratch();
    EQ(CALL(fdatasync, make("f", "x")), 0);
    FAILS(CALL(fdatasync, 999), EBADF);
}

TEST(truncate, cuts_grows_and_errors)
{
    char buf[8] = "";

    abi_scratch();
    close(make("f", "12345"));
    EQ(CALL(truncate, "f", 2), 0);
    EQ(CALL(truncate, "f", 4), 0);
    EQ(read(open("f", O_RDONLY), buf, 8), 4);
    CHECK(!memcmp(buf, "12\0\0", 4));
    FAILS(CALL(truncate, "f", -1L), EINVAL);
    FAILS(CALL(truncate, GONE, 0), ENOENT);
    FAILS(CALL(truncate, ".", 0), EISDIR);
}

TEST(ftruncate, EINVAL_and_EBADF)
{
    abi_scratch();
    close(make("f", "12345"));
    FAILS(CALL(ftruncate, open("f", O_RDONLY), 0), EINVAL);
    FAILS(CALL(ftruncate, open("f", O_WRONLY), -1L), EINVAL);
    FAILS(CALL(ftruncate, 999, 0), EBADF);
}

TEST(fallocate, errors)
{
    int fd;

    abi_scratch();
    fd = make("f", "");
    EQ(CALL(fallocate, fd, 0, 0, 8192), 0);
    EQ(st_of("f").st_size, 8192);
    FAILS(CALL(fallocate, fd, 0, 0, 0), EINVAL);
    FAILS(CALL(fallocate, open("f", O_RDONLY), 0, 0, 10), EBADF);
}

TEST(fadvise64, accepts_and_errors)
{
    int fds[2];

    abi_scratch();
    EQ(pipe(fds), 0);
    EQ(CALL(fadvise64, make("f", "x"), 0, 0, 0), 0);
    FAILS(CALL(fadvise64, 999, 0, 0, 0), EBADF);
    FAILS(CALL(fadvise64, fds[0], 0, 0, 0), ESPIPE);
    FAILS(CALL(fadvise64, open("f", O_RDONLY), 0, 0, 99), EINVAL);
}

static int names_seen(long nr)
{
    char buf[1024];
    int fd = open("d", O_RDONLY | O_DIRECTORY), n = 0;
    long got;

    while ((got = syscall(nr, fd, buf, sizeof(buf))) > 0)
        for (long at = 0; at < got;) {
            unsigned short len;

            memcpy(&len, buf + at + 16, 2);
            n += buf[at + (nr == SYS_getdents ? 18 : 19)] == 'n';
            at += len;
        }
    EQ(got, 0);
    close(fd);
    return n;
}

static void fill_directory(void)
{
    char name[16];

    abi_scratch();
    EQ(mkdir("d", 0755), 0);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "d/n%d", i);
        close(make(name, ""));
    }
}

TEST(getdents, every_name_once_and_errors)
{
    char buf[64];

    fill_directory();
    EQ(names_seen(SYS_getdents), 100);
    FAILS(CALL(getdents, 999, buf, 64), EBADF);
    FAILS(CALL(getdents, open("d", O_RDONLY), buf, 4), EINVAL);
    FAILS(CALL(getdents, open("d/n1", O_RDONLY), buf, 64), ENOTDIR);
}

TEST(getdents64, every_name_once_and_errors)
{
    char buf[64];

    fill_directory();
    EQ(names_seen(SYS_getdents64), 100);
    FAILS(CALL(getdents64, open("d", O_RDONLY), buf, 4), EINVAL);
    FAILS(CALL(getdents64, open("d/n1", O_RDONLY), buf, 64), ENOTDIR);
    FAILS(CALL(getdents64, open("d", O_RDONLY), BAD_ADDRESS, 64), EFAULT);
}

TEST(getcwd, follows_chdir_and_errors)
{
    char buf[256];

    EQ(CALL(chdir, "/dev"), 0);
    EQ(CALL(getcwd, buf, sizeof(buf)), 5);
    CHECK(!strcmp(buf, "/dev"));
    FAILS(CALL(getcwd, buf, 3), ERANGE);
    abi_scratch();
    EQ(mkdir("d", 0755), 0);
    EQ(CALL(chdir, "d"), 0);
    EQ(rmdir("../d"), 0);
    FAILS(CALL(getcwd, buf, sizeof(buf)), ENOENT);
}

TEST(chdir, ENOENT_ENOTDIR_EACCES)
{
    abi_scratch();
    EQ(chmod(".", 0755), 0);
    close(make("f", ""));
    EQ(mkdir("closed", 0700), 0);
    FAILS(CALL(chdir, GONE), ENOENT);
    FAILS(CALL(chdir, "f"), ENOTDIR);
    EQ(setresuid(1000, 1000, 1000), 0);
    FAILS(CALL(chdir, "closed"), EACCES);
}

TEST(fchdir, ENOTDIR_and_EBADF)
{
    abi_scratch();
    FAILS(CALL(fchdir, make("f", "")), ENOTDIR);
    FAILS(CALL(fchdir, 999), EBADF);
}

TEST(rename, replaces_and_errors)
{
    abi_scratch();
    close(make("a", "1"));
    close(make("b", "22"));
    EQ(CALL(rename, "a", "b"), 0);
    EQ(st_of("b").st_size, 1);
    EQ(mkdir("d", 0755), 0);
    EQ(mkdir("d/e", 0755), 0);
    FAILS(CALL(rename, "a", "c"), ENOENT);
    FAILS(CALL(rename, "b", "d"), EISDIR);
    FAILS(CALL(rename, "d", "b"), ENOTDIR);
    FAILS(CALL(rename, "d", "d/e/f"), EINVAL);
    EQ(mkdir("full", 0755), 0);
    close(make("full/x", ""));
    FAILS(CALL(rename, "d", "full"), ENOTEMPTY);
}

TEST(renameat, across_directories_and_EBADF)
{
    int d;

    abi_scratch();
    EQ(mkdir("d", 0755), 0);
    d = open("d", O_RDONLY);
    close(make("a", "1"));
    EQ(CALL(renameat, AT_FDCWD, "a", d, "b"), 0);
    EQ(access("d/b", F_OK), 0);
    FAILS(CALL(renameat, 999, "a", d, "b"), EBADF);
}

TEST(renameat2, exchange_and_errors)
{
    abi_scratch();
    close(make("a", "1"));
    close(make("b", "22"));
    EQ(CALL(renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 2), 0);
    EQ(st_of("a").st_size, 2);
    FAILS(CALL(renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 1), EEXIST);
    FAILS(CALL(renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 3), EINVAL);
}

TEST(mkdir, EEXIST_ENOENT_EACCES)
{
    abi_scratch();
    EQ(chmod(".", 0755), 0);
    EQ(CALL(mkdir, "d", 0700), 0);
    EQ(st_of("d").st_mode & 07777, 0700);
    FAILS(CALL(mkdir, "d", 0700), EEXIST);
    FAILS(CALL(mkdir, "x/y", 0700), ENOENT);
    EQ(setresuid(1000, 1000, 1000), 0);
    FAILS(CALL(mkdir, "e", 0700), EACCES);
}

TEST(mkdirat, relative_and_EBADF)
{
    int d;

    abi_scratch();
    EQ(mkdir("d", 0755), 0);
    d = open("d", O_RDONLY);
    EQ(CALL(mkdirat, d, "e", 0755), 0);
    CHECK(S_ISDIR(st_of("d/e").st_mode));
    FAILS(CALL(mkdirat, 999, "e", 0755), EBADF);
}

TEST(rmdir, removes_and_errors)
{
    abi_scratch();
    EQ(mkdir("d", 0755), 0);
    close(make("d/f", ""));
    FAILS(CALL(rmdir, "d"), ENOTEMPTY);
    FAILS(CALL(rmdir, "d/f"), ENOTDIR);
    FAILS(CALL(rmdir, "d/."), EINVAL);
    EQ(unlink("d/f"), 0);
    EQ(CALL(rmdir, "d"), 0);
    FAILS(CALL(rmdir, "d"), ENOENT);
}

TEST(link, EEXIST_EPERM_ENOENT)
{
    abi_scratch();
    close(make("f", "1"));
    EQ(mkdir("d", 0755), 0);
    EQ(CALL(link, "f", "g"), 0);
    EQ(st_of("g").st_ino, st_of("f").st_ino);
    FAILS(CALL(link, "f", "g"), EEXIST);
    FAILS(CALL(link, "d", "h"), EPERM);
    FAILS(CALL(link, GONE, "h"), ENOENT);
}

TEST(linkat, of_a_symlink_and_EINVAL)
{
    abi_scratch();
    close(make("f", "1"));
    EQ(symlink("f", "l"), 0);
    EQ(CALL(linkat, AT_FDCWD, "l", AT_FDCWD, "m", 0), 0);
    CHECK(S_ISLNK(st_of("m").st_mode));
    EQ(CALL(linkat, AT_FDCWD, "l", AT_FDCWD, "n", AT_SYMLINK_FOLLOW), 0);
    CHECK(S_ISREG(st_of("n").st_mode));
    FAILS(CALL(linkat, AT_FDCWD, "l", AT_FDCWD, "o", 1), EINVAL);
}

TEST(unlink, EISDIR_and_ENOENT)
{
    char c;
    int fd;

    abi_scratch();
    fd = make("f", "x");
    EQ(mkdir("d", 0755), 0);
    EQ(CALL(unlink, "f"), 0);
    EQ(pread(fd, &c, 1, 0), 1); /* open files stay */
    FAILS(CALL(unlink, "f"), ENOENT);
    FAILS(CALL(unlink, "d"), EISDIR);
}

TEST(unlinkat, removedir_and_errors)
{
    abi_scratch();
    EQ(mkdir("d", 0755), 0);
    FAILS(CALL(unlinkat, AT_FDCWD, "d", 0), EISDIR);
    FAILS(CALL(unlinkat, AT_FDCWD, "d", 1), EINVAL);
    EQ(CALL(unlinkat, AT_FDCWD, "d", AT_REMOVEDIR), 0);
    FAILS(CALL(unlinkat, 999, "d", 0), EBADF);
}

TEST(symlink, EEXIST_and_ENOENT)
{
    abi_scratch();
    EQ(CALL(symlink, "a", "l"), 0);
    FAILS(CALL(symlink, "a", "l"), EEXIST);
    FAILS(CALL(symlink, "", "m"), ENOENT);
}

TEST(symlinkat, relative_and_EBADF)
{
    char buf[8] = "";
    int d;

    abi_scratch();
    EQ(mkdir("d", 0755), 0);
    d = open("d", O_RDONLY);
    EQ(CALL(symlinkat, "to", d, "l"), 0);
    EQ(CALL(readlinkat, d, "l", buf, 8), 2);
    CHECK(!strcmp(buf, "to"));
    FAILS(CALL(symlinkat, "to", 999, "l"), EBADF);
}

TEST(readlink, EINVAL_and_truncation)
{
    char buf[4] = "";

    abi_scratch();
    EQ(symlink("abcdef", "l"), 0);
    EQ(CALL(readlink, "l", buf, 3), 3);
    CHECK(!strcmp(buf, "abc"));
    FAILS(CALL(readlink, "l", buf, 0), EINVAL);
    FAILS(CALL(readlink, ".", buf, 3), EINVAL);
    FAILS(CALL(readlink, GONE, buf, 3), ENOENT);
}

TEST(readlinkat, relative_and_errors)
{
    char buf[4] = "";

    abi_scratch();
    EQ(symlink("ab", "l"), 0);
    EQ(CALL(readlinkat, open(".", O_RDONLY), "l", buf, 4), 2);
    FAILS(CALL(readlinkat, 999, "l", buf, 4), EBADF);
    FAILS(CALL(readlinkat, AT_FDCWD, "l", BAD_ADDRESS, 4), EFAULT);
}

TEST(chmod, ENOENT_and_EPERM)
{
    abi_scratch();
    EQ(chmod(".", 0755), 0);
    close(make("f", ""));
    EQ(CALL(chmod, "f", 04711), 0);
    EQ(st_of("f").st_mode & 07777, 04711);
    FAILS(CALL(chmod, GONE, 0), ENOENT);
    EQ(setresuid(1000, 1000, 1000), 0);
    FAILS(CALL(chmod, "f", 0777), EPERM);
}

TEST(fchmod, changes_and_EBADF)
{
    abi_scratch();
    EQ(CALL(fchmod, make("f", ""), 0640), 0);
    EQ(st_of("f").st_mode & 07777, 0640);
    FAILS(CALL(fchmod, 999, 0), EBADF);
}

TEST(fchmodat, relative_and_EBADF)
{
    abi_scratch();
    close(make("f", ""));
    EQ(CALL(fchmodat, open(".", O_RDONLY), "f", 0604), 0);
    EQ(st_of("f").st_mode & 07777, 0604);
    FAILS(CALL(fchmodat, 999, "f", 0), EBADF);
}

TEST(chown, clears_setuid_and_errors)
{
    abi_scratch();
    EQ(chmod(".", 0755), 0);
    close(make("f", ""));
    EQ(chmod("f", 04755), 0);
    EQ(CALL(chown, "f", 1000, 100), 0);
    CHECK(st_of("f").st_uid == 1000 && st_of("f").st_gid == 100);
    EQ(st_of("f").st_mode & 04000, 0);
    FAILS(CALL(chown, GONE, 0, 0), ENOENT);
    EQ(setresuid(1000, 1000, 1000), 0);
    FAILS(CALL(chown, "f", 1001, -1), EPERM);
}

TEST(fchown, changes_and_EBADF)
{
    abi_scratch();
    EQ(CALL(fchown, make("f", ""), 7, -1), 0);
    CHECK(st_of("f").st_uid == 7 && st_of("f").st_gid == 0);
    FAILS(CALL(fchown, 999, 0, 0), EBADF);
}

TEST(lchown, the_link_itself_and_ENOENT)
{
    abi_scratch();
    close(make("f", ""));
    EQ(symlink("f", "l"), 0);
    EQ(CALL(lchown, "l", 9, 9), 0);
    EQ(st_of("l").st_uid, 9);
    EQ(st_of("f").st_uid, 0);
    FAILS(CALL(lchown, GONE, 9, 9), ENOENT);
}

TEST(fchownat, flags_and_EINVAL)
{
    abi_scratch();
    close(make("f", ""));
    EQ(symlink("f", "l"), 0);
    EQ(CALL(fchownat, AT_FDCWD, "l", 5, 5, AT_SYMLINK_NOFOLLOW), 0);
    EQ(st_of("f").st_uid, 0);
    EQ(CALL(fchownat, AT_FDCWD, "l", 6, 6, 0), 0);
    EQ(st_of("f").st_uid, 6);
    FAILS(CALL(fchownat, AT_FDCWD, "l", 6, 6, 1), EINVAL);
}

TEST(umask, masks_new_files)
{
    abi_scratch();
    CALL(umask, 027);
    EQ(CALL(umask, 027), 027);
    close(open("f", O_CREAT | O_WRONLY, 0666));
    EQ(st_of("f").st_mode & 0777, 0640);
}

TEST(mknod, fifo_device_and_errors)
{
    abi_scratch();
    EQ(chmod(".", 0777), 0);
    EQ(CALL(mknod, "p", S_IFIFO | 0600, 0), 0);
    CHECK(S_ISFIFO(st_of("p").st_mode));
    EQ(CALL(mknod, "n", S_IFCHR | 0600, (1 << 8) | 3), 0);
    EQ(st_of("n").st_rdev, makedev(1, 3));
    EQ(write(open("n", O_WRONLY), "x", 1), 1);
    FAILS(CALL(mknod, "p", S_IFIFO | 0600, 0), EEXIST);
    FAILS(CALL(mknod, "d", S_IFDIR | 0600, 0), EPERM);
    EQ(setresuid(1000, 1000, 1000), 0);
    FAILS(CALL(mknod, "c", S_IFCHR | 0600, (1 << 8) | 3), EPERM);
}

TEST(mknodat, relative_and_EBADF)
{
    abi_scratch();
    EQ(CALL(mknodat, open(".", O_RDONLY), "f", S_IFREG | 0600, 0), 0);
    CHECK(S_ISREG(st_of("f").st_mode));
    FAILS(CALL(mknodat, 999, "f", S_IFREG | 0600, 0), EBADF);
}

static void check_times(long atime, long mtime)
{
    struct stat st = st_of("f");

    EQ(st.st_atime, atime);
    EQ(st.st_mtime, mtime);
}

TEST(utime, sets_both_and_ENOENT)
{
    struct utimbuf t = {1000, 2000};

    abi_scratch();
    close(make("f", ""));
    EQ(CALL(utime, "f", &t), 0);
    check_times(1000, 2000);
    FAILS(CALL(utime, GONE, &t), ENOENT);
}

TEST(utimes, sets_both_and_EINVAL)
{
    struct timeval t[2] = {{1000, 5}, {2000, 6}};

    abi_scratch();
    close(make("f", ""));
    EQ(CALL(utimes, "f", t), 0);
    check_times(1000, 2000);
    t[0].tv_usec = 1000000;
    FAILS(CALL(utimes, "f", t), EINVAL);
}

TEST(futimesat, sets_both_and_EBADF)
{
    struct timeval t[2] = {{1000, 5}, {2000, 6}};

    abi_scratch();
    close(make("f", ""));
    EQ(CALL(futimesat, open(".", O_RDONLY), "f", t), 0);
    check_times(1000, 2000);
    FAILS(CALL(futimesat, 999, "f", t), EBADF);
}

TEST(utimensat, omit_and_EINVAL)
{
    struct timespec t[2] = {{1000, 5}, {0, UTIME_OMIT}};
    long mtime;

    abi_scratch();
    close(make("f", ""));
    mtime = st_of("f").st_mtime;
    EQ(CALL(utimensat, AT_FDCWD, "f", t, 0), 0);
    check_times(1000, mtime);
    t[0].tv_nsec = 1000000000;
    FAILS(CALL(utimensat, AT_FDCWD, "f", t, 0), EINVAL);
    FAILS(CALL(utimensat, AT_FDCWD, GONE, NULL, 0), ENOENT);
}

TEST(sendfile, file_to_pipe_and_errors)
{
    char buf[8] = "";
    off_t off = 1;
    int fd, fds[2];

    abi_scratch();
    fd = make("f", "12345");
    EQ(pipe(fds), 0);
    EQ(CALL(sendfile, fds[1], fd, &off, 3), 3);
    EQ(off, 4);
    EQ(read(fds[0], buf, 8), 3);
    CHECK(!strcmp(buf, "234"));
    FAILS(CALL(sendfile, 999, fd, NULL, 1), EBADF);
    FAILS(CALL(sendfile, fds[1], fds[0], NULL, 1), EINVAL);
}

TEST(copy_file_range, copies_and_errors)
{
    char buf[8] = "";
    int a, b;

    abi_scratch();
    a = make("a", "12345");
    b = make("b", "");
    EQ(lseek(a, 0, SEEK_SET), 0);
    EQ(CALL(copy_file_range, a, NULL, b, NULL, 4, 0), 4);
    EQ(pread(b, buf, 8, 0), 4);
    CHECK(!strcmp(buf, "1234"));
    FAILS(CALL(copy_file_range, a, NULL, b, NULL, 4, 1), EINVAL);
    FAILS(CALL(copy_file_range, 999, NULL, b, NULL, 4, 0), EBADF);
}

TEST(memfd_create, EINVAL_and_EFAULT)
{
    int fd = CALL(memfd_create, "x", 1);

    EQ(write(fd, "abc", 3), 3);
    EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    FAILS(CALL(memfd_create, "x", 0x8000), EINVAL);
    FAILS(CALL(memfd_create, BAD_ADDRESS, 0), EFAULT);
}

TEST(close_range, EINVAL)
{
    EQ(dup2(1, 60), 60);
    EQ(CALL(close_range, 50, 70, 0), 0);
    FAILS(fcntl(60, F_GETFD), EBADF);
    FAILS(CALL(close_range, 5, 4, 0), EINVAL);
    FAILS(CALL(close_range, 50, 70, 8), EINVAL);
}
