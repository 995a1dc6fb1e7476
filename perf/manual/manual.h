// The program's own description, made from the verbs' argp declarations (perf/verbs/verb.h): nothing here is written by hand a second time.
#pragma once
#include "perf/util/text_buf.h"
#include "perf/verbs/verb.h"

// cloudbench.1, for man(1).
void manual_page(struct text_buf *t);
void completion_bash(struct text_buf *t);
void completion_zsh(struct text_buf *t);
void completion_fish(struct text_buf *t);

// Calls back for each option of the verb, those of its argp's children too.
void each_option(const struct argp *argp, void (*call)(void *ctx, const struct argp_option *o), void *ctx);
// What an option's argument, or a verb's, may be: words from the option's own description ("det, tcg or kvm"), or a kind of things that
// `cloudbench manual --words KIND` prints ("kernels"), or "files", or "".
struct option_values {
    struct str_list words;
    const char *kind;
};
void option_values(const struct argp_option *o, struct option_values *v);
const char *argument_kind(const struct verb *v);
