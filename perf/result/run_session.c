// Runs boots, collects samples, makes rows. A row whose guest failed keeps the reason and never
// gets a number.
#include "perf/result/run_session.h"

#include "perf/result/begun_round.h"
#include "perf/result/google_bench.h"
#include "perf/result/host_counts.h"
#include "perf/result/lap_times.h"
#include "perf/result/run_identity.h"
#include "perf/result/run_partial.h"
#include "perf/result/run_store.h"
#include "perf/result/session_state.h"
#include "perf/result/side_by_side.h"
#include "perf/result/step_result.h"
#include "perf/util/host_file.h"
#include "perf/util/json_get.h"
#include "perf/util/say.h"
#include "perf/stats/resample.h"
#include "perf/util/sha256.h"
#include "perf/vm/guest_boot.h"
#include "perf/vm/host_signals.h"
#include "perf/vm/hang_watch.h"
#include "perf/vm/temp_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define BOOT_UNITS 4.0 // a boot costs about as much as this many steps
#define TAIL_LINES 20
#define LOCK_TRIES 300 // 10 ms each: the boots of a run that was killed end their machines

struct arm_boot {
    struct session *s;
    struct boot_steps steps;
    size_t seen;
    int kernel, number; // of the boot in the begun round
};

static void on_record(void *ctx, json_t *record)
{
    struct arm_boot *a = ctx;
    boot_steps_record(&a->steps, record);
    for (; a->seen < a->steps.at && a->seen < a->s->plan.count; a->seen++) {
        if (a->steps.skip[a->seen])
            continue;
        const struct plan_step *p = &a->s->plan.step[a->seen];
        progress_add(&a->s->progress, 1);
        if (p->kind != STEP_WARM)
            progress_event(&a->s->progress, "%s: %s %ld", a->s->o->kernel[a->kernel].label, p->row,
                           p->iters);
    }
}

static void on_tick(void *ctx)
{
    progress_draw(&((struct arm_boot *)ctx)->s->progress);
}

static void note_guest_failure(struct session *s, int kernel)
{
    json_object_set_new(begun_round(s, kernel), "guest_failed", json_true());
}

static void keep_sample(struct session *s, int kernel, const char *row, json_t *sample)
{
    json_t *samples = json_object_get(begun_round(s, kernel), "samples"), *list = json_object_get(samples, row);
    if (!list)
        json_object_set_new(samples, row, list = json_array());
    json_array_append_new(list, sample);
    if (!strcmp(json_string_value(json_object_get(sample, "status")), "failed"))
        note_guest_failure(s, kernel);
}

static void skip_row(struct session *s, bool *skip, const char *row)
{
    for (size_t i = 0; i < s->plan.count; i++)
        if (!strcmp(s->plan.step[i].row, row))
            skip[i] = true;
}

static bool all_skipped(struct session *s, const bool *skip)
{
    for (size_t i = 0; i < s->plan.count; i++)
        if (!skip[i])
            return false;
    return true;
}

static void fail_row(struct session *s, int kernel, bool *skip, const char *row, const char *why)
{
    keep_sample(s, kernel, row,
                json_pack("{s:s,s:s,s:s}", "workload", row, "status", "failed", "reason", why));
    skip_row(s, skip, row);
}

static void fail_rest(struct session *s, int kernel, bool *skip, const char *why)
{
    for (size_t i = 0; i < s->plan.count; i++)
        if (!skip[i])
            fail_row(s, kernel, skip, s->plan.step[i].row, why);
}

// None of the kernel's boots is worth another try.
static void give_up(struct session *s, int kernel, bool *skip, const char *why)
{
    json_object_set_new(begun_round(s, kernel), "never_began", json_string(why));
    fail_rest(s, kernel, skip, why);
}

static void say_guest_failure(struct session *s, int kernel, const struct boot_result *r)
{
    char *tail = boot_console_tail(r, TAIL_LINES);
    progress_clear(&s->progress);
    say_error("%s: %s", s->o->kernel[kernel].label, r->reason);
    if (*tail)
        say("%s--- end of its console ---%s\n%s%s---%s", tint_err(TINT_DIM), tint_err(TINT_OFF),
            tail, tint_err(TINT_DIM), tint_err(TINT_OFF));
    else
        say("  (its console stayed empty)");
    free(tail);
}

