// A child writes lines into its pipe: progress (perf/view/progress.h), at last its arm as JSON. Without that line it has died.
#include "perf/result/side_by_side.h"

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
};

static json_t *arm_json(struct session *s, int kernel)
{
    return json_pack("{s:O,s:O,s:O?,s:s*,s:b,s:i}", "boots", s->boots, "samples", s->samples[kernel], "argv", s->argv[kernel], "qemu_version", s->qemu_version,
                     "guest_failed", s->guest_failed, "end", s->end);
}

// The copy that a child measures into has nothing of the others' in it; its boots go on from those of the session.
static void start_copy(struct session *s, int kernel, FILE *out)
{
    json_decref(s->boots);
    json_decref(s->samples[kernel]);
    s->boots = json_array();
    s->samples[kernel] = json_object();
    s->guest_failed = false;
    progress_relay(&s->progress, out);
}

static void child(struct session *s, int kernel, int fd, pid_t parent, void (*arm)(struct session *s, int kernel))
{
    FILE *out = fdopen(fd, "w");
    if (!signal_at_end_of(parent, SIGTERM) || !out)
        _exit(1);
    start_copy(s, kernel, out);
    arm(s, kernel);
    json_t *j = arm_json(s, kernel);
    char *text = json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(17));
    fprintf(out, "%s\n", text);
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

static void take_line(struct session *s, struct arm_process *p, const char *line)
{
    if (!progress_take(&s->progress, line) && !p->arm)
        p->arm = json_loads(line, 0, NULL);
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
        progress_draw(&s->progress);
        if (s->end && !told)
            end_all(p, n);
        told = s->end;
    }
}

// Upwards, the last boot first: the place of each is free by then.
static void rename_files(struct session *s, const char *kernel, json_t *boots, int offset)
{
    static const char *const what[] = {"console", "counts", "laps"};
    for (size_t k = json_array_size(boots); offset && k-- > 0;)
        for (size_t i = 0; i < sizeof(what) / sizeof(*what); i++) {
            int from = number_of(json_array_get(boots, k), "boot");
            char *old = session_boot_path(s, from, kernel, what[i]), *new = session_boot_path(s, from + offset, kernel, what[i]);
            rename(old, new);
            free(old);
            free(new);
        }
}

static void take_arm(struct session *s, struct arm_process *p, int before)
{
    const char *name = s->o->kernel[p->kernel].name, *version = text_of(p->arm, "qemu_version");
    json_t *boots = json_object_get(p->arm, "boots"), *boot, *list, *samples;
    const char *row;
    size_t i;
    int offset = s->boot_number - before;
    rename_files(s, name, boots, offset);
    json_array_foreach (boots, i, boot) {
        int number = number_of(boot, "boot");
        char *console = x_printf("boot-%03d-%s.console", number + offset, name);
        json_object_set_new(boot, "boot", json_integer(number + offset));
        json_object_set_new(boot, "console", json_string(console));
        json_array_append(s->boots, boot);
        free(console);
    }
    s->boot_number += json_array_size(boots);
    json_object_foreach (json_object_get(p->arm, "samples"), row, list) {
        samples = json_object_get(s->samples[p->kernel], row);
        if (samples)
            json_array_extend(samples, list);
        else
            json_object_set(s->samples[p->kernel], row, list);
    }
    s->guest_failed |= json_is_true(json_object_get(p->arm, "guest_failed"));
    if (*version && !s->qemu_version)
        s->qemu_version = x_strdup(version);
    if (!s->argv[p->kernel])
        run_partial_take_argv(s, p->kernel, json_object_get(p->arm, "argv"));
}

int run_side_by_side(struct session *s, const int *kernel, int n, void (*arm)(struct session *s, int kernel))
{
    struct arm_process p[RUN_KERNELS_MAX];
    int whole = 0, before = s->boot_number, started = 0;
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
        take_arm(s, &p[whole++], before);
    for (int i = whole; i < started; i++)
        run_partial_remove_files(s, s->o->kernel[p[i].kernel].name, before);
    for (int i = 0; i < started; i++) {
        json_decref(p[i].arm);
        text_free(&p[i].text);
    }
    return whole;
}
