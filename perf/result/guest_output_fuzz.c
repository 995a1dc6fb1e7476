// Fuzz target (ci/fuzz): any bytes from the guest's result port, in any pieces, and as the files of the plugins and the histogram that
// a guest sends. After a fault no record is taken; nothing is written beyond what was read.
#include "perf/lines/line_file.h"
#include "perf/profile/folded_stacks.h"
#include "perf/result/count_file.h"
#include "perf/result/record_stream.h"
#include "perf/stats/hdr_histogram.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void on_record(void *ctx, json_t *record)
{
    struct record_stream *s = ctx;
    if (s->fault || !json_is_object(record))
        abort();
}

static void feed(const char *text, size_t len, size_t piece)
{
    struct record_stream s = {.run_id = "r", .on_record = on_record};
    s.ctx = &s;
    for (size_t at = 0; at < len; at += piece)
        record_stream_feed(&s, text + at, len - at < piece ? len - at : piece);
    record_stream_free(&s);
}

static void read_files(const char *text)
{
    struct count_file counts;
    struct line_file lines;
    char *why;
    count_file_parse(&counts, text, text[0] & 1);
    count_file_free(&counts);
    line_file_parse(&lines, text);
    line_file_free(&lines);
    json_decref(folded_parse(text, &why));
    free(why);
}

static void read_histogram(const char *text)
{
    static struct hdr_histogram h;
    if (!hdr_parse(&h, text))
        return;
    char *again = hdr_text(&h); // what is taken is written as it was
    if (strcmp(again, text))
        abort();
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (!len)
        return 0;
    char *text = x_alloc(len);
    memcpy(text, data + 1, len - 1);
    if (data[0] & 1)
        feed(text, len - 1, 1 + data[0] / 2);
    else if (data[0] & 2)
        read_files(text);
    else
        read_histogram(text);
    free(text);
    return 0;
}
