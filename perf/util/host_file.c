// Whole-file input and output, folder trees. Never follows a link when it removes.
#include "perf/util/host_file.h"

#include "perf/vm/host_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MOST ((size_t)1 << 30) // bytes: what is larger is no file of ours, or has no end
#define LOOK_MS   100

// As read(2), but a pipe that nobody writes into does not hold us when a signal has come: those are blocked, and looked at. Then -1 with EINTR.
static ssize_t read_some(int fd, char *buf, size_t room)
{
    ssize_t n;
    while ((n = read(fd, buf, room)) < 0 && errno == EAGAIN) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        poll(&p, 1, LOOK_MS);
        if (!signals_pending())
            continue;
        errno = EINTR;
        return -1;
    }
    return n;
}

char *file_read(const char *path, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    struct text_buf t = {0};
    struct stat st;
    bool has_end = !fstat(fd, &st) && S_ISREG(st.st_mode); // is read to it, whatever signal comes: who is interrupted still reads its files
    char buf[16384];
    ssize_t n;
    text_add(&t, "");
    while ((n = read_some(fd, buf, sizeof(buf))) > 0) {
        text_add_bytes(&t, buf, n);
        if (t.len <= FILE_MOST && (has_end || !signals_pending()))
            continue;
        errno = t.len > FILE_MOST ? EFBIG : EINTR;
        n = -1;
        break;
    }
    int saved = errno;
    close(fd);
    errno = saved;
    if (n < 0) {
        text_free(&t);
        return NULL;
    }
    if (len)
        *len = t.len;
    return t.data;
}

static bool write_all(int fd, const char *p, size_t len)
{
    while (len) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        p += n;
        len -= n;
    }
    return true;
}

static bool write_flags(const char *path, int flags, const void *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
    if (fd < 0)
        return false;
    bool ok = write_all(fd, data, len);
    return close(fd) == 0 && ok;
}

bool file_write_new(const char *path, const void *data, size_t len)
{
    bool there = file_exists(path), ok = write_flags(path, O_EXCL, data, len);
    int saved = errno;
    if (!ok && !there) // half a file is worse than none
        unlink(path);
    errno = saved;
    return ok;
}

static bool replace_whole(const char *path, const void *data, size_t len)
{
    char *tmp = x_printf("%s.%d.new", path, (int)getpid());
    bool ok = write_flags(tmp, O_TRUNC, data, len) && rename(tmp, path) == 0;
    int saved = errno;
    if (!ok)
        unlink(tmp);
    free(tmp);
    errno = saved;
    return ok;
}

bool file_replace(const char *path, const void *data, size_t len)
{
    char *target = realpath(path, NULL);
    struct stat st;
    bool odd = target && !stat(target, &st) && !S_ISREG(st.st_mode);
    bool ok = odd ? write_flags(target, O_NOCTTY, data, len) : replace_whole(target ? target : path, data, len);
    int saved = errno;
    free(target);
    errno = saved;
    return ok;
}

bool file_is_regular(const char *path)
{
    struct stat st;
    return !stat(path, &st) && S_ISREG(st.st_mode);
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool make_dirs(const char *path)
{
    char *copy = x_strdup(path);
    bool ok = true;
    for (char *p = copy + 1; ok; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char c = *p;
        *p = '\0';
        ok = mkdir(copy, 0755) == 0 || errno == EEXIST;
        *p = c;
        if (c == '\0')
            break;
    }
    free(copy);
    return ok;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    remove(path);
    return 0;
}

void remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

char *newest_match(const char *pattern)
{
    glob_t g;
    char *best = NULL;
    if (glob(pattern, GLOB_NOSORT, NULL, &g))
        return NULL;
    for (size_t i = 0; i < g.gl_pathc; i++)
        if (!best || strverscmp(g.gl_pathv[i], best) > 0)
            best = g.gl_pathv[i];
    best = best ? x_strdup(best) : NULL;
    globfree(&g);
    return best;
}
