// See begun_round.h.
#include "perf/result/begun_round.h"

#include "perf/util/json_get.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The files of a boot.
static const char *const kinds[] = {"console", "counts", "laps"};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

json_t *begun_round(struct session *s, int kernel)
{
    if (!s->begun[kernel])
        s->begun[kernel] = json_pack("{s:[],s:{},s:i,s:b}", "boots", "samples", "failed_boots", 0, "guest_failed", 0);
    return s->begun[kernel];
}

int begun_boots(const struct session *s, int kernel)
{
    return json_array_size(json_object_get(s->begun[kernel], "boots"));
}

static bool has_number(json_t *round, int number)
{
    json_t *boot;
    size_t i;
    json_array_foreach (json_object_get(round, "boots"), i, boot)
        if ((int)number_of(boot, "boot") == number)
            return true;
    return false;
}

// Each row has numbers for the boots that begin with it and fail, and for the one that does not.
int begun_number(const struct session *s, int kernel, int row)
{
    int number = row * (FAILED_BOOTS_MAX + 1);
    while (has_number(s->begun[kernel], number) || (s->share && has_number(s->share->before, number)))
        number++;
    return number;
}

int begun_boots_all(const struct session *s)
{
    int n = 0;
    for (int k = 0; k < s->o->kernels; k++)
        n += begun_boots(s, k);
    return n;
}

char *begun_path(const struct session *s, int boot, int kernel, const char *what)
{
    return x_printf("%s/round-%03d-%s.%s", s->dir, boot, s->o->kernel[kernel].name, what);
}

void begun_clear(const struct session *s, int boot, int kernel)
{
    for (size_t i = 0; i < KINDS; i++) {
        char *path = begun_path(s, boot, kernel, kinds[i]);
        unlink(path);
        free(path);
    }
}

// The boot that the round knows by one number is the session's by another.
static void name_files(struct session *s, int kernel, int boot, int number)
{
    for (size_t i = 0; i < KINDS; i++) {
        char *old = begun_path(s, boot, kernel, kinds[i]), *new = session_boot_path(s, number, s->o->kernel[kernel].name, kinds[i]);
        unlink(new); // of a session that was killed before it kept the round
        if (link(old, new) && errno != ENOENT) {
            list_add(&s->renames, old);
            list_add(&s->renames, new);
        }
        free(old);
        free(new);
    }
}

void begun_names_end(struct session *s)
{
    for (size_t i = 0; i + 1 < s->renames.count; i += 2)
        rename(s->renames.items[i], s->renames.items[i + 1]);
    list_free(&s->renames);
}

static void take_boots(struct session *s, int kernel, json_t *boots)
{
    json_t *boot;
    size_t i;
    json_array_foreach (boots, i, boot) {
        char *console = session_boot_path(s, s->boot_number + (int)i, s->o->kernel[kernel].name, "console");
        name_files(s, kernel, (int)number_of(boot, "boot"), s->boot_number + (int)i);
        json_object_set_new(boot, "boot", json_integer(s->boot_number + (int)i));
        json_object_set_new(boot, "console", json_string(strrchr(console, '/') + 1));
        json_array_append(s->boots, boot);
        free(console);
    }
    s->boot_number += json_array_size(boots);
}

static size_t boots_before(json_t *boots, json_t *boot)
{
    size_t n = json_array_size(boots);
    while (n && number_of(json_array_get(boots, n - 1), "boot") > number_of(boot, "boot"))
        n--;
    return n;
}

void begun_round_add(json_t *round, json_t *boot)
{
    json_t *boots = json_object_get(round, "boots");
    json_array_insert_new(boots, boots_before(boots, boot), boot);
}

bool begun_is_first(const struct session *s, int kernel, int number)
{
    json_t *boots = json_object_get(s->begun[kernel], "boots");
    return !json_object_size(s->samples[kernel]) && (int)number_of(json_array_get(boots, 0), "boot") == number;
}

void begun_round_join(json_t *round, json_t *part)
{
    json_t *boot;
    size_t i;
    json_array_foreach (json_object_get(part, "boots"), i, boot)
        begun_round_add(round, json_incref(boot));
    if (part)
        json_object_update(json_object_get(round, "samples"), json_object_get(part, "samples"));
    if (json_object_get(part, "never_began"))
        json_object_set(round, "never_began", json_object_get(part, "never_began"));
    json_object_set_new(round, "failed_boots", json_integer(number_of(round, "failed_boots") + number_of(part, "failed_boots")));
    json_object_set_new(round, "guest_failed", json_boolean(json_is_true(json_object_get(round, "guest_failed")) || json_is_true(json_object_get(part, "guest_failed"))));
}

void begun_round_end(struct session *s, int kernel)
{
    json_t *round = begun_round(s, kernel), *list, *samples;
    const char *row;
    take_boots(s, kernel, json_object_get(round, "boots"));
    json_object_foreach (json_object_get(round, "samples"), row, list) {
        samples = json_object_get(s->samples[kernel], row);
        if (samples)
            json_array_extend(samples, list);
        else
            json_object_set(s->samples[kernel], row, list);
    }
    s->guest_failed |= json_is_true(json_object_get(round, "guest_failed"));
    json_decref(round);
    s->begun[kernel] = NULL;
}