static char *boot_file(const struct arm_boot *a, const char *what)
{
    return begun_path(a->s, a->number, a->kernel, what);
}

// What was measured is kept without it, but not in silence.
static void keep_file(struct arm_boot *a, const char *what, const char *text)
{
    char *path = boot_file(a, what);
    if (!file_write_new(path, text, strlen(text))) {
        int why = errno;
        progress_clear(&a->s->progress);
        say_error("cannot write %s: %s", path, strerror(why));
    }
    free(path);
}

static json_t *boot_json(struct session *s, struct arm_boot *a, const struct boot_result *r)
{
    char *console = boot_file(a, "console");
    char *tail = r->status == BOOT_OK ? NULL : boot_console_tail(r, TAIL_LINES);
    json_t *clean = tail ? json_string(tail) : NULL;
    json_t *j = json_pack("{s:i,s:s,s:s,s:s*,s:f,s:f,s:f,s:i,s:i,s:s*,s:s,s:O*,s:o*,s:O*}", "boot",
                          a->number, "kernel", s->o->kernel[a->kernel].name, "status",
                          boot_status_name[r->status], "reason", r->reason, "wall_seconds",
                          r->wall_seconds, "qemu_cpu_seconds", r->cpu_seconds, "init_cpu_seconds",
                          r->init_cpu_seconds, "exit_code", r->exit_code, "exit_signal",
                          r->exit_signal, "shutdown", r->shutdown_reason, "console",
                          strrchr(console, '/') + 1, "guest", a->steps.boot, "console_tail", clean, "host", r->host);
    free(tail);
    free(console);
    return j;
}

// A boot before those that an earlier session measured may come after them.
static void note_argv(struct session *s, const struct arm_boot *a, const struct boot_result *r)
{
    json_t *argv = json_array();
    for (size_t i = 0; i < r->argv.count; i++)
        json_array_append_new(argv, json_string(r->argv.items[i]));
    if (!s->argv[a->kernel] || begun_is_first(s, a->kernel, a->number))
        run_partial_take_argv(s, a->kernel, argv);
    json_decref(argv);
    if (r->qemu_version && !s->qemu_version)
        s->qemu_version = x_strdup(r->qemu_version);
}

static void take_counts(struct arm_boot *a, struct boot_result *r)
{
    struct count_file counts;
    if (!r->counts)
        return;
    keep_file(a, "counts", r->counts);
    count_file_parse(&counts, r->counts, r->status == BOOT_OK);
    if (counts.fault)
        say_error("%s", counts.fault);
    boot_steps_counts(&a->steps, &counts);
    count_file_free(&counts);
}

// The histograms of the boot's timed iterations, one line a row.
static void keep_laps(struct session *s, struct arm_boot *a)
{
    struct text_buf t = {0};
    for (size_t i = 0; i < s->plan.count; i++) {
        char *line = lap_times_line(s->plan.step[i].row, a->steps.step[i].result);
        if (line)
            text_add(&t, line);
        free(line);
    }
    if (t.len)
        keep_file(a, "laps", t.data);
    text_free(&t);
}

static bool row_in(struct session *s, const char *row, const bool *skip)
{
    for (size_t i = 0; i < s->plan.count; i++)
        if (!skip[i] && !strcmp(s->plan.step[i].row, row))
            return true;
    return false;
}

static void ask_row(struct session *s, bool *asked, const char *row)
{
    for (size_t i = 0; i < s->plan.count; i++)
        if (!strcmp(s->plan.step[i].row, row))
            asked[i] = false;
}

// The steps of one boot: of what is left the first rows that it has room for, and the canary before and after them, whether an earlier boot of the round has had it or not.
static bool *choose_steps(struct session *s, const bool *skip)
{
    bool *asked = x_alloc(s->plan.count * sizeof(bool));
    int room = run_plan_room(&s->plan, s->o->rows_per_boot), taken = 0;
    memset(asked, true, s->plan.count * sizeof(bool));
    for (size_t r = 0; r < s->rows.count && taken < room; r++)
        if (!row_is_canary(s->rows.items[r]) && row_in(s, s->rows.items[r], skip)) {
            ask_row(s, asked, s->rows.items[r]);
            taken++;
        }
    for (size_t r = 0; r < s->rows.count; r++)
        if (row_is_canary(s->rows.items[r]) && (taken || row_in(s, s->rows.items[r], skip)))
            ask_row(s, asked, s->rows.items[r]);
    return asked;
}

