/* abi_file.c: files, folders, names, descriptors. */
#include <dirent.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <utime.h>

#include "tests/guest/abi.h"

static int make(const char *text)
{
    abi_scratch();
    int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0);
    EQ(write(fd, text, strlen(text)), strlen(text));
    EQ(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

TEST(open, creates_and_errors)
{
    close(make("abc"));
    FAILS(open("f", O_CREAT | O_EXCL | O_WRONLY, 0644), EEXIST);
    FAILS(open("g", O_RDONLY), ENOENT);
    FAILS(open("f/x", O_RDONLY), ENOTDIR);
    FAILS(open(".", O_WRONLY), EISDIR);
    FAILS(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
    FAILS(syscall(SYS_open, BAD_ADDRESS, 0), EFAULT);
    FAILS(open("", O_RDONLY), ENOENT);
}

TEST(open, name_too_long)
{
    char name[5000];
    memset(name, 'n', sizeof name);
    name[300] = 0;
    abi_scratch();
    FAILS(open(name, O_RDONLY), ENAMETOOLONG);
    for (int i = 0; i < 4999; i++) {
        name[i] = i & 1 ? '/' : '.';
    }
    name[4999] = 0;
    FAILS(open(name, O_RDONLY), ENAMETOOLONG);
}

TEST(open, lowest_descriptor)
{
    int a = open("/dev/null", O_RDONLY), b = open("/dev/null", O_RDONLY);
    close(a);
    EQ(open("/dev/null", O_RDONLY), a);
    CHECK(b > a);
}

TEST(open, truncates_and_appends)
{
    close(make("0123456789"));
    int fd = open("f", O_WRONLY | O_APPEND);
    lseek(fd, 0, SEEK_SET);
    EQ(write(fd, "ab", 2), 2);
    EQ(lseek(fd, 0, SEEK_CUR), 12);
    close(fd);
    struct stat st;
    stat("f", &st);
    EQ(st.st_size, 12);
    close(open("f", O_WRONLY | O_TRUNC));
    stat("f", &st);
    EQ(st.st_size, 0);
}

TEST(open, permissions_of_another_user)
{
    close(make("x"));
    chmod("f", 0600);
    EQ(setuid(65534), 0);
    FAILS(open("f", O_RDONLY), EACCES);
    FAILS(open("/etc/passwd", O_WRONLY), EACCES);
}

TEST(openat, relative_to_folder)
{
    close(make("x"));
    mkdir("d", 0755);
    int d = open("d", O_RDONLY | O_DIRECTORY);
    int fd = openat(d, "in", O_CREAT | O_WRONLY, 0644);
    CHECK(fd >= 0);
    EQ(access("d/in", F_OK), 0);
    FAILS(openat(77, "in", O_RDONLY), EBADF);
    FAILS(openat(fd, "in", O_RDONLY), ENOTDIR);
}

TEST(creat, makes_file)
{
    abi_scratch();
    CHECK(syscall(SYS_creat, "c", 0600) >= 0);
    EQ(access("c", W_OK), 0);
    FAILS(syscall(SYS_creat, "no/c", 0600), ENOENT);
}

TEST(close, EBADF)
{
    int fd = dup(0);
    EQ(close(fd), 0);
    FAILS(close(fd), EBADF);
    FAILS(close(-1), EBADF);
}

TEST(read, offset_moves)
{
    char b[8] = "";
    int fd = make("0123456789");
    EQ(read(fd, b, 4), 4);
    EQ(read(fd, b, 4), 4);
    CHECK(memcmp(b, "4567", 4) == 0);
    EQ(read(fd, b, 8), 2);
    EQ(read(fd, b, 8), 0);
    int w = open("f", O_WRONLY);
    FAILS(read(w, b, 1), EBADF);
    FAILS(read(open(".", O_RDONLY), b, 1), EISDIR);
}

TEST(write, hole_reads_zero)
{
    char b[16];
    int fd = make("abc");
    EQ(lseek(fd, 100000, SEEK_SET), 100000);
    EQ(write(fd, "z", 1), 1);
    EQ(pread(fd, b, 4, 2), 4);
    CHECK(memcmp(b, "c\0\0\0", 4) == 0);
    EQ(pread(fd, b, 4, 99999), 2);
    EQ(b[1], 'z');
    FAILS(write(open("f", O_RDONLY), "x", 1), EBADF);
}

TEST(pread64, leaves_the_offset)
{
    char b[4];
    int fd = make("0123456789");
    EQ(pread(fd, b, 3, 5), 3);
    CHECK(memcmp(b, "567", 3) == 0);
    EQ(lseek(fd, 0, SEEK_CUR), 0);
    FAILS(pread(fd, b, 1, -1), EINVAL);
}

TEST(pwrite64, leaves_the_offset)
{
    char b[4];
    int fd = make("0123456789");
    EQ(pwrite(fd, "AB", 2, 4), 2);
    EQ(lseek(fd, 0, SEEK_CUR), 0);
    pread(fd, b, 4, 3);
    CHECK(memcmp(b, "3AB6", 4) == 0);
    int p[2];
    pipe(p);
    FAILS(pwrite(p[1], "x", 1, 0), ESPIPE);
}

TEST(lseek, whence)
{
    int fd = make("0123456789");
    EQ(lseek(fd, -3, SEEK_END), 7);
    EQ(lseek(fd, 2, SEEK_CUR), 9);
    FAILS(lseek(fd, -1, SEEK_SET), EINVAL);
    FAILS(lseek(fd, 0, 99), EINVAL);
    FAILS(lseek(77, 0, SEEK_SET), EBADF);
}

TEST(stat, fields)
{
    struct stat a, b;
    int fd = make("0123456789");
    EQ(stat("f", &a), 0);
    EQ(fstat(fd, &b), 0);
    EQ(a.st_ino, b.st_ino);
    EQ(a.st_dev, b.st_dev);
    EQ(a.st_size, 10);
    EQ(a.st_nlink, 1);
    EQ(a.st_uid, 0);
    EQ(a.st_mode, S_IFREG | 0644);
    CHECK(a.st_mtime > 0 && a.st_blksize > 0);
    FAILS(stat("none", &a), ENOENT);
    FAILS(syscall(SYS_stat, "f", BAD_ADDRESS), EFAULT);
    FAILS(fstat(77, &a), EBADF);
}

TEST(stat, devices)
{
    struct stat st;
    EQ(stat("/dev/null", &st), 0);
    CHECK(S_ISCHR(st.st_mode));
    EQ(major(st.st_rdev), 1);
    EQ(minor(st.st_rdev), 3);
}

TEST(lstat, sees_the_link)
{
    struct stat st;
    close(make("abc"));
    symlink("f", "l");
    EQ(lstat("l", &st), 0);
    CHECK(S_ISLNK(st.st_mode));
    EQ(st.st_size, 1);
    EQ(stat("l", &st), 0);
    CHECK(S_ISREG(st.st_mode));
    FAILS(lstat("m", &st), ENOENT);
}

TEST(newfstatat, empty_path)
{
    struct stat st;
    int fd = make("abc");
    EQ(fstatat(fd, "", &st, AT_EMPTY_PATH), 0);
    EQ(st.st_size, 3);
    FAILS(fstatat(fd, "", &st, 0), ENOENT);
    FAILS(syscall(SYS_newfstatat, AT_FDCWD, "f", &st, 0x8), EINVAL);
}

TEST(statx, basic)
{
    unsigned char x[256] = {0};
    close(make("abcd"));
    EQ(syscall(SYS_statx, AT_FDCWD, "f", 0, 0x7ff, x), 0);
    EQ(*(uint64_t *)(x + 40), 4);
    FAILS(syscall(SYS_statx, AT_FDCWD, "g", 0, 0x7ff, x), ENOENT);
}

TEST(access, modes)
{
    close(make("x"));
    EQ(access("f", R_OK | W_OK), 0);
    FAILS(access("f", X_OK), EACCES);
    FAILS(access("g", F_OK), ENOENT);
    FAILS(access("f", 8), EINVAL);
    EQ(faccessat(AT_FDCWD, "f", R_OK, 0), 0);
}

TEST(dup, shares_the_offset)
{
    int fd = make("0123456789"), two = dup(fd);
    lseek(fd, 4, SEEK_SET);
    EQ(lseek(two, 0, SEEK_CUR), 4);
    FAILS(dup(77), EBADF);
}

TEST(dup2, replaces)
{
    int fd = make("abc");
    EQ(dup2(fd, 20), 20);
    EQ(dup2(fd, fd), fd);
    EQ(lseek(20, 0, SEEK_END), 3);
    FAILS(dup2(77, 5), EBADF);
    FAILS(dup2(fd, -1), EBADF);
}

TEST(dup3, flags)
{
    int fd = make("abc");
    EQ(dup3(fd, 21, O_CLOEXEC), 21);
    EQ(fcntl(21, F_GETFD), FD_CLOEXEC);
    FAILS(syscall(SYS_dup3, fd, fd, 0), EINVAL);
}

TEST(fcntl, descriptor_and_status_flags)
{
    int fd = make("abc");
    EQ(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
    EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
    EQ(fcntl(fd, F_SETFL, O_APPEND), 0);
    CHECK(fcntl(fd, F_GETFL) & O_APPEND);
    EQ(fcntl(fd, F_DUPFD, 30), 30);
    FAILS(fcntl(fd, 9999), EINVAL);
    FAILS(fcntl(77, F_GETFD), EBADF);
}

TEST(fcntl, record_locks)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10};
    int fd = make("0123456789abcdef");
    EQ(fcntl(fd, F_SETLK, &l), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct flock k = l;
        k.l_start = 5;
        int busy = fcntl(fd, F_SETLK, &k) < 0 && (errno == EAGAIN || errno == EACCES);
        k.l_start = 10;
        _exit(busy && fcntl(fd, F_SETLK, &k) == 0 ? 0 : 1);
    }
    abi_reap(pid, 0);
}

TEST(flock, excludes)
{
    close(make("x"));
    int a = open("f", O_RDONLY), b = open("f", O_RDONLY);
    EQ(flock(a, LOCK_EX), 0);
    FAILS(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    EQ(flock(a, LOCK_UN), 0);
    EQ(flock(b, LOCK_SH | LOCK_NB), 0);
    FAILS(flock(77, LOCK_SH), EBADF);
}

TEST(ftruncate, grows_with_zeros)
{
    char b[4];
    int fd = make("0123456789");
    EQ(ftruncate(fd, 3), 0);
    EQ(ftruncate(fd, 6), 0);
    EQ(pread(fd, b, 4, 2), 4);
    CHECK(memcmp(b, "2\0\0\0", 4) == 0);
    FAILS(ftruncate(fd, -1), EINVAL);
    FAILS(ftruncate(open("f", O_RDONLY), 0), EINVAL);
    EQ(truncate("f", 1), 0);
    FAILS(truncate("g", 1), ENOENT);
}

TEST(mkdir, and_rmdir)
{
    struct stat st;
    abi_scratch();
    EQ(mkdir("d", 0700), 0);
    stat("d", &st);
    EQ(st.st_mode, S_IFDIR | 0700);
    EQ(st.st_nlink, 2);
    FAILS(mkdir("d", 0700), EEXIST);
    abi_file("d/f", "x");
    FAILS(rmdir("d"), ENOTEMPTY);
    FAILS(rmdir("d/f"), ENOTDIR);
    unlink("d/f");
    EQ(rmdir("d"), 0);
    FAILS(rmdir("d"), ENOENT);
}

TEST(unlink, file_lives_while_open)
{
    char b[4];
    int fd = make("abc");
    EQ(unlink("f"), 0);
    FAILS(access("f", F_OK), ENOENT);
    EQ(read(fd, b, 4), 3);
    mkdir("d", 0755);
    FAILS(unlink("d"), EISDIR);
    FAILS(unlink("f"), ENOENT);
}

TEST(unlinkat, removes_folder)
{
    abi_scratch();
    mkdir("d", 0755);
    FAILS(unlinkat(AT_FDCWD, "d", 0), EISDIR);
    EQ(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR), 0);
    FAILS(unlinkat(AT_FDCWD, "d", 0x1), EINVAL);
}

TEST(link, counts)
{
    struct stat a, b;
    close(make("abc"));
    EQ(link("f", "g"), 0);
    stat("f", &a);
    stat("g", &b);
    EQ(a.st_ino, b.st_ino);
    EQ(a.st_nlink, 2);
    FAILS(link("f", "g"), EEXIST);
    FAILS(link("h", "i"), ENOENT);
}

TEST(symlink, and_readlink)
{
    char b[16] = "";
    abi_scratch();
    EQ(symlink("target", "l"), 0);
    EQ(readlink("l", b, sizeof b), 6);
    EQ(readlink("l", b, 3), 3);
    CHECK(memcmp(b, "target", 6) == 0);
    FAILS(symlink("x", "l"), EEXIST);
    FAILS(readlink(".", b, 4), EINVAL);
    symlink("loop", "loop");
    FAILS(open("loop", O_RDONLY), ELOOP);
    FAILS(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
}

TEST(readlink, proc_self_exe)
{
    char b[256] = "";
    CHECK(readlink("/proc/self/exe", b, sizeof b) > 0);
    CHECK(strncmp(b, "/tests/", 7) == 0);
}

TEST(rename, replaces)
{
    char b[4] = "";
    close(make("new"));
    abi_file("old", "old");
    EQ(rename("f", "old"), 0);
    FAILS(access("f", F_OK), ENOENT);
    read(open("old", O_RDONLY), b, 3);
    CHECK(strcmp(b, "new") == 0);
    FAILS(rename("f", "x"), ENOENT);
    mkdir("d", 0755);
    FAILS(rename("old", "d"), EISDIR);
    FAILS(rename("d", "old"), ENOTDIR);
    FAILS(rename("d", "d/e"), EINVAL);
}

TEST(renameat2, noreplace)
{
    close(make("a"));
    abi_file("g", "b");
    FAILS(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "g", 1), EEXIST);
    EQ(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "h", 1), 0);
}

