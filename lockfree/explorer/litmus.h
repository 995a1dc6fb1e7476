/* litmus.h: structures that the explorer's own tests explore: the classic litmus tests, and programs with one known bug each. */
#pragma once
#include "lockfree/explore.h"

/* Whether the outcome the test is known for can be seen under each memory. */
struct litmus {
    struct explore_structure structure;
    struct explore_scenario scenario;
    uint64_t outcome;
    bool reachable[3]; /* by enum explore_memory */
};

struct bug {
    struct explore_structure structure;
    struct explore_scenario scenario;
    const char *message[3]; /* part of the report under each memory; NULL: no error */
};

extern const struct litmus litmus_tests[]; /* end with a name of NULL */
extern const struct bug litmus_bugs[];
