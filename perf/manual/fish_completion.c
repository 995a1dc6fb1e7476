// Completion for fish. Things that change (kernels, runs) are asked of the program when they are wanted.
#include "perf/manual/manual.h"

#include <stdlib.h>
#include <string.h>

// Inside single quotes.
static void quoted(struct text_buf *t, const char *s)
{
    for (; *s; s++) {
        if (*s == '\'' || *s == '\\')
            text_add(t, "\\");
        text_add_bytes(t, s, 1);
    }
}

static void begin(struct text_buf *t, const char *verb)
{
    text_addf(t, "complete -c cloudbench -n '__cloudbench_verb %s'", verb);
}

static void things(struct text_buf *t, const char *kind)
{
    if (!strcmp(kind, "files"))
        text_add(t, " -F");
    else if (*kind)
        text_addf(t, " -a '(__cloudbench_things %s)'", kind);
}

struct place {
    struct text_buf *t;
    const char *verb;
};

static void add_option(void *ctx, const struct argp_option *o)
{
    struct place *p = ctx;
    struct option_values v;
    begin(p->t, p->verb);
    if (o->key > ' ' && o->key < 127)
        text_addf(p->t, " -s %c", o->key);
    text_addf(p->t, " -l %s", o->name);
    option_values(o, &v);
    if (o->arg)
        text_add(p->t, strcmp(v.kind, "files") || v.words.count ? " -x" : " -r");
    if (o->arg && v.words.count) {
        text_add(p->t, " -a '");
        for (size_t i = 0; i < v.words.count; i++)
            text_addf(p->t, "%s%s", i ? " " : "", v.words.items[i]);
        text_add(p->t, "'");
    } else if (o->arg) {
        things(p->t, v.kind);
    }
    list_free(&v.words);
    text_add(p->t, " -d '");
    quoted(p->t, o->doc);
    text_add(p->t, "'\n");
}

static void add_verb(struct text_buf *t, const struct verb *v)
{
    struct place p = {t, v->name};
    text_addf(t, "complete -c cloudbench -n __cloudbench_no_verb -a %s -d '", v->name);
    quoted(t, v->about);
    text_add(t, "'\n");
    each_option(v->argp, add_option, &p);
    for (const struct argp_option *o = common_options; o->name; o++)
        add_option(&p, o);
    begin(t, v->name);
    things(t, argument_kind(v));
    text_add(t, "\n");
}

void completion_fish(struct text_buf *t)
{
    text_add(t, "# fish completion of cloudbench. Made by `cloudbench manual --fish`; do not edit.\n"
                "function __cloudbench_no_verb\n    test (count (commandline -opc)) -eq 1\nend\n"
                "function __cloudbench_verb\n    set -l words (commandline -opc)\n    test (count $words) -ge 2; and test $words[2] = $argv[1]\nend\n"
                "function __cloudbench_things\n    set -l words (commandline -opc)\n    $words[1] manual --words $argv[1] 2>/dev/null\nend\n"
                "complete -c cloudbench -f\n");
    for (const struct verb *v = verbs; v->name; v++)
        add_verb(t, v);
}