TEST(getdents64, lists_all)
{
    abi_scratch();
    char name[16];
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "n%d", i);
        abi_file(name, "");
    }
    int seen = 0, dots = 0;
    DIR *d = opendir(".");
    for (struct dirent *e; (e = readdir(d));) {
        seen += e->d_name[0] == 'n';
        dots += e->d_name[0] == '.';
        CHECK(e->d_type == (e->d_name[0] == 'n' ? DT_REG : DT_DIR));
    }
    EQ(seen, 300);
    EQ(dots, 2);
    char buf[8];
    lseek(dirfd(d), 0, SEEK_SET);
    FAILS(syscall(SYS_getdents64, dirfd(d), buf, 8), EINVAL);
}

TEST(getdents64, ENOTDIR)
{
    char buf[512];
    int fd = make("abc");
    FAILS(syscall(SYS_getdents64, fd, buf, sizeof buf), ENOTDIR);
}

TEST(chdir, and_getcwd)
{
    char b[256], want[300];
    abi_scratch();
    getcwd(want, 256);
    mkdir("d", 0755);
    EQ(chdir("d"), 0);
    CHECK(getcwd(b, sizeof b) != NULL);
    strcat(want, "/d");
    CHECK(strcmp(b, want) == 0);
    FAILS(syscall(SYS_getcwd, b, 2), ERANGE);
    FAILS(chdir("none"), ENOENT);
    EQ(chdir("../d/./.."), 0);
}

