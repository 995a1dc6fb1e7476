// What a run is made of is compared by hash: half a run of one kernel and half of another is no run.
#include "perf/result/run_partial.h"

#include "perf/config/config.h"
#include "perf/result/begun_round.h"
#include "perf/result/measured_inputs.h"
#include "perf/result/run_identity.h"
#include "perf/util/host_file.h"
#include "perf/util/json_file.h"
#include "perf/util/json_get.h"
#include "perf/util/say.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Of a placed run, but for what was missing at its start. Other processors of the same rule are another place: the run has one list of them.
static json_t *place_of(const struct host_plan *p)
{
    json_t *place = p->rule == PLACE_BY_HOST ? json_null() : host_plan_json(p);
    json_object_del(place, "missing");
    return place;
}

// Times are this host's as it is now; counts are the same on every one.
static void note_host(json_t *in, const struct session *s)
{
    static const char *const notes[][2] = {{"the host's processor", "cpu"}, {"the number of the host's CPUs", "cpus"},
                                           {"the host's governor", "governor"}, {"the host's SMT", "smt"}};
    json_t *host = identity_host();
    for (size_t i = 0; i < sizeof(notes) / sizeof(*notes); i++) {
        json_t *v = json_object_get(host, notes[i][1]);
        json_object_set(in, notes[i][0], v ? v : json_null());
    }
    json_object_set_new(in, "the placement", place_of(&s->o->plan));
    json_decref(host);
}

// {what: hash} of everything that must be the same when the run goes on; the plan by the guest's id (run_session.c).
static json_t *inputs(const struct session *s)
{
    json_t *in = json_object();
    inputs_note_file(in, "QEMU", s->o->qemu);
    inputs_note_file(in, "the initramfs", s->o->initrd);
    json_object_set_new(in, "the plan of workloads", json_string(s->guest_id));
    if (s->o->tier.tier == TIER_DET)
        inputs_note_file(in, "the counting plugin", s->o->plugin);
    else
        note_host(in, s);
    json_object_set_new(in, "the machine (topology)", vm_topology_json(s->o->topology));
    json_object_set_new(in, "the tier", json_string(tier_name[s->o->tier.tier]));
    json_object_set_new(in, "the length of a turn", json_integer(s->o->turn_ns));
    json_object_set_new(in, "the seed", json_integer(s->o->seed));
    json_object_set_new(in, "the number of rows of a boot", json_integer(s->o->rows_per_boot));
    for (int k = 0; k < s->o->kernels; k++)
        inputs_note_kernel(in, &s->o->kernel[k]);
    return in;
}

static bool same_inputs(json_t *before, json_t *now)
{
    char *why = inputs_difference(before, now, "run");
    if (why)
        say_error("%s", why);
    free(why);
    return !why;
}

void run_partial_note_inputs(struct session *s)
{
    s->inputs = inputs(s);
}

bool run_partial_unchanged(const struct session *s)
{
    json_t *now = inputs(s);
    bool same = same_inputs(s->inputs, now);
    json_decref(now);
    return same;
}

static void note_saved(struct session *s)
{
    s->saved_rounds = s->rounds;
    s->saved_boots = begun_boots_all(s);
}

bool run_partial_save(struct session *s)
{
    json_t *samples = json_array(), *argv = json_array(), *begun = json_array();
    for (int k = 0; k < s->o->kernels; k++) {
        json_array_append(samples, s->samples[k]);
        json_array_append_new(begun, s->begun[k] ? json_incref(s->begun[k]) : json_null());
        json_array_append_new(argv, s->argv[k] ? json_incref(s->argv[k]) : json_array());
    }
    json_t *j = json_pack("{s:s,s:O,s:o,s:s,s:i,s:i,s:i,s:b,s:s*,s:o,s:o,s:o,s:O,s:o}", "schema", PARTIAL_SCHEMA, "arguments",
                          s->o->arguments, "settings", config_settings(), "tier", tier_name[s->o->tier.tier], "rounds",
                          s->rounds, "rounds_asked", s->o->kernels * s->o->boots, "boot_number", s->boot_number, "guest_failed", s->guest_failed, "qemu_version",
                          s->qemu_version, "inputs", json_incref(s->inputs), "samples", samples, "argv", argv, "boots", s->boots,
                          "begun", begun);
    char *path = x_printf("%s/" PARTIAL_FILE, s->dir), *text = json_dumps(j, JSON_REAL_PRECISION(17));
    bool ok = file_replace(path, text, strlen(text));
    if (ok)
        note_saved(s);
    json_decref(j);
    free(path);
    free(text);
    return ok;
}

bool run_partial_keep(struct session *s)
{
    if (run_partial_save(s))
        return true;
    if (s->end != EXIT_REFUSED) { // else why the session ends has been said
        progress_clear(&s->progress);
        say_error("cannot write %s: %s", s->dir, strerror(errno));
    }
    s->end = EXIT_REFUSED;
    return false;
}

char *run_partial_words(int rounds, int asked, int boots)
{
    return boots ? x_printf("%d of %d rounds and %d boot%s more", rounds, asked, boots, boots == 1 ? "" : "s") : x_printf("%d of %d rounds", rounds, asked);
}

