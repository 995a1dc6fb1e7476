// A name is looked up once and kept. Symbols are sorted by address; a data symbol reaches to the
// next symbol.
#include "perf/lines/line_names.h"

#include "perf/util/say.h"
#include "perf/util/text_buf.h"
#include "perf/vm/host_signals.h"
#include "perf/vm/temp_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KERNEL_HALF  0xffff800000000000ull
#define KERNEL_IMAGE 0xffffffff80000000ull // both kernels link their image here
#define LOOK_NS      5000000               // for its end and for signals, while addr2line runs
#define DATA_REACH   (1u << 20)            // nothing is taken for part of a symbol further below

struct symbol {
    uint64_t start;
    bool code;
    char *name;
};

struct line_names {
    char *image;
    struct symbol *symbol;
    size_t symbols;
    json_t *known; // "hex address" -> name
    bool told;     // why there are no source lines
};

static int by_start(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;
    return x->start < y->start ? -1 : x->start > y->start;
}

static void load(struct line_names *n, const char *table)
{
    for (const char *p = table; p && *p; p = strchr(p, '\n'), p += p != NULL) {
        struct symbol s = {0};
        char type, name[512];
        if (sscanf(p, "%" SCNx64 " %c %511s", &s.start, &type, name) != 3 || s.start < KERNEL_HALF)
            continue;
        if ((n->symbols & (n->symbols + 1)) == 0)
            n->symbol = x_realloc(n->symbol, 2 * (n->symbols + 1) * sizeof(s));
        s.code = strchr("tTwW", type) != NULL;
        s.name = x_strdup(name);
        n->symbol[n->symbols++] = s;
    }
    if (n->symbols)
        qsort(n->symbol, n->symbols, sizeof(*n->symbol), by_start);
}

struct line_names *line_names_open(const char *image, const char *table)
{
    struct line_names *n = x_alloc(sizeof(*n));
    n->image = x_strdup(image);
    n->known = json_object();
    load(n, table);
    return n;
}

void line_names_close(struct line_names *n)
{
    if (!n)
        return;
    for (size_t i = 0; i < n->symbols; i++)
        free(n->symbol[i].name);
    free(n->symbol);
    free(n->image);
    json_decref(n->known);
    free(n);
}

// The last symbol at or below the address, of code or of data.
static const struct symbol *find(const struct line_names *n, uint64_t address, bool code)
{
    size_t lo = 0, hi = n->symbols;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (n->symbol[mid].start <= address)
            lo = mid + 1;
        else
            hi = mid;
    }
    while (lo && n->symbol[lo - 1].code != code && address - n->symbol[lo - 1].start < DATA_REACH)
        lo--;
    const struct symbol *s = lo ? &n->symbol[lo - 1] : NULL;
    return s && s->code == code && address - s->start < DATA_REACH ? s : NULL;
}

static void keep(struct line_names *n, uint64_t pc, const char *name)
{
    char key[20];
    snprintf(key, sizeof(key), "%" PRIx64, pc);
    json_object_set_new(n->known, key, json_string(name));
}

static const char *base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// One address of addr2line -fi: pairs of function and file:line, innermost first. Named are the
// innermost function, and the first frame that is no header's: the place that a reader looks for.
struct frames {
    uint64_t pc;
    char inner[128], outer[128], place[128];
    bool settled;
};

static void take_frame(struct frames *f, const char *function, const char *where)
{
    const char *file = base(where);
    size_t len = strcspn(file, ": \n");
    if (!*f->inner)
        snprintf(f->inner, sizeof(f->inner), "%.120s", function);
    if (f->settled || !strncmp(where, "??", 2))
        return;
    f->settled = len > 2 && !strncmp(file + len - 2, ".c", 2);
    snprintf(f->outer, sizeof(f->outer), "%.120s", function);
    snprintf(f->place, sizeof(f->place), "%.*s", (int)strcspn(file, " \n"), file);
}

static void end_frames(struct line_names *n, struct frames *f)
{
    if (*f->outer) {
        char *name = strcmp(f->inner, f->outer)
                         ? x_printf("%s < %s %s", f->inner, f->outer, f->place)
                         : x_printf("%s %s", f->outer, f->place);
        keep(n, f->pc, name);
        free(name);
    }
    *f = (struct frames){0};
}

