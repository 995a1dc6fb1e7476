/* abi_fs.c: names and what hangs on them: the *at calls, openat2, renames, owners, modes, times, folders. */
#include <dirent.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <utime.h>
#include "tests/guest/abi_make.h"

struct how {
    uint64_t flags, mode, resolve;
};

TEST(mkdirat, umask_links_and_errors)
{
    abi_scratch();
    umask(027);
    int d = open(".", O_RDONLY | O_DIRECTORY);
    EQ(mkdirat(d, "a", 0777), 0);
    EQ(mode_of("a"), S_IFDIR | 0750);
    EQ(mkdirat(d, "a/b/", 0777), 0);
    EQ(links_of("a"), 3);
    EQ(rmdir("a/b"), 0);
    EQ(links_of("a"), 2);
    FAILS(mkdirat(d, "a", 0777), EEXIST);
    FAILS(mkdirat(d, "none/b", 0777), ENOENT);
    FAILS(mkdirat(99, "b", 0777), EBADF);
    FAILS(mkdir("/", 0777), EEXIST);
    FAILS(mkdir(".", 0777), EEXIST);
}

TEST(rmdir, errors)
{
    abi_scratch();
    EQ(mkdir("d", 0755), 0);
    EQ(mkdir("d/e", 0755), 0);
    FAILS(rmdir("d"), ENOTEMPTY);
    FAILS(rmdir("d/."), EINVAL);
    FAILS(rmdir("d/e/.."), ENOTEMPTY);
    FAILS(rmdir("/"), EBUSY);
    FAILS(rmdir("/proc"), EBUSY);
    close(make("f", ""));
    FAILS(rmdir("f"), ENOTDIR);
}

TEST(rmdir, open_folder_is_dead)
{
    char text[256];
    abi_scratch();
    EQ(mkdir("d", 0755), 0);
    int d = open("d", O_RDONLY | O_DIRECTORY);
    EQ(chdir("d"), 0);
    EQ(rmdir("../d"), 0);
    FAILS(openat(d, "x", O_CREAT | O_WRONLY, 0644), ENOENT);
    FAILS(mkdirat(d, "x", 0755), ENOENT);
    FAILS(syscall(SYS_getcwd, text, sizeof text), ENOENT);
    FAILS(syscall(SYS_getdents64, d, text, sizeof text), ENOENT);
    EQ(chdir(".."), 0);
}

TEST(mknodat, fifo_and_device)
{
    struct stat st;
    abi_scratch();
    EQ(mknodat(AT_FDCWD, "p", S_IFIFO | 0600, 0), 0);
    EQ(mode_of("p"), S_IFIFO | 0600);
    EQ(mknod("n", S_IFCHR | 0666, 0x103), 0);
    EQ(stat("n", &st), 0);
    EQ(st.st_rdev, 0x103);
    int fd = open("n", O_WRONLY);
    EQ(write(fd, "abc", 3), 3);
    EQ(mknod("r", 0640, 0), 0);
    EQ(mode_of("r") & S_IFMT, S_IFREG);
    FAILS(mknod("n", S_IFIFO | 0600, 0), EEXIST);
    FAILS(mknod("d", S_IFDIR | 0600, 0), EPERM);
    EQ(mknod("x", S_IFCHR | 0666, 0xfe00), 0);
    FAILS(open("x", O_RDONLY), ENXIO);
    become_nobody();
    FAILS(mknod("/tmp/m", S_IFCHR | 0666, 0x103), EPERM);
}

TEST(symlinkat, and_readlinkat)
{
    char text[64] = "";
    abi_scratch();
    int d = open(".", O_RDONLY | O_DIRECTORY);
    EQ(symlinkat("over/there", d, "l"), 0);
    EQ(readlinkat(d, "l", text, sizeof text), 10);
    CHECK(memcmp(text, "over/there", 10) == 0);
    EQ(mode_of("l"), S_IFLNK | 0777);
    FAILS(symlinkat("", d, "m"), ENOENT);
    FAILS(symlinkat("x", d, "l"), EEXIST);
    FAILS(symlinkat("x", d, "new/"), ENOENT);
    FAILS(readlinkat(d, "none", text, 4), ENOENT);
}

