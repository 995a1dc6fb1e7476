// Boots one virtual machine and stays with it to its end. Owns the QEMU process, its sockets and
// its temporary folder for the length of the call; when guest_boot returns, none of them is left,
// whatever happened.
#pragma once
#include "perf/util/text_buf.h"
#include "perf/vm/vm_spec.h"

#include <jansson.h>
#include <stdbool.h>

enum boot_status {
    BOOT_OK,    // the guest reported "done" and switched itself off
    BOOT_PANIC, // the console shows a panic
    BOOT_HUNG,
    BOOT_ENDED_EARLY, // switched off or reset before "done"
    BOOT_GARBAGE,     // the result port carried something that is no record
    BOOT_QEMU_FAILED, // QEMU refused to start: the environment, not the guest
    BOOT_INTERRUPTED, // SIGINT, SIGTERM or SIGHUP
    BOOT_QUIT,        // the person at the terminal left with the escape
};
extern const char *const boot_status_name[];

struct host_plan;

struct boot_request {
    const struct vm_spec *spec;
    const char *run_id; // what the records must carry; NULL: any end by the guest itself is BOOT_OK
    const char *console_path; // file for the whole console; NULL: none
    const char *symbols;      // nm-style table for the plugin, or NULL
    const struct host_plan *plan; // where its threads belong, and that the host counts (perf/place/boot_watch.h); or NULL
    double deadline;          // seconds without progress that end the boot; 0: by hang_watch
    double scale;             // how many times its usual iterations the guest has to do; 0: once
    double slowness;
    void (*on_record)(void *ctx, json_t *record);
    void (*on_tick)(void *ctx); // a few times a second
    bool interactive;           // stdin goes to the console, the console to stdout; no deadlines
    void *ctx;
};

struct boot_result {
    enum boot_status status;
    char *reason;            // one line for people; NULL when BOOT_OK
    struct text_buf console; // its last 64 KiB
    char *qemu_errors;       // QEMU's stderr
    char *counts;            // the plugin's file, or NULL
    char *qemu_version;
    char *shutdown_reason; // as QMP names it, or NULL
    struct str_list argv;
    json_t *host; // what perf/place/boot_watch.h saw, or NULL
    int exit_code, exit_signal;
    double wall_seconds, cpu_seconds;
    double init_cpu_seconds; // QEMU's CPU seconds when the guest's first record came; -1: none came
    int debug_exit;          // value written to isa-debug-exit, or -1
};

void guest_boot(const struct boot_request *request, struct boot_result *result);
void boot_result_free(struct boot_result *r);
// The last n lines of the console, without control characters; the caller frees them.
char *boot_console_tail(const struct boot_result *r, int lines);
// Does the text, from a byte on, hold the first line of a panic? And that line's reason, owned by
// the caller.
bool console_shows_panic(const struct text_buf *console, size_t from);
char *console_panic_reason(const struct text_buf *console);
// What the guest's init said of a knob that it could not set, after which it ended the VM; NULL: nothing. The caller frees it.
char *console_knob_reason(const struct text_buf *console);
