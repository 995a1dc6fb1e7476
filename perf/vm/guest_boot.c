// One event loop for one boot: QEMU as a child, QMP, console and results, a tick for deadlines, a
// signalfd. Ends by stop(): first reason wins; QEMU gets "quit", then SIGKILL.
#include "perf/vm/guest_boot.h"

#include "perf/place/boot_watch.h"
#include "perf/result/record_stream.h"
#include "perf/util/host_file.h"
#include "perf/util/json_get.h"
#include "perf/vm/escape_keys.h"
#include "perf/vm/guest_port.h"
#include "perf/vm/hang_watch.h"
#include "perf/vm/host_signals.h"
#include "perf/vm/qmp.h"
#include "perf/vm/temp_dir.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define TICK_MS          200
#define CONSOLE_KEEP     65536
#define CONSOLE_FILE_MAX (16 << 20)
#define PANIC_GRACE      3.0 // seconds for the rest of a panic's text
#define DONE_GRACE       30.0 // seconds of wall time for a guest that said "done" to switch itself off
#define QUIT_GRACE       2.0
#define KEYS_END_TICKS   5

struct boot {
    const struct boot_request *request;
    struct boot_result *result;
    uv_loop_t loop;
    uv_process_t qemu;
    uv_timer_t tick;
    uv_poll_t signals;
    int signal_fd;
    struct guest_port console, results;
    struct qmp qmp;
    uv_pipe_t errors;
    uv_poll_t keys;
    struct escape_keys escape;
    struct text_buf error_text;
    char error_buffer[4096];
    struct record_stream records;
    struct hang_watch watch;
    struct boot_watch host;
    FILE *console_file;
    size_t console_written;
    char *dir;
    uint64_t started;
    double stop_at; // wall second at which QEMU is killed; 0: not stopping
    double panic_at, done_at;
    bool spawned, exited, keys_by_tick, keys_ended;
    unsigned ticks;
};

static double wall(const struct boot *b)
{
    return (uv_hrtime() - b->started) * 1e-9;
}

static double cpu(const struct boot *b)
{
    double s = b->spawned && !b->exited ? process_cpu_seconds(b->qemu.pid) : -1;
    if (s > b->result->cpu_seconds)
        b->result->cpu_seconds = s;
    return b->result->cpu_seconds;
}

static void watch_mark(struct boot *b, json_t *record)
{
    if (!b->request->plan)
        return;
    boot_watch_mark(&b->host, record, wall(b));
    if (b->host.kvm)
        qmp_query_stats(&b->qmp);
}

static void stop(struct boot *b, enum boot_status status, const char *fmt, ...)
{
    va_list ap;
    struct text_buf t = {0};
    if (b->stop_at)
        return;
    va_start(ap, fmt);
    text_addv(&t, fmt, ap);
    va_end(ap);
    b->result->status = status;
    b->result->reason = t.data;
    b->stop_at = wall(b) + QUIT_GRACE;
    watch_mark(b, NULL); // what a guest did that never came to a record
    qmp_command(&b->qmp, "quit");
}

static void progress(struct boot *b)
{
    hang_watch_progress(&b->watch, wall(b), cpu(b));
}

// False at the end of the input, which the guest's shell is told as Ctrl-D (by the tick, again and
// again: one that arrives while a command changes the terminal's mode is lost).
static bool pass_keys(struct boot *b)
{
    char in[256], out[512];
    ssize_t n = read(STDIN_FILENO, in, sizeof(in));
    if (n <= 0) {
        b->keys_ended = true;
        progress(b);
        return false;
    }
    size_t len = escape_keys_filter(&b->escape, in, n, out);
    guest_port_send(&b->console, out, len);
    if (b->escape.quit)
        stop(b, BOOT_QUIT, "left");
    return true;
}

static void on_keys(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    if (!pass_keys(poll->data))
        uv_poll_stop(poll);
}

// Typed keys go at once; a script on stdin waits until the guest's console has said something, so
// that nothing is lost.
static void watch_keys(struct boot *b)
{
    if (b->keys.data || (!isatty(STDIN_FILENO) && !b->result->console.len))
        return;
    b->keys.data = b;
    b->keys_by_tick =
        uv_poll_init(&b->loop, &b->keys, STDIN_FILENO) != 0; // a plain file cannot be polled
    if (!b->keys_by_tick)
        uv_poll_start(&b->keys, UV_READABLE, on_keys);
}

