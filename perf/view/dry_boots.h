// `--dry-run` of the verbs that boot without a run's plan (lines, profile, trace): each boot, what its guest would do, what would be
// written, and about how long all of it takes.
#pragma once
#include "perf/vm/vm_spec.h"

struct dry_boots {
    const char *base; // folder of the runs whose pace is taken
    json_t *boots, *writes;
    double seconds;       // of the boots that an earlier run tells of
    struct str_list from; // those runs
    bool unknown;         // there is a boot of which none tells
};

void dry_boots_start(struct dry_boots *d, const char *base);
// One boot of that machine, its guest_args included, with so many steps of a run's length.
void dry_boots_add(struct dry_boots *d, const struct vm_spec *spec, const char *about, double steps);
void dry_boots_write(struct dry_boots *d, const char *path);
// text, md, json or csv on stdout.
void dry_boots_view(const struct dry_boots *d, const char *format);
void dry_boots_free(struct dry_boots *d);