json_t *run_partial_read(const char *dir)
{
    json_error_t err;
    char *path = x_printf("%s/" PARTIAL_FILE, dir), *whole = x_printf("%s/run.json", dir);
    json_t *j = json_file_load(path, 0, &err);
    char *fault = j ? partial_fault(j) : NULL;
    bool finished = file_exists(whole);
    if (finished)
        say_error("%s is finished: there is nothing to go on with", dir);
    else if (!j && file_exists(path))
        say_error("%s: line %d: %s", path, err.line, err.text);
    else if (!j)
        say_error("%s holds no unfinished run", dir);
    else if (fault)
        say_error("%s: %s", path, fault);
    bool ok = j && !finished && !fault;
    free(path);
    free(whole);
    free(fault);
    if (ok)
        return j;
    json_decref(j);
    return NULL;
}

void run_partial_take_argv(struct session *s, int kernel, json_t *argv)
{
    json_t *word;
    size_t i;
    if (!json_array_size(argv))
        return;
    json_decref(s->argv[kernel]);
    list_free(&s->argv_list[kernel]);
    s->argv[kernel] = json_incref(argv);
    json_array_foreach (argv, i, word)
        list_add(&s->argv_list[kernel], json_string_value(word));
}

// The names of the boots' files without what they are: {"boot-003-linux": true, ...}.
static json_t *stems_of_boots(const struct session *s)
{
    json_t *stems = json_object(), *boot;
    size_t i;
    for (int k = -1; k < s->o->kernels; k++)
        json_array_foreach (k < 0 ? s->boots : json_object_get(s->begun[k], "boots"), i, boot) {
            const char *console = text_of(boot, "console"), *end = strrchr(console, '.');
            if (end)
                json_object_setn_new(stems, console, end - console, json_true());
        }
    return stems;
}

// Also a partial.json that was never whole (file_replace).
static bool is_stray(json_t *stems, const char *name)
{
    static const char *const ours[] = {"boot-", "round-", PARTIAL_FILE "."};
    const char *end = strrchr(name, '.');
    bool known = false;
    for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
        known |= !strncmp(name, ours[i], strlen(ours[i]));
    return known && end && !json_object_getn(stems, name, end - name);
}

void run_partial_sweep(struct session *s)
{
    begun_names_end(s);
    json_t *stems = stems_of_boots(s);
    DIR *d = opendir(s->dir);
    for (struct dirent *e; d && (e = readdir(d));)
        if (is_stray(stems, e->d_name))
            unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    json_decref(stems);
}

// A round that was begun has rows of the plan: why it has others, or NULL (the caller's).
static char *begun_misfit(const struct session *s, json_t *begun)
{
    json_t *round, *list;
    const char *row;
    size_t k;
    json_array_foreach (begun, k, round)
        json_object_foreach (json_object_get(round, "samples"), row, list)
            if (!list_has(&s->rows, row))
                return x_printf("a round that was begun has %s, which is no row of the run", row);
    return NULL;
}

// Each round of a kernel measured each of the plan's rows: why the document's are other ones, or NULL (the caller's).
static char *misfit(const struct session *s, json_t *j)
{
    json_t *samples = json_object_get(j, "samples");
    int kernels = json_array_size(samples), rounds = number_of(j, "rounds");
    if (kernels != s->o->kernels)
        return x_printf("samples of %d kernels; the run is of %d", kernels, s->o->kernels);
    if (number_of(j, "rounds_asked") != s->o->kernels * s->o->boots)
        return x_printf("%.0f rounds were asked for; the run is of %d", number_of(j, "rounds_asked"), s->o->kernels * s->o->boots);
    for (int k = 0; k < kernels; k++)
        for (size_t r = 0; r < s->rows.count; r++) {
            json_t *of_kernel = json_array_get(samples, k);
            int n = json_array_size(json_object_get(of_kernel, s->rows.items[r]));
            bool more = n > (rounds + kernels - 1) / kernels && !row_is_canary(s->rows.items[r]);
            if (n < rounds / kernels || more)
                return x_printf("%s of %s has %d samples after %d rounds of %d kernels", s->rows.items[r], s->o->kernel[k].label, n, rounds, kernels);
        }
    return begun_misfit(s, json_object_get(j, "begun"));
}

int run_partial_take(struct session *s)
{
    json_t *j = run_partial_read(s->dir);
    bool ok = j && same_inputs(json_object_get(j, "inputs"), s->inputs);
    char *why = ok ? misfit(s, j) : NULL;
    if (why) {
        say_error("%s/" PARTIAL_FILE ": %s", s->dir, why);
        ok = false;
    }
    free(why);
    if (!ok) {
        json_decref(j);
        return EXIT_USAGE;
    }
    s->rounds = number_of(j, "rounds");
    s->boot_number = number_of(j, "boot_number");
    s->guest_failed = json_is_true(json_object_get(j, "guest_failed"));
    if (*text_of(j, "qemu_version"))
        s->qemu_version = x_strdup(text_of(j, "qemu_version"));
    json_array_extend(s->boots, json_object_get(j, "boots"));
    for (int k = 0; k < s->o->kernels; k++) {
        json_object_update(s->samples[k], json_array_get(json_object_get(j, "samples"), k));
        json_t *round = json_array_get(json_object_get(j, "begun"), k);
        s->begun[k] = json_is_object(round) ? json_incref(round) : NULL;
        run_partial_take_argv(s, k, json_array_get(json_object_get(j, "argv"), k));
    }
    note_saved(s);
    run_partial_sweep(s);
    json_decref(j);
    return 0;
}