static void on_console(struct guest_port *p, const char *data, size_t n)
{
    struct boot *b = p->owner;
    struct text_buf *t = &b->result->console;
    size_t from = t->len > 64 ? t->len - 64 : 0;
    text_add_bytes(t, data, n);
    if (b->request->interactive) {
        watch_keys(b);
        if (write(STDOUT_FILENO, data, n) < 0)
            stop(b, BOOT_QUIT, "standard output is closed");
    }
    if (!b->panic_at && console_shows_panic(t, from))
        b->panic_at = wall(b);
    if (t->len > 2 * CONSOLE_KEEP)
        text_drop(t, t->len - CONSOLE_KEEP);
    if (b->console_file && b->console_written < CONSOLE_FILE_MAX)
        b->console_written += fwrite(data, 1, n, b->console_file);
    progress(b);
}

static void on_results(struct guest_port *p, const char *data, size_t n)
{
    struct boot *b = p->owner;
    progress(b);
    if (b->result->init_cpu_seconds < 0)
        b->result->init_cpu_seconds = b->result->cpu_seconds;
    if (!b->request->run_id)
        return;
    record_stream_feed(&b->records, data, n);
    if (b->records.fault)
        stop(b, BOOT_GARBAGE, "garbage on the result port: %s", b->records.fault);
    if (b->records.done && !b->done_at)
        b->done_at = wall(b);
}

static void on_record(void *ctx, json_t *record)
{
    struct boot *b = ctx;
    const char *type = text_of(record, "type");
    if (!strcmp(type, "result"))
        watch_mark(b, record);
    else if (b->request->plan && !strcmp(type, "done"))
        boot_watch_done(&b->host);
    if (b->request->on_record)
        b->request->on_record(b->request->ctx, record);
}

static void on_answer(void *owner, const char *command, json_t *answer)
{
    struct boot *b = owner;
    if (!b->request->plan)
        return;
    if (!strcmp(command, "query-stats")) {
        boot_watch_answer(&b->host, answer);
    } else {
        boot_watch_start(&b->host, b->qemu.pid, answer, wall(b));
        if (b->host.kvm)
            qmp_query_stats(&b->qmp);
    }
}

static void on_error_alloc(uv_handle_t *h, size_t want, uv_buf_t *buf)
{
    struct boot *b = h->data;
    (void)want;
    *buf = uv_buf_init(b->error_buffer, sizeof(b->error_buffer));
}

static void on_error_text(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
    struct boot *b = s->data;
    if (n < 0)
        uv_read_stop(s);
    else if (b->error_text.len < CONSOLE_KEEP)
        text_add_bytes(&b->error_text, buf->base, n);
}

static void close_handle(uv_handle_t *h)
{
    if (h->type != UV_UNKNOWN_HANDLE && !uv_is_closing(h))
        uv_close(h, NULL);
}

static void close_all(struct boot *b)
{
    guest_port_close(&b->console);
    guest_port_close(&b->results);
    qmp_close(&b->qmp);
    close_handle((uv_handle_t *)&b->tick);
    close_handle((uv_handle_t *)&b->signals);
    close_handle((uv_handle_t *)&b->errors);
    close_handle((uv_handle_t *)&b->keys);
}

// What QEMU sent before it ended is still in the sockets: close only when they are drained.
static bool drained(const struct boot *b)
{
    const struct guest_port *ports[] = {&b->console, &b->results, &b->qmp.port};
    for (int i = 0; i < 3; i++)
        if (ports[i]->connected && !ports[i]->ended)
            return false;
    return true;
}

static void on_exit_qemu(uv_process_t *process, int64_t status, int signal)
{
    struct boot *b = process->data;
    b->exited = true;
    b->result->exit_code = status;
    b->result->exit_signal = signal;
    uv_close((uv_handle_t *)process, NULL);
}

// One that comes while the boot is being stopped for another reason is not the boot's: blocked, it stays there for whoever looks next
// (signals_pending()).
static void on_signal(uv_poll_t *poll, int status, int events)
{
    struct boot *b = poll->data;
    struct signalfd_siginfo info;
    (void)status, (void)events;
    if (read(b->signal_fd, &info, sizeof(info)) != sizeof(info))
        return;
    if (b->stop_at) {
        uv_poll_stop(poll);
        raise(info.ssi_signo);
        return;
    }
    stop(b, BOOT_INTERRUPTED, "interrupted by signal %u (%s)", info.ssi_signo,
         strsignal(info.ssi_signo));
}

static void stop_panicked(struct boot *b)
{
    char *why = console_panic_reason(&b->result->console);
    stop(b, BOOT_PANIC, "%s", why);
    free(why);
}

