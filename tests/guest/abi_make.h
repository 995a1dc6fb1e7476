/* abi_make.h: steps that the tests of files share: a file with a text, its mode and links, a process without rights. */
#pragma once
#include "tests/guest/abi.h"

static inline int make(const char *name, const char *text)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0);
    EQ(write(fd, text, strlen(text)), strlen(text));
    EQ(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static inline mode_t mode_of(const char *name)
{
    struct stat st;
    EQ(lstat(name, &st), 0);
    return st.st_mode;
}

static inline nlink_t links_of(const char *name)
{
    struct stat st;
    EQ(lstat(name, &st), 0);
    return st.st_nlink;
}

/* Becomes nobody, for good. */
static inline void become_nobody(void)
{
    EQ(setgid(65534), 0);
    EQ(setuid(65534), 0);
}
