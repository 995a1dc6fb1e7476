// The counting plugin's file: markers in order, totals, classified counts, instructions by symbol.
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One outer window (markers 3 and 4): a workload's run with everything it leaves behind.
struct count_window {
    uint64_t insns;
    json_t *counts; // object name -> number of what happened in it ("count NAME N"), or NULL
};

struct count_file {
    struct count_window *window;
    size_t windows;
    uint64_t total;
    json_t *symbols; // array of [name, instructions], largest first
    char *fault;     // NULL, or the line that is wrong; then nothing else may be used
};

// text: the file's content, lines "marker REGION VCPU TOTAL", "count NAME N", "total N", "sym N
// NAME", and "end", the last. to_the_end: without that it is a fault, as it must be where the guest switched itself off; a
// VM that was ended has none, and the windows that it closed count.
void count_file_parse(struct count_file *c, const char *text, bool to_the_end);
void count_file_free(struct count_file *c);
