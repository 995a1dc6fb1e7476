// The tables of verb.h.
#include "perf/verbs/verb.h"

#include "perf/util/say.h"

#define X(name, about) {#name, about, verb_##name, &name##_argp},
const struct verb verbs[] = {VERBS(X) {0}};
#undef X

const struct argp_option common_options[] = {
    {"set", 0, "DOCUMENT.KEY=VALUE", 0, "goes over the files in configs/ for this command; may be repeated", 0},
    {"profile", 0, "FILE|NAME", 0, "many of these from a file, such as a profile.yaml of tune, or by the name of one of configs/sched/", 0},
    {0},
};

const struct exit_word exit_words[] = {
    {EXIT_OK, "ok"},
    {EXIT_INTERNAL, "internal error"},
    {EXIT_USAGE, "usage, or input that is not understood"},
    {EXIT_REGRESSED, "regression"},
    {EXIT_INCONCLUSIVE, "inconclusive, with --strict"},
    {EXIT_REFUSED, "environment refused: something is missing, the message says what"},
    {EXIT_GUEST, "guest failure: panic, hang, wrong answer"},
    {EXIT_SKIPPED, "skipped: every row is of something that the kernels lack"},
    {EXIT_INTERRUPTED, "interrupted"},
    {0},
};
