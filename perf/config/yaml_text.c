// Reads libyaml's events into JSON values and notes their lines.
#include "perf/config/yaml_text.h"

#include "perf/util/text_buf.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; // the current one; always deleted before the next
    const char *file;
    json_t *origins;
    char *why;
};

char *yaml_member_path(const char *path, const char *key)
{
    return *path ? x_printf("%s.%s", path, key) : x_strdup(key);
}

char *yaml_item_path(const char *path, size_t index)
{
    return x_printf("%s[%zu]", path, index);
}

static int line_of(const struct reader *r)
{
    return (int)r->event.start_mark.line + 1;
}

static json_t *refuse(struct reader *r, const char *what)
{
    if (!r->why)
        r->why = x_printf("%s:%d: %s", r->file, line_of(r), what);
    return NULL;
}

// The next event becomes the current one. False when the text is no YAML.
static bool advance(struct reader *r)
{
    yaml_event_delete(&r->event);
    memset(&r->event, 0, sizeof(r->event));
    if (yaml_parser_parse(&r->parser, &r->event))
        return true;
    if (!r->why)
        r->why = x_printf("%s:%d: %s", r->file, (int)r->parser.problem_mark.line + 1,
                          r->parser.problem ? r->parser.problem : "no YAML");
    return false;
}

static void note_line(struct reader *r, const char *path, int line)
{
    if (!r->origins)
        return;
    char *where = x_printf("%s:%d", r->file, line);
    json_object_set_new(r->origins, path, json_string(where));
    free(where);
}

static json_t *plain_number(struct reader *r, const char *s)
{
    char *end;
    errno = 0;
    long long n = strtoll(s, &end, 10);
    if (!*end)
        return errno ? refuse(r, "the number does not fit into 64 bits") : json_integer(n);
    double d = strtod(s, &end);
    if (*end)
        return NULL;
    return isfinite(d) ? json_real(d) : refuse(r, "the number is not finite");
}

static bool one_of(const char *s, const char *a, const char *b, const char *c)
{
    return !strcmp(s, a) || !strcmp(s, b) || !strcmp(s, c);
}

static bool not_finite(const char *s)
{
    s += *s == '+' || *s == '-';
    return one_of(s, ".nan", ".NaN", ".NAN") || one_of(s, ".inf", ".Inf", ".INF");
}

// Decimal digits only: strtod would also take "0x1p3", "nan" and "infinity".
static bool looks_numeric(const char *s)
{
    s += *s == '+' || *s == '-';
    return (*s >= '0' && *s <= '9' && !strpbrk(s, "xXpP")) ||
           (*s == '.' && s[1] >= '0' && s[1] <= '9');
}

static json_t *scalar(struct reader *r)
{
    const char *s = (const char *)r->event.data.scalar.value;
    if (strlen(s) != r->event.data.scalar.length)
        return refuse(r, "a NUL byte inside a value");
    if (r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        if (!*s || one_of(s, "~", "null", "Null"))
            return json_null();
        if (one_of(s, "true", "True", "TRUE"))
            return json_true();
        if (one_of(s, "false", "False", "FALSE"))
            return json_false();
        if (not_finite(s))
            return refuse(r, "the number is not finite");
        json_t *n = looks_numeric(s) ? plain_number(r, s) : NULL;
        if (n || r->why)
            return n;
    }
    json_t *j = json_string(s);
    return j ? j : refuse(r, "text that is not UTF-8");
}

static json_t *value(struct reader *r, const char *path, int depth);

// The current event is a key. Its value goes into the map; the event after it becomes current.
static bool member(struct reader *r, json_t *map, const char *path, int depth)
{
    if (r->event.type != YAML_SCALAR_EVENT)
        return refuse(r, "a key must be a word");
    if (r->event.data.scalar.tag || r->event.data.scalar.anchor)
        return refuse(r, "tags and anchors are not taken");
    char *key = x_strdup((const char *)r->event.data.scalar.value);
    char *below = yaml_member_path(path, key);
    bool ok = true;
    if (json_object_get(map, key)) {
        char *what = x_printf("the key \"%s\" stands twice", key);
        ok = refuse(r, what);
        free(what);
    } else if (!*key || strpbrk(key, ".[] \t\n")) {
        ok = refuse(r, "a key must be a word without dots, brackets or spaces");
    }
    json_t *v = ok && advance(r) ? value(r, below, depth + 1) : NULL;
    ok = v && !json_object_set_new(map, key, v);
    free(key);
    free(below);
    return ok;
}

static json_t *mapping(struct reader *r, const char *path, int depth)
{
    json_t *map = json_object();
    bool ok = advance(r);
    while (ok && r->event.type != YAML_MAPPING_END_EVENT)
        ok = member(r, map, path, depth) && advance(r);
    if (ok)
        return map;
    json_decref(map);
    return NULL;
}

static json_t *sequence(struct reader *r, const char *path, int depth)
{
    json_t *list = json_array();
    bool ok = advance(r);
    while (ok && r->event.type != YAML_SEQUENCE_END_EVENT) {
        char *below = yaml_item_path(path, json_array_size(list));
        json_t *v = value(r, below, depth + 1);
        free(below);
        ok = v && !json_array_append_new(list, v) && advance(r);
    }
    if (ok)
        return list;
    json_decref(list);
    return NULL;
}

static bool decorated(const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return e->data.scalar.tag || e->data.scalar.anchor;
    case YAML_MAPPING_START_EVENT:
        return e->data.mapping_start.tag || e->data.mapping_start.anchor;
    case YAML_SEQUENCE_START_EVENT:
        return e->data.sequence_start.tag || e->data.sequence_start.anchor;
    default:
        return false;
    }
}

// The value that starts at the current event; its last event is current afterwards.
static json_t *value(struct reader *r, const char *path, int depth)
{
    if (depth > YAML_DEPTH_MAX)
        return refuse(r, "nested too deep");
    if (decorated(&r->event))
        return refuse(r, "tags and anchors are not taken");
    note_line(r, path, line_of(r));
    switch (r->event.type) {
    case YAML_SCALAR_EVENT:
        return scalar(r);
    case YAML_MAPPING_START_EVENT:
        return mapping(r, path, depth);
    case YAML_SEQUENCE_START_EVENT:
        return sequence(r, path, depth);
    case YAML_ALIAS_EVENT:
        return refuse(r, "aliases are not taken");
    default:
        return refuse(r, "a value is missing");
    }
}

// Skips what stands before the first value: start of stream and of document.
static bool open_document(struct reader *r)
{
    bool ok = advance(r) && advance(r);
    if (ok && r->event.type == YAML_STREAM_END_EVENT)
        ok = refuse(r, "the file is empty");
    return ok && advance(r);
}

static bool close_document(struct reader *r)
{
    bool ok = advance(r) && advance(r);
    if (ok && r->event.type != YAML_STREAM_END_EVENT)
        ok = refuse(r, "a second document in one file");
    return ok;
}

json_t *yaml_parse(const char *file, const char *text, size_t len, const char *prefix,
                   json_t *origins, char **why)
{
    struct reader r = {.file = file, .origins = origins};
    *why = NULL;
    if (!yaml_parser_initialize(&r.parser)) {
        *why = x_strdup("no memory for a YAML parser");
        return NULL;
    }
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    json_t *j = open_document(&r) ? value(&r, prefix, 0) : NULL;
    if (j && !close_document(&r)) {
        json_decref(j);
        j = NULL;
    }
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    *why = r.why;
    return j;
}
