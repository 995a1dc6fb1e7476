/* abi_vectors.c: vectors, advice, room, copies of a file's data, extended attributes. */
#include <sys/uio.h>
#include <sys/xattr.h>
#include "tests/guest/abi_make.h"

TEST(preadv, and_pwritev)
{
    char a[3] = "", b[5] = "";
    struct iovec v[2] = {{a, 2}, {b, 4}};
    abi_scratch();
    int fd = make("f", "0123456789");
    EQ(preadv(fd, v, 2, 3), 6);
    CHECK(!strcmp(a, "34") && !strcmp(b, "5678"));
    v[0].iov_base = "AB";
    v[1].iov_base = "CDEF";
    EQ(pwritev(fd, v, 2, 8), 6);
    EQ(lseek(fd, 0, SEEK_END), 14);
    FAILS(preadv(fd, v, 2, -1), EINVAL);
    FAILS(preadv(fd, v, -1, 0), EINVAL);
    FAILS(pwritev(99, v, 2, 0), EBADF);
}

TEST(pwritev, to_a_pipe)
{
    struct iovec v = {"x", 1};
    int p[2];
    EQ(pipe(p), 0);
    FAILS(pwritev(p[1], &v, 1, 0), ESPIPE);
    EQ(writev(p[1], &v, 1), 1);
}

TEST(preadv2, position_and_flags)
{
    char a[4] = "";
    struct iovec v = {a, 3};
    abi_scratch();
    int fd = make("f", "0123456789");
    EQ(syscall(SYS_preadv2, fd, &v, 1, -1L, -1L, 0), 3);
    EQ(lseek(fd, 0, SEEK_CUR), 3);
    EQ(syscall(SYS_preadv2, fd, &v, 1, 1L, 0L, 0), 3);
    CHECK(!strcmp(a, "123"));
    FAILS(syscall(SYS_preadv2, fd, &v, 1, 0L, 0L, 0x8000), EOPNOTSUPP);
}

TEST(pwritev2, position_and_flags)
{
    struct iovec v = {"zz", 2};
    char a[4] = "";
    abi_scratch();
    int fd = make("f", "0123");
    EQ(syscall(SYS_pwritev2, fd, &v, 1, 1L, 0L, 0), 2);
    EQ(pread(fd, a, 4, 0), 4);
    CHECK(!memcmp(a, "0zz3", 4));
    FAILS(syscall(SYS_pwritev2, fd, &v, 1, 0L, 0L, 0x8000), EOPNOTSUPP);
}

TEST(writev, one_bad_segment)
{
    struct iovec v[2] = {{"ab", 2}, {BAD_ADDRESS, 4}};
    abi_scratch();
    int fd = make("f", "");
    FAILS(writev(fd, v, 2), EFAULT);
    v[1].iov_len = -1;
    FAILS(writev(fd, v, 2), EINVAL);
    FAILS(writev(fd, v, 1025), EINVAL);
    EQ(writev(fd, v, 0), 0);
}

TEST(copy_file_range, copies_and_errors)
{
    char text[16] = "";
    off_t in = 2;
    abi_scratch();
    int a = make("a", "0123456789"), b = make("b", "");
    EQ(syscall(SYS_copy_file_range, a, &in, b, NULL, 5, 0), 5);
    EQ(in, 7);
    EQ(lseek(a, 0, SEEK_CUR), 0);
    EQ(lseek(b, 0, SEEK_CUR), 5);
    EQ(pread(b, text, 16, 0), 5);
    CHECK(!strcmp(text, "23456"));
    FAILS(syscall(SYS_copy_file_range, a, NULL, b, NULL, 5, 1), EINVAL);
    FAILS(syscall(SYS_copy_file_range, a, NULL, 99, NULL, 5, 0), EBADF);
    FAILS(syscall(SYS_copy_file_range, a, NULL, open("b", O_RDONLY), NULL, 5, 0), EBADF);
}

TEST(fadvise64, accepts_and_rejects)
{
    int p[2];
    abi_scratch();
    int fd = make("f", "x");
    EQ(syscall(SYS_fadvise64, fd, 0, 0, 3), 0);
    FAILS(syscall(SYS_fadvise64, fd, 0, 0, 77), EINVAL);
    EQ(pipe(p), 0);
    FAILS(syscall(SYS_fadvise64, p[0], 0, 0, 3), ESPIPE);
}

TEST(fdatasync, and_fsync)
{
    int p[2];
    abi_scratch();
    int fd = make("f", "x");
    EQ(fdatasync(fd), 0);
    EQ(fsync(fd), 0);
    FAILS(fdatasync(99), EBADF);
    EQ(pipe(p), 0);
    FAILS(fdatasync(p[0]), EINVAL);
}

TEST(fallocate, grows_and_punches)
{
    char text[8];
    struct stat st;
    abi_scratch();
    int fd = make("f", "abcdefgh");
    EQ(fallocate(fd, 0, 0, 3 * 4096), 0);
    EQ(fstat(fd, &st), 0);
    EQ(st.st_size, 3 * 4096);
    EQ(st.st_blocks, 24);
    EQ(fallocate(fd, 1, 0, 5 * 4096), 0);
    EQ(lseek(fd, 0, SEEK_END), 3 * 4096);
    EQ(fallocate(fd, 3, 2, 3), 0);
    EQ(pread(fd, text, 8, 0), 8);
    CHECK(!memcmp(text, "ab\0\0\0fgh", 8));
    EQ(fallocate(fd, 3, 4096, 4096), 0);
    EQ(fstat(fd, &st), 0);
    EQ(lseek(fd, 0, SEEK_HOLE), 4096);
    EQ(lseek(fd, 4096, SEEK_DATA), 8192);
    FAILS(lseek(fd, 3 * 4096, SEEK_DATA), ENXIO);
    FAILS(fallocate(fd, 2, 0, 10), EOPNOTSUPP);
    FAILS(fallocate(fd, 0, 0, 0), EINVAL);
    FAILS(fallocate(open("f", O_RDONLY), 0, 0, 1), EBADF);
}

TEST(fgetxattr, family_without_attributes)
{
    char v[8];
    abi_scratch();
    int fd = make("f", "x");
    FAILS(fgetxattr(fd, "user.a", v, 8), EOPNOTSUPP);
    FAILS(fgetxattr(99, "user.a", v, 8), EBADF);
    FAILS(getxattr("f", "user.a", v, 8), EOPNOTSUPP);
    FAILS(lgetxattr("g", "user.a", v, 8), ENOENT);
    EQ(flistxattr(fd, v, 8), 0);
    EQ(listxattr("f", v, 8), 0);
    EQ(llistxattr("f", v, 8), 0);
    FAILS(setxattr("f", "user.a", v, 1, 0), EOPNOTSUPP);
    FAILS(lsetxattr("f", "user.a", v, 1, 0), EOPNOTSUPP);
    FAILS(fsetxattr(fd, "user.a", v, 1, 0), EOPNOTSUPP);
    FAILS(removexattr("f", "user.a"), EOPNOTSUPP);
    FAILS(lremovexattr("f", "user.a"), EOPNOTSUPP);
    FAILS(fremovexattr(fd, "user.a"), EOPNOTSUPP);
}
