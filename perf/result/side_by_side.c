// A child writes lines into its pipe: progress (perf/view/progress.h), after each boot its round as JSON, at last the same with how it ended. Without that line it
// has died; what it told before counts.
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
    int kernel, fd;
    pid_t pid;
    struct text_buf text; // what came and is no whole line yet
    json_t *arm;          // its last line, or NULL
    bool news;            // it told of boots, of which partial.json may lack one
};

static void tell(struct session *s, int kernel, bool last)
{
    json_t *j = json_pack("{s:O,s:O?,s:s*,s:o*}", "round", begun_round(s, kernel), "argv", s->argv[kernel], "qemu_version", s->qemu_version, "end",
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

static void child(struct session *s, int kernel, int fd, pid_t parent, void (*arm)(struct session *s, int kernel))
{
    FILE *out = fdopen(fd, "w");
    if (!signal_at_end_of(parent, SIGTERM) || !out)
        _exit(1);
    progress_relay(&s->progress, out);
    arm(s, kernel);
    tell(s, kernel, true);
    _exit(fclose(out) ? 1 : 0);
}

static bool start(struct session *s, struct arm_process *p, int kernel, void (*arm)(struct session *s, int kernel))
{
    int ends[2];
    pid_t parent = getpid();
    *p = (struct arm_process){.kernel = kernel, .fd = -1, .pid = -1};
    if (pipe2(ends, O_CLOEXEC))
        return false;
    fflush(NULL);
    p->pid = fork();
    if (!p->pid) {
        close(ends[0]);
        child(s, kernel, ends[1], parent, arm);
    }
    close(ends[1]);
    p->fd = ends[0];
    return p->pid > 0;
}

static void take_arm(struct session *s, struct arm_process *p, json_t *told)
{
    const char *version = text_of(told, "qemu_version");
    json_decref(s->begun[p->kernel]);
    s->begun[p->kernel] = json_incref(json_object_get(told, "round"));
    if (*version && !s->qemu_version)
        s->qemu_version = x_strdup(version);
    if (!s->argv[p->kernel])
        run_partial_take_argv(s, p->kernel, json_object_get(told, "argv"));
    p->news = begun_boots(s, p->kernel) > 0;
    if (json_object_get(told, "end"))
        p->arm = json_incref(told);
}

static void take_line(struct session *s, struct arm_process *p, const char *line)
{
    json_t *told = progress_take(&s->progress, line) || p->arm ? NULL : json_loads(line, 0, NULL);
    if (told)
        take_arm(s, p, told);
    json_decref(told);
}

static void take_lines(struct session *s, struct arm_process *p)
{
    char *line = p->text.data, *end;
    while (line && (end = memchr(line, '\n', p->text.data + p->text.len - line))) {
        *end = 0;
        take_line(s, p, line);
        line = end + 1;
    }
    if (line) {
        p->text.len -= line - p->text.data;
        memmove(p->text.data, line, p->text.len);
    }
}

// False when nothing more will come.
static bool read_some(struct session *s, struct arm_process *p)
{
    char bytes[4096];
    ssize_t n = read(p->fd, bytes, sizeof(bytes));
    if (n < 0 && errno == EINTR)
        return true;
    if (n <= 0)
        return false;
    text_add_bytes(&p->text, bytes, n);
    take_lines(s, p);
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

static void end_all(struct arm_process *p, int n)
{
    for (int i = 0; i < n; i++)
        if (p[i].pid > 0 && p[i].fd >= 0)
            kill(p[i].pid, SIGTERM);
}

// The child is gone, or about to be: it writes its arm last.
static void reap(struct session *s, struct arm_process *p)
{
    int status, end = number_of(p->arm, "end");
    close(p->fd);
    p->fd = -1;
    while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!p->arm && !s->end) {
        progress_clear(&s->progress);
        say_error("the process that measured %s has died", s->o->kernel[p->kernel].label);
    }
    if (!s->end)
        s->end = p->arm ? end : EXIT_INTERNAL;
}

// Not when all are through: then what was measured is kept with the rounds.
static void keep_news(struct session *s, struct arm_process *p, int n, int open)
{
    bool news = false;
    for (int i = 0; i < n; i++) {
        news |= p[i].news;
        p[i].news = false;
    }
    if (news && open)
        run_partial_keep(s);
}

static void follow(struct session *s, struct arm_process *p, int n)
{
    struct pollfd fds[RUN_KERNELS_MAX];
    bool told = false;
    for (int open = n; open;) {
        for (int i = 0; i < n; i++)
            fds[i] = (struct pollfd){.fd = p[i].fd, .events = POLLIN};
        poll(fds, n, LOOK_MS);
        look_at_signals(s); // before a child that the same signal ended is reaped
        for (int i = 0; i < n; i++)
            if (fds[i].revents && !read_some(s, &p[i])) {
                reap(s, &p[i]);
                open--;
            }
        keep_news(s, p, n, open);
        progress_draw(&s->progress);
        if (s->end && !told)
            end_all(p, n);
        told = s->end;
    }
}

int run_side_by_side(struct session *s, const int *kernel, int n, void (*arm)(struct session *s, int kernel))
{
    struct arm_process p[RUN_KERNELS_MAX];
    int whole = 0, started = 0;
    while (started < n && start(s, &p[started], kernel[started], arm))
        started++;
    if (started < n) {
        say_error("cannot start a process for %s: %s", s->o->kernel[kernel[started]].label, strerror(errno));
        s->end = EXIT_REFUSED;
        if (p[started].fd >= 0)
            close(p[started].fd);
    }
    follow(s, p, started);
    while (whole < started && p[whole].arm && !number_of(p[whole].arm, "end"))
        begun_round_end(s, p[whole++].kernel);
    for (int i = 0; i < started; i++) {
        json_decref(p[i].arm);
        text_free(&p[i].text);
    }
    return whole;
}