static void read_frames(struct line_names *n, FILE *p)
{
    char function[512], where[1024];
    struct frames f = {0};
    while (fgets(function, sizeof(function), p)) {
        function[strcspn(function, "\n")] = '\0';
        if (!strncmp(function, "0x", 2)) {
            end_frames(n, &f);
            f.pc = strtoull(function, NULL, 16);
        } else if (fgets(where, sizeof(where), p)) {
            take_frame(&f, function, where);
        }
    }
    end_frames(n, &f);
}

static bool write_list(const char *path, const uint64_t *pc, size_t count)
{
    FILE *f = fopen(path, "w");
    for (size_t i = 0; f && i < count; i++)
        if (pc[i] >= KERNEL_HALF)
            fprintf(f, "0x%" PRIx64 "\n", pc[i]);
    bool ok = f && !ferror(f);
    return f && fclose(f) == 0 && ok;
}

// Our own blocked and ignored signals (host_signals.h) are not its.
static int spawn(pid_t *pid, posix_spawn_file_actions_t *files, char **argv)
{
    posix_spawnattr_t attributes;
    sigset_t none, pipe;
    sigemptyset(&none);
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &pipe);
    int rc = posix_spawnp(pid, argv[0], files, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    return rc;
}

// Its status; a signal that ends us ends it too, and stays pending for whoever looks next.
static int wait_for(pid_t pid)
{
    struct timespec moment = {.tv_nsec = LOOK_NS};
    int status = -1;
    pid_t rc;
    while ((rc = waitpid(pid, &status, WNOHANG)) == 0 || (rc < 0 && errno == EINTR)) {
        if (signals_pending())
            kill(pid, SIGKILL);
        nanosleep(&moment, NULL);
    }
    return status;
}

// addr2line from one file into another. NULL, or why not.
static const char *run_addr2line(const char *image, const char *list, const char *frames)
{
    char *argv[] = {"addr2line", "-afi", "-e", (char *)image, NULL};
    posix_spawn_file_actions_t files;
    pid_t pid;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, list, O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, frames, O_WRONLY | O_CREAT, 0600);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int rc = spawn(&pid, &files, argv);
    posix_spawn_file_actions_destroy(&files);
    if (rc)
        return rc == ENOENT ? "addr2line is missing (Debian: binutils)" : strerror(rc);
    int status = wait_for(pid);
    if (status && signals_pending())
        return "interrupted";
    return status ? "addr2line cannot read it" : NULL;
}

static const char *ask(struct line_names *n, const char *dir, const uint64_t *pc, size_t count)
{
    char *list = x_printf("%s/pcs", dir), *frames = x_printf("%s/frames", dir);
    const char *why = write_list(list, pc, count) ? run_addr2line(n->image, list, frames) : strerror(errno);
    FILE *f = why ? NULL : fopen(frames, "r");
    if (f) {
        read_frames(n, f);
        fclose(f);
    }
    free(list);
    free(frames);
    return why;
}

void line_names_prepare(struct line_names *n, const uint64_t *pc, size_t count)
{
    char *dir = temp_dir_make();
    const char *why = dir ? ask(n, dir, pc, count) : strerror(errno);
    if (why && !n->told)
        say("note: places in the code have no source lines: %s: %s", n->image, why);
    n->told |= why != NULL;
    temp_dir_remove(dir);
}

const char *line_names_code(struct line_names *n, uint64_t pc)
{
    char key[20], plain[600];
    if (pc < KERNEL_HALF)
        return "user";
    snprintf(key, sizeof(key), "%" PRIx64, pc);
    const char *known = json_string_value(json_object_get(n->known, key));
    if (known)
        return known;
    const struct symbol *s = find(n, pc, true);
    if (s)
        snprintf(plain, sizeof(plain), "%s+0x%" PRIx64, s->name, pc - s->start);
    else
        snprintf(plain, sizeof(plain), "0x%" PRIx64, pc);
    keep(n, pc, plain);
    return json_string_value(json_object_get(n->known, key));
}

char *line_names_data(struct line_names *n, uint64_t address)
{
    const struct symbol *s = address >= KERNEL_IMAGE ? find(n, address, false) : NULL;
    if (!s)
        return x_strdup("");
    return address == s->start ? x_strdup(s->name)
                               : x_printf("%s+0x%" PRIx64, s->name, address - s->start);
}
