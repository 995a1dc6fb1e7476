// cloudbench.1 in roff (man(7)).
#include "perf/manual/manual.h"

#include <string.h>

// Text into roff: a leading dot or quote would be a request, a backslash an escape, a hyphen must stay one that can be typed.
static void roff(struct text_buf *t, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool first = !t->len || t->data[t->len - 1] == '\n';
        if (first && (s[i] == '.' || s[i] == '\''))
            text_add(t, "\\&");
        if (s[i] == '\\')
            text_add(t, "\\e");
        else if (s[i] == '-')
            text_add(t, "\\-");
        else
            text_add_bytes(t, &s[i], 1);
    }
}

static void paragraph(struct text_buf *t, const char *s, size_t n)
{
    roff(t, s, n);
    text_add(t, "\n");
}

static void option(void *ctx, const struct argp_option *o)
{
    struct text_buf *t = ctx;
    text_add(t, ".TP\n");
    if (o->key > ' ' && o->key < 127)
        text_addf(t, "\\fB\\-%c\\fR, ", o->key);
    text_add(t, "\\fB\\-\\-");
    roff(t, o->name, strlen(o->name));
    text_add(t, "\\fR");
    if (o->arg) {
        text_add(t, "=\\fI");
        roff(t, o->arg, strlen(o->arg));
        text_add(t, "\\fR");
    }
    text_add(t, "\n");
    paragraph(t, o->doc, strlen(o->doc));
}

// argp's doc: what stands before the options, a vertical tab, what stands behind them.
static void verb(struct text_buf *t, const struct verb *v)
{
    const char *doc = v->argp->doc ? v->argp->doc : "", *args = v->argp->args_doc ? v->argp->args_doc : "";
    size_t head = strcspn(doc, "\v");
    text_addf(t, ".SS %s\n\\fBcloudbench %s\\fR [\\fIOPTION\\fR...]%s", v->name, v->name, *args ? " \\fI" : "");
    roff(t, args, strlen(args));
    text_addf(t, "%s\n.PP\n", *args ? "\\fR" : "");
    paragraph(t, doc, head);
    each_option(v->argp, option, t);
    if (doc[head]) {
        text_add(t, ".PP\n");
        paragraph(t, doc + head + 1, strlen(doc + head + 1));
    }
}

static void exit_codes(struct text_buf *t)
{
    text_add(t, ".SH EXIT STATUS\n");
    for (const struct exit_word *e = exit_words; e->meaning; e++) {
        text_addf(t, ".TP\n.B %d\n", e->code);
        paragraph(t, e->meaning, strlen(e->meaning));
    }
}

static const char surroundings[] =
    ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nno colour on terminals\n.TP\n.B CLOUDBENCH_ROOT\nwhere configs/ and build/ are (default: beside the program)\n"
    ".TP\n.B TMPDIR\nwhere a boot keeps its sockets while it runs\n"
    ".SH FILES\n.TP\n.I configs/\nkernels, workloads, suites, topologies, policy, notes: docs/options.md\n"
    ".TP\n.I out/runs/\none folder a run; results are never overwritten: docs/result\\-schema.md\n";

void manual_page(struct text_buf *t)
{
    text_add(t, ".\\\" Made by `cloudbench manual`; do not edit.\n.TH CLOUDBENCH 1 \"\" \"cloudbench " CLOUDBENCH_VERSION "\" \"User Commands\"\n"
                ".SH NAME\ncloudbench \\- boots CloudOS and Linux in the same virtual machine and compares them\n"
                ".SH SYNOPSIS\n.B cloudbench\n.I VERB\n[\\fIOPTION\\fR...]\n.SH DESCRIPTION\n"
                "Data goes to the standard output, messages and progress to the standard error. Every verb ends cleanly on an interrupt: no process, "
                "socket or temporary file is left, no result is lost.\n");
    for (const struct verb *v = verbs; v->name; v++) {
        text_addf(t, ".TP\n.B %s\n", v->name);
        paragraph(t, v->about, strlen(v->about));
    }
    text_add(t, ".SH OPTIONS OF EVERY VERB\n");
    for (const struct argp_option *o = common_options; o->name; o++)
        option(t, o);
    text_add(t, ".TP\n\\fB\\-?\\fR, \\fB\\-\\-help\\fR\nthe verb's options\n.SH VERBS\n");
    for (const struct verb *v = verbs; v->name; v++)
        verb(t, v);
    exit_codes(t);
    text_add(t, surroundings);
}