TEST(readlinkat, of_an_O_PATH_link)
{
    char text[64] = "";
    abi_scratch();
    EQ(symlink("target", "l"), 0);
    int fd = open("l", O_PATH | O_NOFOLLOW);
    CHECK(fd >= 0);
    EQ(readlinkat(fd, "", text, sizeof text), 6);
    FAILS(syscall(SYS_readlinkat, fd, "", text, 0), EINVAL);
    FAILS(read(fd, text, 1), EBADF);
}

TEST(linkat, flags)
{
    char path[64];
    abi_scratch();
    int fd = make("f", "abc");
    EQ(symlink("f", "s"), 0);
    EQ(linkat(AT_FDCWD, "s", AT_FDCWD, "s2", 0), 0);
    EQ(mode_of("s2") & S_IFMT, S_IFLNK);
    EQ(linkat(AT_FDCWD, "s", AT_FDCWD, "g", AT_SYMLINK_FOLLOW), 0);
    EQ(links_of("f"), 2);
    FAILS(linkat(AT_FDCWD, "f", AT_FDCWD, "g", 0), EEXIST);
    FAILS(linkat(AT_FDCWD, "f", AT_FDCWD, "h", 0x4), EINVAL);
    EQ(mkdir("d", 0755), 0);
    FAILS(link("d", "d2"), EPERM);
    FAILS(link("f", "/proc/f"), ENOENT);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    EQ(linkat(AT_FDCWD, path, AT_FDCWD, "h", AT_SYMLINK_FOLLOW), 0);
    EQ(links_of("h"), 3);
}