static void check_deadlines(struct boot *b, double now)
{
    const char *hang = hang_watch_check(&b->watch, now, cpu(b));
    if (b->panic_at && now > b->panic_at + PANIC_GRACE)
        stop_panicked(b);
    else if (b->done_at && now > b->done_at + DONE_GRACE * b->request->slowness)
        stop(b, BOOT_HUNG, "the guest reported its results but did not switch itself off");
    else if (hang)
        stop(b, BOOT_HUNG, "the guest hangs: %s for %.0f s (QEMU's CPU %.0f s)", hang,
             now - b->watch.wall_mark, b->result->cpu_seconds - b->watch.cpu_mark);
}

static void on_tick(uv_timer_t *timer)
{
    struct boot *b = timer->data;
    double now = wall(b);
    if (b->exited) {
        if (drained(b) || (b->stop_at && now > b->stop_at))
            close_all(b);
        else if (!b->stop_at)
            b->stop_at = now + QUIT_GRACE;
        return;
    }
    if (!b->stop_at && (!b->request->interactive || b->keys_ended))
        check_deadlines(b, now);
    else if (b->stop_at && now > b->stop_at)
        uv_process_kill(&b->qemu, SIGKILL);
    if (b->keys_by_tick)
        b->keys_by_tick = pass_keys(b);
    if (b->keys_ended && b->ticks++ % KEYS_END_TICKS == 0)
        guest_port_send(&b->console, "\x04", 1);
    if (b->request->on_tick)
        b->request->on_tick(b->request->ctx);
}

static int listen_all(struct boot *b)
{
    char *console = x_printf("%s/" VM_CONSOLE_FIFO, b->dir);
    char *results = x_printf("%s/" VM_RESULTS_FIFO, b->dir),
         *qmp = x_printf("%s/" VM_QMP_SOCKET, b->dir);
    b->console.owner = b->results.owner = b;
    b->console.on_data = on_console;
    b->results.on_data = on_results;
    int rc = guest_port_fifo(&b->console, &b->loop, console);
    rc = rc ? rc : guest_port_fifo(&b->results, &b->loop, results);
    rc = rc ? rc : qmp_listen(&b->qmp, &b->loop, qmp);
    free(console);
    free(results);
    free(qmp);
    return rc;
}

static void watch_signals(struct boot *b)
{
    b->signal_fd = signals_open();
    uv_poll_init(&b->loop, &b->signals, b->signal_fd);
    b->signals.data = b;
    uv_poll_start(&b->signals, UV_READABLE, on_signal);
}

// QEMU runs behind `cloudbench --guarded`, which asks the kernel to kill it when we die, and then
// becomes QEMU.
static int spawn(struct boot *b)
{
    uv_stdio_container_t io[3] = {
        {.flags = UV_IGNORE},
        {.flags = UV_IGNORE},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&b->errors}};
    struct str_list guarded = {0};
    list_add(&guarded, "cloudbench");
    list_add(&guarded, "--guarded");
    list_addf(&guarded, "%d", (int)getpid());
    for (size_t i = 0; i < b->result->argv.count; i++)
        list_add(&guarded, b->result->argv.items[i]);
    uv_process_options_t options = {.exit_cb = on_exit_qemu,
                                    .file = "/proc/self/exe",
                                    .args = guarded.items,
                                    .cwd = b->dir,
                                    .flags = UV_PROCESS_DETACHED,
                                    .stdio = io,
                                    .stdio_count = 3};
    b->qemu.data = b;
    uv_pipe_init(&b->loop, &b->errors, 0);
    b->errors.data = b;
    int rc = uv_spawn(&b->loop, &b->qemu, &options);
    b->spawned = rc == 0;
    if (rc == 0)
        uv_read_start((uv_stream_t *)&b->errors, on_error_alloc, on_error_text);
    else
        uv_close((uv_handle_t *)&b->qemu, NULL);
    list_free(&guarded);
    return rc;
}

static void start(struct boot *b)
{
    int rc = listen_all(b);
    uv_timer_init(&b->loop, &b->tick);
    b->tick.data = b;
    watch_signals(b);
    rc = rc ? rc : spawn(b);
    if (rc) {
        b->result->status = BOOT_QEMU_FAILED;
        b->result->reason = x_printf("cannot start QEMU: %s", uv_strerror(rc));
        close_all(b);
        return;
    }
    uv_timer_start(&b->tick, on_tick, TICK_MS, TICK_MS);
    if (b->request->interactive)
        watch_keys(b);
}

static char *first_line(const char *text)
{
    char *s = x_strdup(text);
    s[strcspn(s, "\n")] = '\0';
    return s;
}

