// A child writes lines into its pipe: progress (perf/view/progress.h), after each boot what it has of the round as JSON, at last the same with how it ended, and why where
// that is to be said. Without that line it has died; what it told before counts.
#include "perf/result/side_by_side.h"

#include "perf/result/begun_round.h"
#include "perf/result/run_partial.h"
#include "perf/util/json_get.h"
#include "perf/util/say.h"
#include "perf/vm/host_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MS 200 // for signals, while no child writes

struct arm_process {
    const struct boot_share *share;
    int fd; // -1: it has not begun, or has ended
    pid_t pid;
    struct text_buf text; // what came and is no whole line yet
    json_t *part;         // of the round, as told last, or NULL
    bool ended;           // it told that it is through,
    int end;              // and the exit code that ended it, or 0
};

struct crew {
    struct session *s;
    struct arm_process *p;
    int count, begun, open; // processes: in all, those that began, those that run
    json_t *before[RUN_KERNELS_MAX]; // of the rounds, what earlier sessions measured
    bool news;                       // told of a boot that partial.json may lack
};

void boot_shares_add(struct boot_shares *to, struct boot_share share)
{
    to->share = x_realloc(to->share, (to->count + 1) * sizeof(*to->share));
    to->share[to->count++] = share;
}

void boot_shares_free(struct boot_shares *shares)
{
    for (int i = 0; i < shares->count; i++)
        free(shares->share[i].left_out);
    free(shares->share);
    *shares = (struct boot_shares){0};
}

static void tell(struct session *s, int kernel, bool last)
{
    json_t *j = json_pack("{s:O,s:O?,s:s*,s:s*,s:o*}", "round", begun_round(s, kernel), "argv", s->argv[kernel], "qemu_version", s->qemu_version, "why", s->end_why, "end",
                          last ? json_integer(s->end) : NULL);
    char *text = json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(17));
    fprintf(s->progress.relay, "%s\n", text);
    fflush(s->progress.relay);
    free(text);
    json_decref(j);
}

void side_by_side_tell(struct session *s, int kernel)
{
    tell(s, kernel, false);
}

static void child(struct session *s, const struct boot_share *share, int fd, pid_t parent, void (*arm)(struct session *s, int kernel))
{
    struct boot_share own = *share;
    FILE *out = fdopen(fd, "w");
    if (!signal_at_end_of(parent, SIGTERM) || !out)
        _exit(1);
    progress_relay(&s->progress, out);
    own.before = s->begun[own.kernel];
    s->begun[own.kernel] = NULL; // it tells of its own boots only
    s->argv[own.kernel] = NULL;
    s->share = &own;
    arm(s, own.kernel);
    tell(s, own.kernel, true);
    _exit(fclose(out) ? 1 : 0);
}

static bool start(struct crew *c, struct arm_process *p, void (*arm)(struct session *s, int kernel))
{
    int ends[2];
    pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC))
        return false;
    fflush(NULL);
    p->pid = fork();
    if (!p->pid) {
        close(ends[0]);
        child(c->s, p->share, ends[1], parent, arm);
    }
    close(ends[1]);
    if (p->pid < 0) {
        close(ends[0]);
        return false;
    }
    p->fd = ends[0];
    c->open++;
    return true;
}

// As many as may run, of those that have not begun; none once the session ends.
static void start_some(struct crew *c, void (*arm)(struct session *s, int kernel))
{
    struct session *s = c->s;
    while (!s->end && c->open < s->o->jobs && c->begun < c->count)
        if (start(c, &c->p[c->begun], arm)) {
            c->begun++;
        } else {
            int why = errno;
            progress_clear(&s->progress);
            say_error("cannot start a process for %s: %s", s->o->kernel[c->p[c->begun].share->kernel].label, strerror(why));
            s->end = EXIT_REFUSED;
        }
}

// What is known of the kernel's round by now.
static void join(struct crew *c, int kernel)
{
    json_t *round = c->before[kernel] ? json_deep_copy(c->before[kernel]) : NULL;
    json_decref(c->s->begun[kernel]);
    c->s->begun[kernel] = round;
    round = begun_round(c->s, kernel);
    for (int i = 0; i < c->begun; i++)
        if (c->p[i].share->kernel == kernel)
            begun_round_join(round, c->p[i].part);
}

// The arguments of a kernel are those of its first boot in order, which may be told of after others.
static void take_argv(struct session *s, const struct arm_process *p, json_t *argv)
{
    int kernel = p->share->kernel;
    int number = number_of(json_array_get(json_object_get(p->part, "boots"), 0), "boot");
    if (!s->argv[kernel] || begun_is_first(s, kernel, number))
        run_partial_take_argv(s, kernel, argv);
}

// Of several that end so the first is heard.
static void take_why(struct session *s, const struct arm_process *p, const char *why)
{
    if (!*why || s->end)
        return;
    s->end = p->end;
    progress_clear(&s->progress);
    say_error("%s", why);
}