// Keep what the boot finished; blame the row that was running for how it ended. True when the boot
// went well.
static bool settle_rows(struct session *s, struct arm_boot *a, const struct boot_result *r,
                        bool *skip, const bool *asked)
{
    bool good = r->status == BOOT_OK && !a->steps.fault;
    const char *why = r->reason ? r->reason : a->steps.fault ? a->steps.fault : "the guest failed";
    for (size_t i = 0; i < s->rows.count; i++) {
        const char *row = s->rows.items[i];
        if (!row_in(s, row, asked))
            continue;
        json_t *sample = row_sample(&a->steps, row, s->o->tier.tier);
        if (sample) {
            host_counts_add(sample, r->host, &s->plan, asked, row);
            keep_sample(s, a->kernel, row, sample);
            skip_row(s, skip, row);
        } else if (good) {
            fail_row(s, a->kernel, skip, row, "the guest was done without a countable result");
        }
    }
    if (!good && !a->steps.boot)
        give_up(s, a->kernel, skip, why);
    else if (!good && a->steps.at < s->plan.count && !skip[a->steps.at])
        fail_row(s, a->kernel, skip, s->plan.step[a->steps.at].row, why);
    return good;
}

// Of processes that run at once whoever started them says it, and once: what ends one ends all.
static void end_session(struct session *s, int code, const char *why)
{
    s->end = code;
    progress_clear(&s->progress);
    if (!s->progress.relay)
        say_error("%s", why);
    else if (code != EXIT_INTERRUPTED)
        s->end_why = x_strdup(why);
}

// What a boot's end means for the session: go on with good or failed rows, or end it; then the boot is as if it had not been.
static void take_boot(struct session *s, struct arm_boot *a, struct boot_result *r, bool *skip, const bool *asked)
{
    if (r->status == BOOT_INTERRUPTED || r->status == BOOT_QEMU_FAILED) {
        end_session(s, r->status == BOOT_INTERRUPTED ? EXIT_INTERRUPTED : EXIT_REFUSED, r->reason);
        return;
    }
    json_t *round = begun_round(s, a->kernel);
    take_counts(a, r);
    keep_laps(s, a);
    begun_round_add(round, boot_json(s, a, r));
    note_argv(s, a, r);
    if (r->status != BOOT_OK) {
        note_guest_failure(s, a->kernel); // also when it had finished every row
        say_guest_failure(s, a->kernel, r);
    }
    if (!settle_rows(s, a, r, skip, asked))
        json_object_set_new(round, "failed_boots", json_integer(number_of(round, "failed_boots") + 1));
}

// "bench ID [set:...] SPEC..."
static char *guest_args(struct session *s, int kernel, const bool *asked)
{
    char *head = kernel_image_head(&s->o->kernel[kernel], s->guest_id);
    char *args = run_plan_guest_args(&s->plan, head, asked, s->o->kernel[kernel].second);
    free(head);
    return args;
}

// The first row that is not measured yet.
static int first_row(struct session *s, const bool *skip)
{
    int row = 0;
    while (!row_in(s, s->rows.items[row], skip))
        row++;
    return row;
}

// Some row is not measured yet.
static void boot_once(struct session *s, int kernel, bool *skip)
{
    struct arm_boot a = {.s = s, .kernel = kernel, .number = begun_number(s, kernel, first_row(s, skip))};
    struct boot_result r;
    bool *asked = choose_steps(s, skip);
    char *args = guest_args(s, kernel, asked);
    char *console = boot_file(&a, "console");
    struct vm_spec spec = {.tier = s->o->tier.tier,
                           .qemu = s->o->qemu,
                           .cpu = s->o->tier.cpu,
                           .topology = s->o->topology,
                           .host = host_plan_options(&s->o->plan),
                           .kernel = &s->o->kernel[kernel],
                           .initrd = s->o->initrd,
                           .guest_args = args,
                           .turn_ns = s->o->turn_ns,
                           .plugin = s->o->tier.tier == TIER_DET ? s->o->plugin : NULL,
                           .plugin_io = vm_plugin_io(s->o->topology)};
    struct boot_request request = {.spec = &spec,
                                   .run_id = s->guest_id,
                                   .console_path = console,
                                   .plan = s->o->plan.rule == PLACE_BY_HOST ? NULL : &s->o->plan,
                                   .deadline = s->o->deadline,
                                   .slowness = s->slowness,
                                   .scale = s->o->scale,
                                   .on_record = on_record,
                                   .on_tick = on_tick,
                                   .ctx = &a};
    progress_add(&s->progress, BOOT_UNITS);
    progress_event(&s->progress, "%s: boot %d", s->o->kernel[kernel].label, s->boot_number + begun_boots(s, kernel) + (s->share ? s->share->shown : 0) + 1);
    boot_steps_start(&a.steps, &s->plan, asked);
    begun_clear(s, a.number, kernel);
    guest_boot(&request, &r);
    take_boot(s, &a, &r, skip, asked);
    boot_steps_free(&a.steps);
    boot_result_free(&r);
    free(args);
    free(console);
    free(asked);
}

