// What two runs must have alike before anybody compares them: where, on what shape of machine and how they were measured. Rules of
// tiers and of clock sources are perf/result/comparison.c's.
#pragma once
#include <jansson.h>
#include <stdbool.h>

// Where a run was made: exact counts a QEMU version, times a kind of host, a QEMU version and how the guest was placed, imported figures a
// tool's version on a host; several CPUs under instruction counting by their turns, too, and each of its runs by how many rows share a boot; a run that was measured otherwise than the configuration
// says (scale, settings, control, knobs) by that. The caller frees it.
char *run_fingerprint(json_t *run);
// [{what: "host"|"emulator"|"placement"|"topology"|"turn"|"boot"|"scale"|"setting"|"iteration"|"control"|"knob", a, b}]: in what the runs differ; empty when they may be compared.
json_t *run_unlike(json_t *a, json_t *b);
// The same list as words, `hosts ("X" and "Y"), scales ("1" and "0.1")`; NULL of an empty one. The caller frees them.
char *run_unlike_words(json_t *list);
// The --set of a run that make it unlike one without them: a new array.
json_t *run_settings_of_measuring(json_t *run);
// "the runs are of different hosts ("X" and "Y")", or NULL when they are alike; the caller frees it.
char *run_unlike_why(json_t *a, json_t *b);
// Are both one and the same run? Its id does not say so: below a folder of runs it goes by its own folder's name.
bool run_is(json_t *a, json_t *b);