TEST(openat, tmpfile_gets_a_name)
{
    char path[64], text[4];
    abi_scratch();
    int fd = open(".", O_TMPFILE | O_RDWR, 0600);
    CHECK(fd >= 0);
    EQ(write(fd, "abc", 3), 3);
    struct stat st;
    EQ(fstat(fd, &st), 0);
    EQ(st.st_nlink, 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    EQ(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), 0);
    EQ(links_of("named"), 1);
    EQ(read(open("named", O_RDONLY), text, 4), 3);
    FAILS(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
}

TEST(openat, through_proc_fd)
{
    char path[64], text[4];
    int p[2];
    EQ(pipe(p), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", p[1]);
    int w = open(path, O_WRONLY);
    CHECK(w >= 0);
    EQ(write(w, "xy", 2), 2);
    EQ(read(p[0], text, 4), 2);
}

TEST(openat, O_PATH_limits)
{
    struct stat st;
    char c;
    abi_scratch();
    close(make("f", "abc"));
    int fd = open("f", O_PATH);
    CHECK(fd >= 0);
    EQ(fstat(fd, &st), 0);
    EQ(st.st_size, 3);
    FAILS(read(fd, &c, 1), EBADF);
    FAILS(syscall(SYS_fchmod, fd, 0600), EBADF);
    FAILS(ftruncate(fd, 0), EBADF);
    FAILS(ioctl(fd, 0x541b, &c), EBADF);
    CHECK(fcntl(fd, F_GETFL) & O_PATH);
    int two = dup(fd);
    CHECK(two >= 0);
    EQ(close(two), 0);
}

TEST(openat, trailing_slashes)
{
    abi_scratch();
    close(make("f", ""));
    EQ(mkdir("d", 0755), 0);
    EQ(symlink("d", "ld"), 0);
    EQ(symlink("f", "lf"), 0);
    FAILS(open("f/", O_RDONLY), ENOTDIR);
    FAILS(open("lf/", O_RDONLY), ENOTDIR);
    FAILS(open("g/", O_CREAT | O_WRONLY, 0644), EISDIR);
    CHECK(open("ld/", O_RDONLY | O_NOFOLLOW) >= 0);
    FAILS(open("ld", O_RDONLY | O_NOFOLLOW), ELOOP);
    CHECK(open("//..//", O_RDONLY) >= 0);
    CHECK(open("d/.././//f", O_RDONLY) >= 0);
    FAILS(open("f/..", O_RDONLY), ENOTDIR);
}

TEST(openat, creates_through_a_dangling_link)
{
    abi_scratch();
    EQ(symlink("real", "l"), 0);
    FAILS(open("l", O_CREAT | O_EXCL | O_WRONLY, 0644), EEXIST);
    FAILS(open("l", O_CREAT | O_NOFOLLOW | O_WRONLY, 0644), ELOOP);
    CHECK(open("l", O_CREAT | O_WRONLY, 0644) >= 0);
    EQ(access("real", F_OK), 0);
    EQ(symlink("no/such", "m"), 0);
    FAILS(open("m", O_CREAT | O_WRONLY, 0644), ENOENT);
}

TEST(openat, forty_links)
{
    char from[16], to[16];
    abi_scratch();
    close(make("l0", "x"));
    for (int i = 1; i <= 41; i++) {
        snprintf(from, sizeof from, "l%d", i - 1);
        snprintf(to, sizeof to, "l%d", i);
        EQ(symlink(from, to), 0);
    }
    CHECK(open("l40", O_RDONLY) >= 0);
    FAILS(open("l41", O_RDONLY), ELOOP);
}

TEST(openat2, resolve)
{
    struct how h = {.flags = O_RDONLY};
    abi_scratch();
    EQ(mkdir("d", 0755), 0);
    close(make("d/f", "x"));
    EQ(symlink("f", "d/l"), 0);
    EQ(symlink("/etc/passwd", "d/abs"), 0);
    int d = open("d", O_RDONLY | O_DIRECTORY);
    CHECK(syscall(SYS_openat2, d, "f", &h, sizeof h) >= 0);
    h.resolve = 0x8; /* BENEATH */
    FAILS(syscall(SYS_openat2, d, "../d/f", &h, sizeof h), EXDEV);
    FAILS(syscall(SYS_openat2, d, "abs", &h, sizeof h), EXDEV);
    CHECK(syscall(SYS_openat2, d, "l", &h, sizeof h) >= 0);
    h.resolve = 0x10; /* IN_ROOT */
    CHECK(syscall(SYS_openat2, d, "/../f", &h, sizeof h) >= 0);
    FAILS(syscall(SYS_openat2, d, "abs", &h, sizeof h), ENOENT);
    h.resolve = 0x4; /* NO_SYMLINKS */
    FAILS(syscall(SYS_openat2, d, "l", &h, sizeof h), ELOOP);
    h.resolve = 0x1; /* NO_XDEV */
    FAILS(syscall(SYS_openat2, AT_FDCWD, "/proc/version", &h, sizeof h), EXDEV);
    h.resolve = 0;
    h.mode = 0600;
    FAILS(syscall(SYS_openat2, d, "f", &h, sizeof h), EINVAL);
    FAILS(syscall(SYS_openat2, d, "f", &h, 8), EINVAL);
    FAILS(syscall(SYS_openat2, d, "f", BAD_ADDRESS, sizeof h), EFAULT);
}

/* What is no directory is no place to begin at, whatever the name says. */
static void nowhere_to_begin(int fd)
{
    struct how h = {.flags = O_RDONLY, .resolve = 0x10}; /* IN_ROOT */
    struct stat st;

    for (int create = 0; create < 2; create++) {
        h.flags = create ? O_RDWR | O_CREAT : O_RDONLY;
        h.mode = create ? 0600 : 0;
        FAILS(syscall(SYS_openat2, fd, "/", &h, sizeof h), ENOTDIR);
        FAILS(syscall(SYS_openat2, fd, "/x", &h, sizeof h), ENOTDIR);
        FAILS(syscall(SYS_openat2, fd, ".", &h, sizeof h), ENOTDIR);
    }
    FAILS(fstatat(fd, ".", &st, 0), ENOTDIR);
    FAILS(unlinkat(fd, "x", 0), ENOTDIR);
}

TEST(openat2, begins_at_a_directory_only)
{
    int fds[3];

    abi_scratch();
    fds[0] = syscall(SYS_memfd_create, "x", 0);
    fds[1] = make("f", "x");
    EQ(symlink(".", "l"), 0);
    fds[2] = open("l", O_PATH | O_NOFOLLOW);
    for (int i = 0; i < 3; i++) {
        CHECK(fds[i] >= 0);
        nowhere_to_begin(fds[i]);
    }
    pid_t sharer = syscall(SYS_clone, 0x400 /* CLONE_FILES */ | SIGCHLD, 0, 0, 0, 0);
    if (!sharer)
        for (;;)
            pause();
    CHECK(sharer > 0);
    for (int i = 0; i < 3; i++)
        nowhere_to_begin(fds[i]);
    kill(sharer, SIGKILL);
    EQ(waitpid(sharer, NULL, 0), sharer);
}

static pid_t mover_in_and_out(void)
{
    pid_t pid = fork();

    while (!pid) {
        rename("in/a/b", "out/b");
        rename("out/b", "in/a/b");
    }
    return pid;
}

/* in/a/b is moved to out/b while a walk goes up from it: .. from there leads to the folder of the secret. */
TEST(openat2, stays_below_its_start_beside_a_rename)
{
    struct how beneath = {.flags = O_RDONLY, .resolve = 0x8}, in_root = {.flags = O_RDONLY, .resolve = 0x10};
    long end = abi_now_ms() + 1500;

    abi_scratch();
    EQ(mkdir("in", 0755), 0);
    EQ(mkdir("in/a", 0755), 0);
    EQ(mkdir("in/a/b", 0755), 0);
    EQ(mkdir("in/a/b/c", 0755), 0);
    EQ(mkdir("out", 0755), 0);
    close(make("secret", "x"));
    int d = open("in", O_RDONLY | O_DIRECTORY);
    pid_t mover = mover_in_and_out();
    while (abi_now_ms() < end)
        for (int i = 0; i < 100; i++) {
            CHECK(syscall(SYS_openat2, d, "a/b/c/../../../secret", &beneath, sizeof beneath) < 0);
            CHECK(syscall(SYS_openat2, d, "a/b/c/../../../secret", &in_root, sizeof in_root) < 0);
        }
    kill(mover, SIGKILL);
    EQ(waitpid(mover, NULL, 0), mover);
}

static void *come_and_go(void *arg)
{
    long end = abi_now_ms() + 1000;

    while (abi_now_ms() < end)
        if (!mkdir("d", 0755) && !chdir("d")) {
            rmdir("../d");
            chdir(arg);
        }
    return NULL;
}

/* Another thread leaves the directory, which goes with it, while a walk makes it its root. */
TEST(openat2, starts_where_another_thread_leaves)
{
    struct how h = {.flags = O_RDWR | O_CREAT, .mode = 0600, .resolve = 0x10};
    long end = abi_now_ms() + 1000;
    char here[256];
    pthread_t t;

    abi_scratch();
    CHECK(getcwd(here, sizeof here) != NULL);
    EQ(pthread_create(&t, NULL, come_and_go, here), 0);
    while (abi_now_ms() < end) {
        int fd = syscall(SYS_openat2, AT_FDCWD, "/../f", &h, sizeof h), err = errno;
        if (fd >= 0)
            close(fd);
        CHECK(fd >= 0 || err == ENOENT || err == EAGAIN);
    }
    EQ(pthread_join(t, NULL), 0);
}

TEST(renameat, between_folders)
{
    abi_scratch();
    EQ(mkdir("a", 0755), 0);
    EQ(mkdir("b", 0755), 0);
    EQ(mkdir("a/s", 0755), 0);
    int a = open("a", O_RDONLY | O_DIRECTORY), b = open("b", O_RDONLY | O_DIRECTORY);
    EQ(renameat(a, "s", b, "t"), 0);
    EQ(links_of("a"), 2);
    EQ(links_of("b"), 3);
    FAILS(renameat(AT_FDCWD, "b", b, "t/u"), EINVAL);
    FAILS(rename("b/t", "b"), ENOTEMPTY);
    close(make("f", "x"));
    FAILS(rename("f", "a"), EISDIR);
    FAILS(rename("a", "f"), ENOTDIR);
    FAILS(rename("f", "/proc/f"), EXDEV);
    FAILS(rename(".", "x"), EBUSY);
    FAILS(rename("f", "g/"), ENOTDIR);
    EQ(rename("a", "b/t"), 0); /* an empty folder gives way */
    EQ(links_of("b"), 3);
    FAILS(access("a", F_OK), ENOENT);
}

TEST(renameat2, flags)
{
    char text[4] = "";
    abi_scratch();
    close(make("x", "1"));
    close(make("y", "2"));
    FAILS(syscall(SYS_renameat2, AT_FDCWD, "x", AT_FDCWD, "y", 1), EEXIST);
    EQ(syscall(SYS_renameat2, AT_FDCWD, "x", AT_FDCWD, "y", 2), 0);
    EQ(read(open("x", O_RDONLY), text, 1), 1);
    EQ(text[0], '2');
    EQ(mkdir("d", 0755), 0);
    EQ(syscall(SYS_renameat2, AT_FDCWD, "x", AT_FDCWD, "d", 2), 0);
    EQ(mode_of("x") & S_IFMT, S_IFDIR);
    FAILS(syscall(SYS_renameat2, AT_FDCWD, "x", AT_FDCWD, "none", 2), ENOENT);
    FAILS(syscall(SYS_renameat2, AT_FDCWD, "x", AT_FDCWD, "y", 3), EINVAL);
}

TEST(renameat2, EACCES_for_a_directory_that_gets_a_new_parent)
{
    abi_scratch();
    EQ(chmod(".", 0777), 0);
    EQ(mkdir("a", 0777), 0);
    EQ(mkdir("b", 0777), 0);
    EQ(chmod("a", 0777), 0);
    EQ(chmod("b", 0777), 0);
    EQ(mkdir("b/roots", 0755), 0);
    EQ(mkdir("b/roots2", 0755), 0);
    become_nobody();
    EQ(mkdir("a/mine", 0755), 0);
    close(make("a/f", "x"));
    FAILS(syscall(SYS_renameat2, AT_FDCWD, "a/mine", AT_FDCWD, "b/roots", 2), EACCES);
    FAILS(syscall(SYS_renameat2, AT_FDCWD, "b/roots", AT_FDCWD, "a/mine", 2), EACCES);
    FAILS(syscall(SYS_renameat2, AT_FDCWD, "a/f", AT_FDCWD, "b/roots", 2), EACCES);
    EQ(syscall(SYS_renameat2, AT_FDCWD, "b/roots", AT_FDCWD, "b/roots2", 2), 0); /* its parent stays */
}

TEST(rename, same_file_is_nothing)
{
    abi_scratch();
    close(make("f", "x"));
    EQ(link("f", "g"), 0);
    EQ(rename("f", "g"), 0);
    EQ(links_of("f"), 2);
}

TEST(rename, long_names_and_open_files)
{
    char longer[256], cwd[400];
    memset(longer, 'n', 255);
    longer[255] = 0;
    abi_scratch();
    EQ(mkdir("d", 0755), 0);
    EQ(chdir("d"), 0);
    EQ(rename("../d", strcat(strcpy(cwd, "../"), longer)), 0);
    CHECK(getcwd(cwd, sizeof cwd) != NULL);
    CHECK(strcmp(cwd + strlen(cwd) - 255, longer) == 0);
    EQ(rename(strcat(strcpy(cwd, "../"), longer), "../e"), 0);
    CHECK(getcwd(cwd, sizeof cwd) != NULL);
    CHECK(strcmp(cwd + strlen(cwd) - 2, "/e") == 0);
}

TEST(unlink, sticky_folder)
{
    abi_scratch();
    EQ(mkdir("t", 0777), 0);
    EQ(chmod("t", 01777), 0);
    close(make("t/f", "x"));
    EQ(chmod("t/f", 0666), 0);
    EQ(chmod(".", 0755), 0);
    become_nobody();
    FAILS(unlink("t/f"), EPERM);
    FAILS(rename("t/f", "t/g"), EPERM);
    close(make("t/mine", "x"));
    EQ(unlink("t/mine"), 0);
}

TEST(chmod, set_gid_folder_hands_its_group_on)
{
    struct stat st;
    abi_scratch();
    EQ(mkdir("d", 0777), 0);
    EQ(chown("d", -1, 1234), 0);
    EQ(chmod("d", 02777), 0);
    close(make("d/f", "x"));
    EQ(mkdir("d/e", 0755), 0);
    EQ(stat("d/f", &st), 0);
    EQ(st.st_gid, 1234);
    EQ(stat("d/e", &st), 0);
    EQ(st.st_gid, 1234);
    CHECK(st.st_mode & S_ISGID);
}

/* Made in a set-gid folder of group 1234. */
static void check_new_program(const char *name, int fd, mode_t want)
{
    struct stat st;

    CHECK(fd >= 0);
    EQ(fstat(fd, &st), 0);
    EQ(st.st_gid, 1234);
    EQ(st.st_mode & 07777, want);
    close(fd);
    unlink(name);
}

/* One who is not of the folder's group must get no program with its rights. */
TEST(openat, set_gid_folder_makes_no_set_gid_program)
{
    gid_t group = 1234;

    abi_scratch();
    umask(0);
    EQ(mkdir("d", 0777), 0);
    EQ(chown("d", -1, 1234), 0);
    EQ(chmod("d", 02777), 0);
    check_new_program("d/f", open("d/f", O_CREAT | O_EXCL | O_RDWR, 02775), 02775); /* CAP_FSETID */
    for (int member = 0; member < 2; member++) {
        pid_t pid = fork();
        if (!pid) {
            if (member)
                EQ(syscall(SYS_setgroups, 1, &group), 0);
            become_nobody();
            check_new_program("d/f", open("d/f", O_CREAT | O_EXCL | O_RDWR, 02775), member ? 02775 : 0775);
            check_new_program("d/f", open("d", O_TMPFILE | O_RDWR, 02775), member ? 02775 : 0775);
            check_new_program("d/f", open("d/f", O_CREAT | O_EXCL | O_RDWR, 02765), 02765); /* no program for the group */
            EQ(mknod("d/f", S_IFREG | 02775, 0), 0);
            check_new_program("d/f", open("d/f", O_RDONLY), member ? 02775 : 0775);
            EQ(mkdir("d/e", 0775), 0);
            EQ(mode_of("d/e") & 07777, 02775);
            EQ(rmdir("d/e"), 0);
            _exit(0);
        }
        abi_reap(pid, 0);
    }
}

TEST(fchmodat, and_fchmod)
{
    abi_scratch();
    int fd = make("f", "x"), d = open(".", O_RDONLY | O_DIRECTORY);
    EQ(syscall(SYS_fchmodat, d, "f", 0640), 0);
    EQ(mode_of("f"), S_IFREG | 0640);
    EQ(fchmod(fd, 04755), 0);
    EQ(mode_of("f"), S_IFREG | 04755);
    FAILS(syscall(SYS_fchmodat, d, "g", 0640), ENOENT);
    FAILS(fchmod(99, 0), EBADF);
    EQ(chmod(".", 0755), 0);
    become_nobody();
    FAILS(chmod("f", 0777), EPERM);
}

TEST(fchmod, EBADF)
{
    FAILS(fchmod(-1, 0644), EBADF);
}

TEST(fchownat, owner_and_set_id_bits)
{
    struct stat st;
    abi_scratch();
    int fd = make("f", "x");
    EQ(chmod("f", 06755), 0);
    EQ(fchownat(AT_FDCWD, "f", 12, 34, 0), 0);
    EQ(stat("f", &st), 0);
    EQ(st.st_uid, 12);
    EQ(st.st_gid, 34);
    EQ(st.st_mode & 07777, 0755);
    EQ(fchown(fd, -1, 35), 0);
    EQ(stat("f", &st), 0);
    EQ(st.st_uid, 12);
    EQ(st.st_gid, 35);
    FAILS(fchownat(AT_FDCWD, "f", 1, 1, 0x1), EINVAL);
    FAILS(fchown(99, 1, 1), EBADF);
}

TEST(lchown, changes_the_link)
{
    struct stat st;
    abi_scratch();
    close(make("f", "x"));
    EQ(symlink("f", "l"), 0);
    EQ(lchown("l", 7, 8), 0);
    EQ(lstat("l", &st), 0);
    EQ(st.st_uid, 7);
    EQ(stat("f", &st), 0);
    EQ(st.st_uid, 0);
    FAILS(lchown("m", 7, 8), ENOENT);
}

TEST(fchown, another_user_may_not)
{
    abi_scratch();
    int fd = make("f", "x");
    become_nobody();
    FAILS(fchown(fd, 65534, -1), EPERM);
    FAILS(fchown(-1, 0, 0), EBADF);
}

TEST(write, clears_set_id_bits)
{
    abi_scratch();
    close(make("f", "x"));
    EQ(chmod("f", 06777), 0);
    int fd = open("f", O_WRONLY);
    become_nobody();
    EQ(write(fd, "y", 1), 1);
    EQ(mode_of("f") & 07777, 0777);
}

TEST(fallocate, clears_set_id_bits)
{
    abi_scratch();
    close(make("f", "x"));
    for (int punch = 0; punch < 2; punch++) {
        EQ(chmod("f", 06777), 0);
        pid_t pid = fork();
        if (!pid) {
            int fd = open("f", O_WRONLY);
            become_nobody();
            EQ(syscall(SYS_fallocate, fd, punch ? 3 /* PUNCH_HOLE, KEEP_SIZE */ : 0, 0L, 8L), 0);
            _exit(0);
        }
        abi_reap(pid, 0);
        EQ(mode_of("f") & 07777, 0777);
    }
}

TEST(utimensat, values_now_omit)
{
    struct timespec t[2] = {{100, 5}, {200, 6}};
    struct stat st;
    abi_scratch();
    close(make("f", "x"));
    EQ(utimensat(AT_FDCWD, "f", t, 0), 0);
    EQ(stat("f", &st), 0);
    EQ(st.st_atim.tv_sec, 100);
    EQ(st.st_mtim.tv_nsec, 6);
    t[0].tv_nsec = UTIME_OMIT;
    t[1].tv_nsec = UTIME_NOW;
    EQ(utimensat(AT_FDCWD, "f", t, 0), 0);
    EQ(stat("f", &st), 0);
    EQ(st.st_atim.tv_sec, 100);
    CHECK(st.st_mtim.tv_sec > 200);
    t[0].tv_nsec = 1000000000;
    FAILS(utimensat(AT_FDCWD, "f", t, 0), EINVAL);
    FAILS(utimensat(AT_FDCWD, "g", NULL, 0), ENOENT);
}

TEST(utimes, and_utime)
{
    struct timeval tv[2] = {{11, 12}, {13, 14}};
    struct utimbuf u = {21, 22};
    struct stat st;
    abi_scratch();
    close(make("f", "x"));
    EQ(syscall(SYS_utimes, "f", tv), 0);
    EQ(stat("f", &st), 0);
    EQ(st.st_atim.tv_nsec, 12000);
    EQ(st.st_mtim.tv_sec, 13);
    EQ(syscall(SYS_utime, "f", &u), 0);
    EQ(stat("f", &st), 0);
    EQ(st.st_mtim.tv_sec, 22);
    EQ(syscall(SYS_futimesat, AT_FDCWD, "f", tv), 0);
    EQ(stat("f", &st), 0);
    EQ(st.st_atim.tv_sec, 11);
    tv[0].tv_usec = 1000000;
    FAILS(syscall(SYS_utimes, "f", tv), EINVAL);
    FAILS(syscall(SYS_futimesat, AT_FDCWD, "g", NULL), ENOENT);
    FAILS(syscall(SYS_utime, "g", &u), ENOENT);
}

TEST(utime, by_another_user)
{
    struct utimbuf u = {1, 1};
    abi_scratch();
    close(make("f", "x"));
    EQ(chmod("f", 0666), 0);
    EQ(chmod(".", 0755), 0);
    become_nobody();
    EQ(syscall(SYS_utime, "f", NULL), 0); /* now: write permission is enough */
    FAILS(syscall(SYS_utime, "f", &u), EPERM);
}

TEST(futimesat, EFAULT)
{
    abi_scratch();
    close(make("f", "x"));
    FAILS(syscall(SYS_futimesat, AT_FDCWD, "f", BAD_ADDRESS), EFAULT);
    EQ(syscall(SYS_futimesat, AT_FDCWD, "f", NULL), 0);
}

TEST(truncate, mapped_and_errors)
{
    abi_scratch();
    int fd = make("f", "");
    EQ(ftruncate(fd, 3 * 4096), 0);
    char *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    memset(p, 7, 3 * 4096);
    EQ(truncate("f", 100), 0);
    EQ(p[99], 7);
    EQ(p[100], 0);
    EQ(truncate("f", 3 * 4096), 0);
    EQ(p[4096], 0); /* what was cut off is gone */
    EQ(mkdir("d", 0755), 0);
    FAILS(truncate("d", 0), EISDIR);
    FAILS(truncate("f", -1), EINVAL);
    FAILS(truncate("/dev/null", 0), EINVAL);
}

TEST(faccessat, real_ids)
{
    abi_scratch();
    close(make("f", "x"));
    EQ(chmod("f", 0600), 0);
    EQ(chmod(".", 0755), 0);
    EQ(syscall(SYS_faccessat, AT_FDCWD, "f", R_OK), 0);
    FAILS(syscall(SYS_faccessat, AT_FDCWD, "f", X_OK), EACCES);
    EQ(setreuid(65534, 0), 0);
    FAILS(syscall(SYS_faccessat, AT_FDCWD, "f", R_OK), EACCES);
    EQ(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, 0x200), 0);
}

TEST(faccessat2, flags)
{
    abi_scratch();
    EQ(symlink("none", "l"), 0);
    FAILS(syscall(SYS_faccessat2, AT_FDCWD, "l", F_OK, 0), ENOENT);
    EQ(syscall(SYS_faccessat2, AT_FDCWD, "l", F_OK, AT_SYMLINK_NOFOLLOW), 0);
    FAILS(syscall(SYS_faccessat2, AT_FDCWD, "l", F_OK, 0x1), EINVAL);
}

TEST(fstat, pipe_and_device)
{
    struct stat st;
    int p[2];
    EQ(pipe(p), 0);
    EQ(fstat(p[0], &st), 0);
    CHECK(S_ISFIFO(st.st_mode));
    EQ(fstat(open("/dev/zero", O_RDONLY), &st), 0);
    EQ(st.st_rdev, 0x105);
    FAILS(fstat(-1, &st), EBADF);
}

TEST(getcwd, of_a_chroot)
{
    char text[256];
    struct stat a, b;
    abi_scratch();
    EQ(mkdir("r", 0755), 0);
    EQ(mkdir("r/in", 0755), 0);
    EQ(stat("r", &a), 0);
    EQ(chroot("r"), 0);
    EQ(chdir("/in"), 0);
    EQ(syscall(SYS_getcwd, text, sizeof text), 4);
    CHECK(strcmp(text, "/in") == 0);
    EQ(chdir("../../.."), 0);
    EQ(stat(".", &b), 0);
    EQ(a.st_ino, b.st_ino);
    FAILS(syscall(SYS_getcwd, text, 1), ERANGE);
}

TEST(getdents, old_and_new_records)
{
    char buf[512];
    abi_scratch();
    close(make("one", ""));
    int d = open(".", O_RDONLY | O_DIRECTORY);
    long n = syscall(SYS_getdents, d, buf, sizeof buf);
    CHECK(n > 0);
    EQ(syscall(SYS_getdents, d, buf, sizeof buf), 0);
    EQ(lseek(d, 0, SEEK_SET), 0);
    FAILS(syscall(SYS_getdents, d, buf, 4), EINVAL);
    FAILS(syscall(SYS_getdents, open("one", O_RDONLY), buf, sizeof buf), ENOTDIR);
    FAILS(syscall(SYS_getdents64, d, BAD_ADDRESS, 512), EFAULT);
}

TEST(getdents64, thousand_entries_while_some_go)
{
    char name[16];
    int seen[1000] = {0};
    abi_scratch();
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "e%d", i);
        close(make(name, ""));
    }
    DIR *d = opendir(".");
    struct dirent *e;
    for (int n = 0; (e = readdir(d)) != NULL; n++) {
        if (e->d_name[0] != 'e') {
            continue;
        }
        seen[atoi(e->d_name + 1)]++;
        EQ(e->d_type, DT_REG);
        if (atoi(e->d_name + 1) % 2) {
            EQ(unlink(e->d_name), 0);
        }
    }
    for (int i = 0; i < 1000; i++) {
        EQ(seen[i], 1);
    }
}