// The steps of the rows that a begun round has.
static bool *steps_done(struct session *s, int kernel)
{
    bool *skip = x_alloc(s->plan.count * sizeof(bool));
    json_t *samples = json_object_get(s->begun[kernel], "samples");
    for (size_t i = 0; i < s->plan.count; i++)
        skip[i] = json_object_get(samples, s->plan.step[i].row) != NULL;
    return skip;
}

// After each boot but the last one of a round, which is kept with the round.
static void keep_boot(struct session *s, int kernel)
{
    if (s->progress.relay)
        side_by_side_tell(s, kernel);
    else
        run_partial_keep(s);
}

static bool too_many_failed(struct session *s, int kernel)
{
    return number_of(begun_round(s, kernel), "failed_boots") + (s->share ? number_of(s->share->before, "failed_boots") : 0) >= FAILED_BOOTS_MAX;
}

// Why no boot of the kernel is worth a try, or NULL.
static const char *hopeless(struct session *s, int kernel)
{
    const char *why = text_of(s->share ? s->share->before : s->begun[kernel], "never_began");
    return *why ? why : too_many_failed(s, kernel) ? "not run: too many boots of this kernel failed" : NULL;
}

// One round of one kernel, or what is left of it, or this process's share: as many boots as the rows need, and more while boots fail and rows are
// left.
static void run_arm(struct session *s, int kernel)
{
    bool *skip = steps_done(s, kernel);
    for (size_t i = 0; s->share && i < s->plan.count; i++)
        skip[i] |= s->share->left_out[i];
    while (!s->end && !all_skipped(s, skip)) {
        const char *why = hopeless(s, kernel);
        if (signals_pending())
            s->end = EXIT_INTERRUPTED;
        else if (!why)
            boot_once(s, kernel, skip);
        else
            fail_rest(s, kernel, skip, why);
        if (!s->end && !all_skipped(s, skip))
            keep_boot(s, kernel);
    }
    free(skip);
}

// Two rounds are a block: the second runs the kernels backwards (A B B A), and which leads is drawn
// anew for each block, so that neither a drift nor a rhythm of the host favours one of them.
static void draw_order(struct session *s, uint64_t *seed)
{
    for (int k = 0; k < s->o->kernels; k++)
        s->order[k] = k;
    for (int k = s->o->kernels; s->o->tier.tier != TIER_DET && k > 1; k--) {
        int j = stats_random(seed) % k, t = s->order[k - 1];
        s->order[k - 1] = s->order[j];
        s->order[j] = t;
    }
}

// A kernel's round, a share a boot, what one after the other would measure, each without what is measured already. The shares of a round that goes on are those with which
// it began: what a row has before it in its boot is part of its figure.
static void deal_round(struct session *s, int kernel, struct boot_shares *to)
{
    bool *done = steps_done(s, kernel), *dealt = x_alloc(s->plan.count * sizeof(bool));
    for (int i = 0; !all_skipped(s, dealt); i++) {
        bool *left_out = choose_steps(s, dealt);
        for (size_t j = 0; j < s->plan.count; j++) {
            dealt[j] |= !left_out[j];
            left_out[j] |= done[j];
        }
        if (all_skipped(s, left_out))
            free(left_out);
        else
            boot_shares_add(to, (struct boot_share){.kernel = kernel, .left_out = left_out, .shown = i});
    }
    free(dealt);
    free(done);
}

