// The guest's result port: bytes in, verified records out (docs/result-protocol.md, version 1).
// A line that is not a whole, checked, expected record is a fault: after the first fault no record
// is taken.
#pragma once
#include "perf/util/text_buf.h"

#include <jansson.h>
#include <stdbool.h>

#define RECORD_LINE_MAX 65536

struct record_stream {
    const char *run_id; // records of another run are faults
    long next_seq;
    bool done;   // the "done" record came
    char *fault; // NULL, or what was wrong; owned
    struct text_buf line;
    void (*on_record)(void *ctx, json_t *record); // borrowed record
    void *ctx;
};

void record_stream_feed(struct record_stream *s, const char *data, size_t n);
void record_stream_free(struct record_stream *s);
