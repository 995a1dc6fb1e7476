/* abi_mount.c: mounts: file systems, binds, flags, unmounting. */
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include "tests/guest/abi_make.h"

TEST(mount, tmpfs_size_and_busy)
{
    struct statfs s;
    char page[4096];
    abi_scratch();
    EQ(mkdir("m", 0755), 0);
    EQ(mount("none", "m", "tmpfs", 0, "size=64k,mode=700"), 0);
    EQ(mode_of("m"), S_IFDIR | 0700);
    EQ(statfs("m", &s), 0);
    EQ(s.f_blocks, 16);
    int fd = make("m/f", "");
    memset(page, 1, sizeof page);
    for (int i = 0; i < 16; i++) {
        EQ(write(fd, page, sizeof page), sizeof page);
    }
    FAILS(write(fd, page, sizeof page), ENOSPC);
    FAILS(umount("m"), EBUSY);
    close(fd);
    EQ(unlink("m/f"), 0);
    fd = make("m/g", "x");
    FAILS(rename("m/g", "g"), EXDEV);
    close(fd);
    EQ(umount("m"), 0);
    FAILS(access("m/g", F_OK), ENOENT);
    FAILS(umount("m"), EINVAL);
    FAILS(mount("none", "m", "nosuchfs", 0, ""), ENODEV);
    FAILS(mount("none", "m", "tmpfs", 0, "size=nonsense"), EINVAL);
    FAILS(mount("none", "none", "tmpfs", 0, ""), ENOENT);
}

TEST(mount, read_only_bind_and_move)
{
    abi_scratch();
    EQ(mkdir("a", 0755), 0);
    EQ(mkdir("b", 0755), 0);
    EQ(mkdir("c", 0755), 0);
    EQ(mount("none", "a", "tmpfs", 0, ""), 0);
    close(make("a/f", "x"));
    EQ(mount("a", "b", NULL, MS_BIND, NULL), 0);
    EQ(access("b/f", F_OK), 0);
    FAILS(rename("a/f", "b/g"), EXDEV);
    EQ(mount(NULL, "a", NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    FAILS(open("a/f", O_WRONLY), EROFS);
    FAILS(mkdir("a/d", 0755), EROFS);
    FAILS(unlink("a/f"), EROFS);
    FAILS(chmod("a/f", 0600), EROFS);
    EQ(umount("b"), 0);
    EQ(mount("a", "c", NULL, MS_MOVE, NULL), 0);
    EQ(access("c/f", F_OK), 0);
    FAILS(access("a/f", F_OK), ENOENT);
    EQ(umount("c"), 0);
}

TEST(mount, noexec_is_for_mappings_too)
{
    abi_scratch();
    EQ(mkdir("n", 0755), 0);
    EQ(mount("none", "n", "tmpfs", MS_NOEXEC, ""), 0);
    int fd = make("n/f", "x");
    FAILS((long)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0), EPERM);
    char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(p != MAP_FAILED);
    FAILS(mprotect(p, 4096, PROT_READ | PROT_EXEC), EACCES);
    EQ(munmap(p, 4096), 0);
    close(fd);
    EQ(umount("n"), 0);
}

TEST(mount, lazy_unmount_keeps_open_files)
{
    char c;
    abi_scratch();
    EQ(mkdir("m", 0755), 0);
    EQ(mount("none", "m", "tmpfs", 0, ""), 0);
    int fd = make("m/f", "x");
    FAILS(umount2("m", 0), EBUSY);
    EQ(umount2("m", MNT_DETACH), 0);
    FAILS(access("m/f", F_OK), ENOENT);
    EQ(read(fd, &c, 1), 1);
    EQ(c, 'x');
}

TEST(umount2, lazy_takes_the_tree_below)
{
    char text[512];
    abi_scratch();
    EQ(mkdir("m", 0755), 0);
    EQ(mount("none", "m", "tmpfs", 0, ""), 0);
    EQ(mkdir("m/n", 0755), 0);
    EQ(mount("none", "m/n", "tmpfs", 0, ""), 0);
    EQ(mkdir("m/n/in", 0755), 0);
    FAILS(umount2("m", 0), EBUSY);
    pid_t pid = fork();
    if (pid == 0) {
        if (chdir("m/n/in") != 0) {
            _exit(2);
        }
        raise(SIGSTOP);
        (void)!syscall(SYS_getcwd, text, sizeof text);
        _exit(mkdir("still", 0755) == 0 && chdir("../../../..") == 0 ? 0 : 1);
    }
    abi_await_state(pid, "T");
    EQ(umount2("m", MNT_DETACH), 0);
    FAILS(access("m/n", F_OK), ENOENT);
    EQ(mount("none", "m", "tmpfs", 0, ""), 0);
    EQ(umount2("m", 0), 0);
    kill(pid, SIGCONT);
    abi_reap(pid, 0);
}

TEST(umount2, errors)
{
    abi_scratch();
    FAILS(umount2(".", 0), EINVAL);
    FAILS(umount2("none", 0), ENOENT);
    FAILS(umount2(".", 0x100), EINVAL);
    become_nobody();
    FAILS(umount2("/proc", 0), EPERM);
    FAILS(mount("none", "/tmp", "tmpfs", 0, ""), EPERM);
}

static void no_mount_on(int fd)
{
    char path[32];
    CHECK(fd >= 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    FAILS(umount2(path, 0), EINVAL);
    FAILS(umount2(path, MNT_DETACH), EINVAL);
    FAILS(mount("none", path, "tmpfs", 0, ""), EINVAL);
    FAILS(mount(NULL, path, NULL, MS_REMOUNT, NULL), EINVAL);
    FAILS(mount(path, "f", NULL, MS_BIND, NULL), EINVAL);
    FAILS(mount("f", path, NULL, MS_BIND, NULL), EINVAL);
    FAILS(mount(path, "f", NULL, MS_MOVE, NULL), EINVAL);
    FAILS(mount(NULL, path, NULL, MS_PRIVATE, NULL), EINVAL);
}

TEST(mount, EINVAL_for_files_without_a_name)
{
    int p[2];
    abi_scratch();
    close(make("f", "x"));
    EQ(pipe(p), 0);
    no_mount_on((int)syscall(SYS_memfd_create, "m", 0));
    no_mount_on(p[0]);
}