TEST(fchdir, goes_there)
{
    abi_scratch();
    int here = open(".", O_RDONLY | O_DIRECTORY);
    chdir("/");
    EQ(fchdir(here), 0);
    int fd = open("f", O_CREAT | O_RDWR, 0600);
    FAILS(fchdir(fd), ENOTDIR);
}

TEST(chmod, and_fchmod)
{
    struct stat st;
    int fd = make("x");
    EQ(chmod("f", 04711), 0);
    stat("f", &st);
    EQ(st.st_mode & 07777, 04711);
    EQ(fchmod(fd, 0600), 0);
    fstat(fd, &st);
    EQ(st.st_mode & 07777, 0600);
    FAILS(chmod("g", 0600), ENOENT);
    setuid(65534);
    FAILS(chmod("f", 0777), EPERM);
}

TEST(chown, sets_owner)
{
    struct stat st;
    int fd = make("x");
    EQ(chown("f", 7, 8), 0);
    EQ(fchown(fd, -1, 9), 0);
    stat("f", &st);
    EQ(st.st_uid * 100 + st.st_gid, 709);
    setuid(65534);
    FAILS(chown("f", 65534, -1), EPERM);
}

TEST(utimensat, sets_times)
{
    struct stat st;
    struct timespec t[2] = {{1000, 5}, {2000, 7}};
    close(make("x"));
    EQ(utimensat(AT_FDCWD, "f", t, 0), 0);
    stat("f", &st);
    EQ(st.st_atim.tv_sec, 1000);
    EQ(st.st_mtim.tv_nsec, 7);
    FAILS(utimensat(AT_FDCWD, "g", t, 0), ENOENT);
}

