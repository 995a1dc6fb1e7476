/*
 * mkinitramfs.c: writes a newc archive from a list on stdin; the same list and files give the same
 * bytes (no times, no owners, inode numbers by position). Host program, used by the build only.
 *
 *     dir PATH MODE | file PATH MODE SOURCE | link PATH TARGET | node PATH MODE MAJOR MINOR
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static unsigned next_ino = 1;
static size_t written;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "mkinitramfs: %s: %s\n", what, why);
    exit(1);
}

static void put(const void *p, size_t n)
{
    if (fwrite(p, 1, n, stdout) != n) {
        die("write", strerror(errno));
    }
    written += n;
}

static void pad(size_t align)
{
    static const char zero[512];
    put(zero, (align - written % align) % align);
}

/* One member; path without its leading slash, as newc wants it. */
static void member(const char *path, unsigned mode, const void *data, size_t size, unsigned major,
                   unsigned minor)
{
    char head[111];
    path += *path == '/';
    snprintf(head, sizeof head, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", next_ino++, mode,
             0u, 0u, S_ISDIR(mode) ? 2u : 1u, 0u, (unsigned)size, 0u, 0u, major, minor,
             (unsigned)strlen(path) + 1, 0u);
    put(head, 110);
    put(path, strlen(path) + 1);
    pad(4);
    put(data, size);
    pad(4);
}

static void *read_file(const char *path, size_t *size)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    if (!f || fstat(fileno(f), &st) < 0) {
        die(path, strerror(errno));
    }
    *size = (size_t)st.st_size;
    char *data = malloc(*size + 1);
    if (!data || fread(data, 1, *size, f) != *size) {
        die(path, "cannot be read");
    }
    fclose(f);
    return data;
}

static void one_line(char *line)
{
    char path[256], text[1024];
    unsigned mode, major, minor;
    if (sscanf(line, "dir %255s %o", path, &mode) == 2) {
        member(path, S_IFDIR | mode, NULL, 0, 0, 0);
    } else if (sscanf(line, "file %255s %o %1023s", path, &mode, text) == 3) {
        size_t size;
        void *data = read_file(text, &size);
        member(path, S_IFREG | mode, data, size, 0, 0);
        free(data);
    } else if (sscanf(line, "link %255s %1023s", path, text) == 2) {
        member(path, S_IFLNK | 0777, text, strlen(text), 0, 0);
    } else if (sscanf(line, "node %255s %o %u %u", path, &mode, &major, &minor) == 4) {
        member(path, S_IFCHR | mode, NULL, 0, major, minor);
    } else if (line[strspn(line, " \n")] && *line != '#') {
        die("bad line", line);
    }
}

int main(void)
{
    char line[2048];
    while (fgets(line, sizeof line, stdin)) {
        one_line(line);
    }
    next_ino = 0;
    member("TRAILER!!!", 0, NULL, 0, 0, 0);
    pad(512);
    return fflush(stdout) == 0 ? 0 : 1;
}
