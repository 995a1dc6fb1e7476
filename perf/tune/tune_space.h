// What may be turned: configs/tune/NAME.yaml as knobs with levels. A level is the text that is written
// to the knob's file in the guest or put into the kernel's command line.
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define TUNE_KNOBS_MAX      8
#define TUNE_LEVELS_MAX     16
#define TUNE_OBJECTIVES_MAX 8

struct tune_knob {
    char *name, *path, *word; // path: a file of the running guest; word: of the command line; one of them
    char *level[TUNE_LEVELS_MAX];
    int levels, standard; // the level that is the kernel's default
};

struct tune_objective {
    char *workload, *metric; // less is better
};

struct tune_space {
    char *name, *kernel;
    struct tune_knob knob[TUNE_KNOBS_MAX];
    int knobs;
    struct tune_objective objective[TUNE_OBJECTIVES_MAX];
    int objectives;
    int budget; // configurations that may be tried
};

// False with *why (the caller's): no such space, or one that makes no sense.
bool tune_space_load(struct tune_space *s, const char *name, char **why);
void tune_space_free(struct tune_space *s);
// "NAME=VALUE NAME=VALUE", only knobs that differ from their default; "the default" when none does.
char *tune_space_text(const struct tune_space *s, const int *level);
// --set lines that make the kernel `arm` a copy of the space's kernel, with the files it sets already (a profile's, too), and with
// these levels; the caller frees the list.
struct str_list;
void tune_space_settings(const struct tune_space *s, const int *level, const char *arm,
                         struct str_list *out);
// Lines of a sysctl.d file (what is below /proc/sys) and of a tmpfiles.d file (other files): the moved knobs and what the kernel sets already.
char *tune_space_sysctl(const struct tune_space *s, const int *level);
char *tune_space_tmpfiles(const struct tune_space *s, const int *level);