TEST(mknod, char_device)
{
    char c = 1;
    abi_scratch();
    EQ(mknod("zero", S_IFCHR | 0600, makedev(1, 5)), 0);
    int fd = open("zero", O_RDONLY);
    EQ(read(fd, &c, 1), 1);
    EQ(c, 0);
    FAILS(mknod("zero", S_IFCHR | 0600, makedev(1, 5)), EEXIST);
}

TEST(statfs, tmpfs)
{
    struct statfs s;
    EQ(statfs("/tmp", &s), 0);
    EQ(s.f_type, 0x01021994);
    CHECK(s.f_bsize > 0);
    FAILS(statfs("/nowhere", &s), ENOENT);
    FAILS(fstatfs(77, &s), EBADF);
}

TEST(ioctl, ENOTTY)
{
    char b[64];
    int fd = make("x");
    FAILS(ioctl(fd, 0x5401, b), ENOTTY);
    FAILS(ioctl(77, 0x5401, b), EBADF);
}

TEST(fsync, ok_and_EBADF)
{
    int fd = make("x");
    EQ(fsync(fd), 0);
    EQ(fdatasync(fd), 0);
    FAILS(fsync(77), EBADF);
}

TEST(sendfile, copies)
{
    char b[8] = "";
    off_t off = 2;
    int fd = make("0123456789"), out = open("g", O_RDWR | O_CREAT, 0600);
    EQ(sendfile(out, fd, &off, 5), 5);
    EQ(off, 7);
    pread(out, b, 5, 0);
    CHECK(strcmp(b, "23456") == 0);
    FAILS(sendfile(77, fd, NULL, 1), EBADF);
}

