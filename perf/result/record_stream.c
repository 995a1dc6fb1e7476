// Splits lines, checks tag, run id, sequence and CRC, parses the JSON. "@CB1 RUNID SEQ JSON
// CRC32HEX".
#include "perf/result/record_stream.h"

#include "perf/result/record_crc.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 60 // bytes of a bad line that a message quotes

static void fault(struct record_stream *s, const char *what, const char *line, size_t n)
{
    struct text_buf t = {0};
    text_addf(&t, "%s: \"", what);
    for (size_t i = 0; i < n && i < SHOWN; i++)
        if (isprint((unsigned char)line[i]))
            text_addf(&t, "%c", line[i]);
        else
            text_addf(&t, "\\x%02x", (unsigned char)line[i]);
    text_add(&t, n > SHOWN ? "...\"" : "\"");
    s->fault = t.data;
}

// The JSON between "RUNID SEQ " and " CRC"; NULL when the frame is wrong.
static const char *check_frame(struct record_stream *s, char *body, size_t *json_len,
                               const char **why)
{
    char *crc = strrchr(body, ' '), *end, *json;
    size_t id = strlen(s->run_id);
    *why = "not a record";
    if (!crc || strlen(crc + 1) != 8 || strncmp(body, s->run_id, id) || body[id] != ' ')
        return NULL;
    long seq = strtol(body + id + 1, &end, 10);
    if (end == body + id + 1 || *end != ' ' || end >= crc)
        return NULL;
    *why = "wrong checksum";
    if (strtoul(crc + 1, &json, 16) != record_crc(body, crc - body) || *json)
        return NULL;
    *why = "record out of sequence";
    if (seq != s->next_seq)
        return NULL;
    *json_len = crc - end - 1;
    return end + 1;
}

static void take_line(struct record_stream *s, char *line, size_t n)
{
    const char *why = "not a record", *json = NULL;
    size_t json_len = 0;
    while (n && (line[n - 1] == '\r' || line[n - 1] == '\n'))
        n--;
    if (!n)
        return;
    line[n] = '\0';
    if (strlen(line) == n && !strncmp(line, "@CB1 ", 5))
        json = check_frame(s, line + 5, &json_len, &why);
    json_t *record = json ? json_loadb(json, json_len, 0, NULL) : NULL;
    const char *type = json_string_value(json_object_get(record, "type"));
    if (!type) {
        fault(s, json ? "record without a type" : why, line, n);
    } else {
        s->next_seq++;
        s->done = !strcmp(type, "done");
        s->on_record(s->ctx, record);
    }
    json_decref(record);
}

void record_stream_feed(struct record_stream *s, const char *data, size_t n)
{
    char *end;
    if (s->fault)
        return;
    text_add_bytes(&s->line, data, n);
    while (!s->fault && (end = memchr(s->line.data, '\n', s->line.len))) {
        size_t len = end - s->line.data;
        take_line(s, s->line.data, len);
        text_drop(&s->line, len + 1);
    }
    if (!s->fault && s->line.len > RECORD_LINE_MAX)
        fault(s, "endless line", s->line.data, s->line.len);
}

void record_stream_free(struct record_stream *s)
{
    text_free(&s->line);
    free(s->fault);
}