static void take_part(struct crew *c, struct arm_process *p, json_t *told)
{
    struct session *s = c->s;
    const char *version = text_of(told, "qemu_version");
    json_decref(p->part);
    p->part = json_incref(json_object_get(told, "round"));
    if (*version && !s->qemu_version)
        s->qemu_version = x_strdup(version);
    join(c, p->share->kernel);
    take_argv(s, p, json_object_get(told, "argv"));
    c->news |= json_array_size(json_object_get(p->part, "boots")) > 0;
    p->ended = json_object_get(told, "end") != NULL;
    p->end = number_of(told, "end");
    take_why(s, p, text_of(told, "why"));
}

static void take_line(struct crew *c, struct arm_process *p, const char *line)
{
    json_t *told = progress_take(&c->s->progress, line) || p->ended ? NULL : json_loads(line, 0, NULL);
    if (told)
        take_part(c, p, told);
    json_decref(told);
}

static void take_lines(struct crew *c, struct arm_process *p)
{
    char *line = p->text.data, *end;
    while (line && (end = memchr(line, '\n', p->text.data + p->text.len - line))) {
        *end = 0;
        take_line(c, p, line);
        line = end + 1;
    }
    if (line) {
        p->text.len -= line - p->text.data;
        memmove(p->text.data, line, p->text.len);
    }
}

// False when nothing more will come.
static bool read_some(struct crew *c, struct arm_process *p)
{
    char bytes[4096];
    ssize_t n = read(p->fd, bytes, sizeof(bytes));
    if (n < 0 && errno == EINTR)
        return true;
    if (n <= 0)
        return false;
    text_add_bytes(&p->text, bytes, n);
    take_lines(c, p);
    return true;
}

static void look_at_signals(struct session *s)
{
    if (s->end || !signals_pending())
        return;
    s->end = EXIT_INTERRUPTED;
    progress_clear(&s->progress);
    say_error("interrupted by a signal");
}

static void end_all(struct crew *c)
{
    for (int i = 0; i < c->begun; i++)
        if (c->p[i].fd >= 0)
            kill(c->p[i].pid, SIGTERM);
}

// The child is gone, or about to be: it tells last how it ended.
static void reap(struct crew *c, struct arm_process *p)
{
    struct session *s = c->s;
    int status;
    close(p->fd);
    p->fd = -1;
    c->open--;
    while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!p->ended && !s->end) {
        progress_clear(&s->progress);
        say_error("the process that measured %s has died", s->o->kernel[p->share->kernel].label);
    }
    if (!s->end)
        s->end = p->ended ? p->end : EXIT_INTERNAL;
}

static void wait_for_some(struct crew *c)
{
    struct pollfd *fds = x_alloc(c->begun * sizeof(*fds));
    for (int i = 0; i < c->begun; i++)
        fds[i] = (struct pollfd){.fd = c->p[i].fd, .events = POLLIN};
    poll(fds, c->begun, LOOK_MS);
    look_at_signals(c->s); // before a child that the same signal ended is reaped
    for (int i = 0; i < c->begun; i++)
        if (fds[i].revents && !read_some(c, &c->p[i]))
            reap(c, &c->p[i]);
    free(fds);
}

static bool all_ended(const struct crew *c)
{
    for (int i = 0; i < c->count; i++)
        if (!c->p[i].ended)
            return false;
    return true;
}

static void follow(struct crew *c, void (*arm)(struct session *s, int kernel))
{
    bool told = false;
    for (start_some(c, arm); c->open; start_some(c, arm)) {
        wait_for_some(c);
        if (c->news && !all_ended(c)) // else all is kept with the rounds
            run_partial_keep(c->s);
        c->news = false;
        progress_draw(&c->s->progress);
        if (c->s->end && !told)
            end_all(c);
        told = c->s->end;
    }
}

static bool is_whole(const struct crew *c, int kernel)
{
    for (int i = 0; i < c->count; i++)
        if (c->p[i].share->kernel == kernel && (!c->p[i].ended || c->p[i].end))
            return false;
    return true;
}

int run_side_by_side(struct session *s, const int *kernel, int n, const struct boot_shares *shares, void (*arm)(struct session *s, int kernel))
{
    struct crew c = {.s = s, .p = x_alloc(shares->count * sizeof(*c.p)), .count = shares->count};
    int whole = 0;
    for (int i = 0; i < c.count; i++)
        c.p[i] = (struct arm_process){.share = &shares->share[i], .fd = -1, .pid = -1};
    for (int i = 0; i < n; i++)
        c.before[kernel[i]] = json_incref(s->begun[kernel[i]]);
    follow(&c, arm);
    while (whole < n && is_whole(&c, kernel[whole]))
        begun_round_end(s, kernel[whole++]);
    for (int i = 0; i < n; i++)
        json_decref(c.before[kernel[i]]);
    for (int i = 0; i < c.count; i++) {
        json_decref(c.p[i].part);
        text_free(&c.p[i].text);
    }
    free(c.p);
    return whole;
}