TEST(mount, tmpfs_and_umount)
{
    abi_scratch();
    mkdir("m", 0755);
    EQ(mount("none", "m", "tmpfs", 0, NULL), 0);
    abi_file("m/x", "y");
    EQ(access("m/x", F_OK), 0);
    FAILS(rmdir("m"), EBUSY);
    EQ(umount("m"), 0);
    FAILS(access("m/x", F_OK), ENOENT);
    FAILS(mount("none", "m", "nonsensefs", 0, NULL), ENODEV);
    FAILS(mount("none", "none", "tmpfs", 0, NULL), ENOENT);
}

TEST(read, device_files)
{
    char b[16] = "";
    EQ(read(open("/dev/null", O_RDONLY), b, 8), 0);
    memset(b, 1, sizeof b);
    EQ(read(open("/dev/zero", O_RDONLY), b, 8), 8);
    EQ(b[0] | b[7], 0);
    EQ(write(open("/dev/null", O_WRONLY), b, 8), 8);
    FAILS(write(open("/dev/full", O_WRONLY), b, 8), ENOSPC);
    EQ(read(open("/dev/urandom", O_RDONLY), b, 8), 8);
}

TEST(close_range, closes)
{
    int a = dup(0), b = dup(0);
    EQ(syscall(SYS_close_range, a, b, 0), 0);
    FAILS(fcntl(a, F_GETFD), EBADF);
    FAILS(fcntl(b, F_GETFD), EBADF);
    FAILS(syscall(SYS_close_range, 9, 3, 0), EINVAL);
}

TEST(memfd_create, is_a_file)
{
    int fd = (int)syscall(SYS_memfd_create, "m", 0);
    CHECK(fd >= 0);
    EQ(write(fd, "abc", 3), 3);
    EQ(lseek(fd, 0, SEEK_END), 3);
    FAILS(syscall(SYS_memfd_create, "m", 0x800), EINVAL);
}

TEST(fallocate, grows)
{
    struct stat st;
    int fd = make("x");
    EQ(fallocate(fd, 0, 0, 10000), 0);
    fstat(fd, &st);
    EQ(st.st_size, 10000);
    FAILS(fallocate(77, 0, 0, 1), EBADF);
}

TEST(lseek, data_and_hole_in_a_file_of_many_exabytes)
{
    int fd = (int)syscall(SYS_memfd_create, "m", 0);
    CHECK(fd >= 0);
    EQ(ftruncate(fd, 1L << 62), 0);
    FAILS(lseek(fd, 0, SEEK_DATA), ENXIO);
    EQ(lseek(fd, 5, SEEK_HOLE), 5);
    EQ(pwrite(fd, "x", 1, 1L << 40), 1);
    EQ(lseek(fd, 5, SEEK_DATA), 1L << 40);
    EQ(lseek(fd, (1L << 40) + 7, SEEK_DATA), (1L << 40) + 7);
    EQ(lseek(fd, (1L << 40) + 7, SEEK_HOLE), (1L << 40) + 4096);
    FAILS(lseek(fd, (1L << 40) + 4096, SEEK_DATA), ENXIO);
}