// The rounds of the kernels from place k of the order on, s->o->jobs boots at once. Returns how many are whole.
static int run_at_once(struct session *s, int round, int k)
{
    int n = s->o->kernels, next[RUN_KERNELS_MAX];
    struct boot_shares shares = {0};
    for (int i = k; i < n; i++) {
        next[i - k] = s->order[round % 2 ? n - 1 - i : i];
        deal_round(s, next[i - k], &shares);
    }
    int whole = run_side_by_side(s, next, n - k, &shares, run_arm);
    boot_shares_free(&shares);
    return whole;
}

// The round of the kernel at place k of the order, or of all from there on. Returns how many are whole.
static int run_next(struct session *s, int round, int k)
{
    int kernel = s->order[round % 2 ? s->o->kernels - 1 - k : k];
    if (s->o->jobs > 1)
        return run_at_once(s, round, k);
    run_arm(s, kernel);
    if (!s->end)
        begun_round_end(s, kernel);
    return !s->end;
}

// That the last round cannot be kept ends nothing: the whole run may be (finish).
static void keep_rounds(struct session *s)
{
    bool last = !s->end && s->rounds == s->o->kernels * s->o->boots;
    if (last ? run_partial_save(s) : run_partial_keep(s))
        run_partial_sweep(s);
}

static void run_round(struct session *s, int round, uint64_t *seed)
{
    int n = s->o->kernels;
    if (round % 2 == 0)
        draw_order(s, seed);
    for (int k = s->rounds - round * n; k < n && !s->end; k = s->rounds - round * n) {
        int whole = run_next(s, round, k);
        s->rounds += whole;
        if (whole || (s->end && begun_boots_all(s)))
            keep_rounds(s);
    }
}

// The guest's run id comes from the plan, not from the clock: two det runs of one plan are byte for
// byte the same.
static void choose_guest_id(struct session *s)
{
    struct sha256 h;
    char hex[SHA256_HEX], *args = run_plan_guest_args(&s->plan, "", NULL, true);
    sha256_start(&h);
    sha256_add(&h, args, strlen(args));
    sha256_end(&h, hex);
    memcpy(s->guest_id, "r", 1);
    memcpy(s->guest_id + 1, hex, 8);
    free(args);
}

static void remove_file(const struct session *s, const char *name)
{
    char *path = x_printf("%s/%s", s->dir, name);
    unlink(path);
    free(path);
}

// Of a run in which no guest failed.
static int code_of(json_t *run)
{
    json_t *row;
    size_t i, rows = 0;
    json_array_foreach (json_object_get(run, "rows"), i, row) {
        if (row_is_canary(text_of(row, "workload")))
            continue;
        if (strcmp(text_of(row, "status"), "unsupported"))
            return EXIT_OK;
        rows++;
    }
    return rows ? EXIT_SKIPPED : EXIT_OK;
}

// *kept: run.json is there. When it cannot be written, what was measured still goes to the caller, and into partial.json if that can.
static int finish(struct session *s, const char *id, json_t **run, bool *kept)
{
    if (!run_partial_unchanged(s)) {
        run_partial_save(s);
        return EXIT_REFUSED;
    }
    *run = run_document(s, id);
    remove_file(s, "google-benchmark.json"); // of a session that was killed before it could keep run.json
    json_t *google = google_bench_json(*run);
    *kept = run_store_save(s->dir, "google-benchmark.json", google) && run_store_save(s->dir, "run.json", *run);
    json_decref(google);
    if (*kept) {
        remove_file(s, PARTIAL_FILE);
        run_partial_sweep(s);
        return s->guest_failed ? EXIT_GUEST : code_of(*run);
    }
    say_error("cannot write %s: %s", s->dir, strerror(errno));
    remove_file(s, "google-benchmark.json");
    run_partial_save(s);
    return EXIT_REFUSED;
}

// Who only looks whether a folder is locked (runs_list.c, retention.c) holds its lock for a moment; who measures holds it for long.
static bool take_lock(int fd)
{
    struct timespec moment = {.tv_nsec = 10000000};
    int tries = LOCK_TRIES;
    while (flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno != EWOULDBLOCK || !--tries)
            return false;
        nanosleep(&moment, NULL);
    }
    return true;
}

// One run a folder: a second one that wants to go on with it meets the lock.
static bool lock_folder(struct session *s)
{
    s->lock = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->lock >= 0 && take_lock(s->lock))
        return true;
    say_error("%s is being measured into by another cloudbench", s->dir);
    if (s->lock >= 0)
        close(s->lock);
    s->lock = -1;
    return false;
}