// Why a guest ended its VM before it was done.
static char *early_reason(const struct boot_result *r)
{
    char *knob = console_knob_reason(&r->console);
    if (knob)
        return knob;
    if (r->debug_exit >= 0)
        return x_printf("the guest ended the VM with exit code %d before it was done", r->debug_exit);
    return x_printf("the guest ended the VM before it was done (%s)", r->shutdown_reason ? r->shutdown_reason : "unknown");
}

// QEMU never ran, or gave up with a word: no guest's end. A word alone may be a warning, and a guest that writes to isa-debug-exit makes
// the code odd, so neither says anything of a guest that was heard to the end.
static bool qemu_failed(const struct boot *b)
{
    const struct boot_result *r = b->result;
    return !b->qmp.running || (b->error_text.len && r->exit_code && !r->shutdown_reason && !b->records.done);
}

// Called when QEMU ended and nobody stopped it: what did the guest do?
static void judge_end(struct boot *b)
{
    struct boot_result *r = b->result;
    r->debug_exit = b->qmp.running && !r->shutdown_reason && r->exit_code % 2 ? r->exit_code / 2 : -1;
    if (b->panic_at) {
        r->status = BOOT_PANIC;
        r->reason = console_panic_reason(&b->result->console);
    } else if (qemu_failed(b)) {
        char *why = first_line(text_str(&b->error_text));
        r->status = BOOT_QEMU_FAILED;
        r->reason = *why ? x_printf("QEMU: %s", why)
                         : x_printf("QEMU ended at once (code %d, signal %d)", r->exit_code,
                                    r->exit_signal);
        free(why);
    } else if (r->exit_signal) {
        r->status = BOOT_ENDED_EARLY;
        r->reason = x_printf("QEMU was killed by signal %d (%s)", r->exit_signal,
                             strsignal(r->exit_signal));
    } else if (b->request->run_id && !b->records.done) {
        r->status = BOOT_ENDED_EARLY;
        r->reason = early_reason(r);
    }
}

static void open_files(struct boot *b)
{
    const struct boot_request *q = b->request;
    if (q->console_path)
        b->console_file = fopen(q->console_path, "we");
    if (q->symbols) {
        char *path = x_printf("%s/" VM_SYMBOL_FILE, b->dir);
        file_replace(path, q->symbols, strlen(q->symbols));
        free(path);
    }
}

static void collect(struct boot *b)
{
    struct boot_result *r = b->result;
    char *count = x_printf("%s/" VM_COUNT_FILE, b->dir);
    r->wall_seconds = wall(b);
    r->counts = file_read(count, NULL);
    r->host = boot_watch_end(&b->host);
    r->shutdown_reason = b->qmp.shutdown_reason ? x_strdup(b->qmp.shutdown_reason) : NULL;
    r->qemu_version = b->qmp.qemu_version ? x_strdup(b->qmp.qemu_version) : NULL;
    if (!r->reason)
        judge_end(b);
    r->qemu_errors = x_strdup(text_str(&b->error_text));
    free(count);
}

static void release(struct boot *b)
{
    if (b->console_file)
        fclose(b->console_file);
    if (b->signal_fd >= 0)
        close(b->signal_fd);
    qmp_free(&b->qmp);
    record_stream_free(&b->records);
    text_free(&b->error_text);
    temp_dir_remove(b->dir);
    free(b);
}

void guest_boot(const struct boot_request *request, struct boot_result *result)
{
    struct boot *b = x_alloc(sizeof(*b));
    memset(result, 0, sizeof(*result));
    result->init_cpu_seconds = result->debug_exit = -1;
    b->request = request;
    b->result = result;
    b->signal_fd = -1;
    b->dir = temp_dir_make();
    if (!b->dir) {
        result->status = BOOT_QEMU_FAILED;
        result->reason = x_printf("cannot make a temporary folder: %s", strerror(errno));
        free(b);
        return;
    }
    b->records = (struct record_stream){
        .run_id = request->run_id, .on_record = on_record, .ctx = b};
    b->host = (struct boot_watch){.plan = request->plan, .kvm = request->spec->tier == TIER_KVM};
    b->qmp.on_answer = on_answer;
    b->qmp.owner = b;
    hang_watch_start(&b->watch, request->spec->topology->cpus, request->slowness, request->scale);
    b->watch.wall_limit = request->deadline;
    vm_argv(request->spec, &result->argv);
    open_files(b);
    uv_loop_init(&b->loop);
    b->started = uv_hrtime();
    start(b);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    uv_loop_close(&b->loop);
    collect(b);
    release(b);
}