// A new folder, or that of the run to go on with.
static int open_folder(struct session *s, char **id)
{
    char real[PATH_MAX];
    if (!s->o->resume)
        s->dir = run_store_create(s->o->base, tier_name[s->o->tier.tier], id);
    else if (realpath(s->o->resume, real))
        s->dir = x_strdup(real);
    if (!s->dir) {
        say_error("cannot make a folder for the run in %s: %s", s->o->base, strerror(errno));
        return EXIT_REFUSED;
    }
    if (s->o->resume)
        *id = x_strdup(strrchr(s->dir, '/') + 1);
    return lock_folder(s) ? 0 : EXIT_USAGE;
}

static int make_plan(struct session *s)
{
    struct run_options *o = s->o;
    char *why;
    bool ok = run_plan_make(&s->plan, &o->suites, o->tier.tier, o->topology, o->scale, &why) &&
              (!o->control.workload || run_plan_control(&s->plan, o->tier.tier, &o->control, &why));
    if (!ok)
        say_error("%s", why);
    free(why);
    return ok ? 0 : EXIT_USAGE;
}

static double begun_units(struct session *s)
{
    double units = BOOT_UNITS * begun_boots_all(s);
    for (int k = 0; k < s->o->kernels; k++) {
        bool *done = steps_done(s, k);
        for (size_t i = 0; i < s->plan.count; i++)
            units += done[i];
        units += run_plan_steps(&s->plan, begun_boots(s, k)) - s->plan.count;
        free(done);
    }
    return units;
}

static int prepare(struct session *s, char **id)
{
    int rc = make_plan(s);
    if (rc)
        return rc;
    temp_dir_sweep();
    run_plan_rows(&s->plan, &s->rows);
    choose_guest_id(s);
    rc = open_folder(s, id);
    if (rc)
        return rc;
    run_partial_note_inputs(s);
    s->slowness = machine_slowness();
    s->boots = json_array();
    for (int k = 0; k < s->o->kernels; k++)
        s->samples[k] = json_object();
    int boots = run_plan_boots(&s->plan, s->o->rows_per_boot);
    double of_round = run_plan_steps(&s->plan, boots) + BOOT_UNITS * boots;
    progress_start(&s->progress, s->o->boots * s->o->kernels * of_round, s->o->quiet);
    rc = s->o->resume ? run_partial_take(s) : 0;
    progress_skip(&s->progress, s->rounds * of_round + begun_units(s));
    return rc;
}

static void release(struct session *s)
{
    for (int k = 0; k < s->o->kernels; k++) {
        json_decref(s->samples[k]);
        json_decref(s->begun[k]);
        json_decref(s->argv[k]);
        list_free(&s->argv_list[k]);
    }
    json_decref(s->boots);
    json_decref(s->inputs);
    list_free(&s->rows);
    list_free(&s->renames);
    run_plan_free(&s->plan);
    free(s->qemu_version);
    if (s->lock >= 0)
        close(s->lock);
}

// The folder of a run that has no run.json: kept with what was measured, or removed when that is nothing.
static void leave_unfinished(struct session *s)
{
    char *partial = x_printf("%s/" PARTIAL_FILE, s->dir), *kept = run_partial_words(s->saved_rounds, s->o->boots * s->o->kernels, s->saved_boots);
    if (s->o->resume || file_exists(partial))
        say("%s are kept: cloudbench run --resume %s", kept, s->dir);
    else
        remove_tree(s->dir);
    free(partial);
    free(kept);
}

int run_session(struct run_options *options, json_t **run, char **dir)
{
    struct session s = {.o = options, .lock = -1};
    char *id = NULL;
    uint64_t seed = options->seed;
    int rc = prepare(&s, &id);
    bool kept = false;
    *run = NULL;
    for (int round = 0; !rc && !s.end && round < options->boots; round++)
        run_round(&s, round, &seed);
    if (!rc) {
        progress_clear(&s.progress);
        rc = s.end ? s.end : finish(&s, id, run, &kept);
    }
    bool began = !rc || s.rounds || begun_boots_all(&s) || s.end;
    if (s.dir && !kept && s.lock >= 0 && (began || !options->resume))
        leave_unfinished(&s);
    *dir = kept ? s.dir : NULL;
    if (!*dir)
        free(s.dir);
    release(&s);
    free(id);
    return rc;
}
