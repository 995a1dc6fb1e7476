// What stands where an argument may stand. See manual.h.
#include "perf/manual/manual.h"

#include <ctype.h>
#include <string.h>

void each_option(const struct argp *argp, void (*call)(void *ctx, const struct argp_option *o), void *ctx)
{
    for (const struct argp_option *o = argp->options; o && (o->name || o->doc); o++)
        if (o->name)
            call(ctx, o);
    for (const struct argp_child *c = argp->children; c && c->argp; c++)
        each_option(c->argp, call, ctx);
}

static bool is_word(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)s[i]) && s[i] != '-')
            return false;
    return n > 0;
}

// "det (with one CPU) or tcg; more": the words of the list that leads the description.
static void take_words(const char *doc, struct str_list *out)
{
    const char *colon = strchr(doc, ':'), *bracket = strchr(doc, '(');
    const char *p = colon && (!bracket || colon < bracket) ? colon + 1 : doc;
    while (*p && *p != ';') {
        while (*p == ' ' || *p == ',')
            p++;
        size_t n = strcspn(p, " ,;(");
        if (*p == '(') {
            p += strcspn(p, ")");
            p += *p != '\0';
        } else if (!is_word(p, n) || (out->count && strncmp(p, "or ", 3) && p[-1] != ' ')) {
            return;
        } else {
            char word[64];
            snprintf(word, sizeof(word), "%.*s", (int)n, p);
            if (strcmp(word, "or") && strcmp(word, "on") && strcmp(word, "stdout"))
                list_add(out, word);
            p += n;
        }
    }
}

void option_values(const struct argp_option *o, struct option_values *v)
{
    static const char *const kinds[][2] = {{"KERNEL", "kernels"}, {"TOPOLOGY", "topologies"}, {"REF", "runs"}, {"FILE|NAME", "files"},
                                           {"FILE", "files"},     {"DIR", "files"},           {"PATH", "files"}};
    static const char *const lists[] = {"FORMAT", "TIER", "TOOL"};
    *v = (struct option_values){.kind = ""};
    for (size_t i = 0; o->arg && i < sizeof(kinds) / sizeof(*kinds); i++)
        if (!strcmp(o->arg, kinds[i][0]))
            v->kind = kinds[i][1];
    for (size_t i = 0; o->arg && i < sizeof(lists) / sizeof(*lists); i++)
        if (!strcmp(o->arg, lists[i]))
            take_words(o->doc, &v->words);
}

const char *argument_kind(const struct verb *v)
{
    static const char *const kinds[][2] = {{"SUITE", "measurable"}, {"WORKLOAD", "workloads"}, {"RUN", "runs"},
                                           {"SPACE", "tune"},       {"FILE", "files"},         {"suites", "lists"},
                                           {"show", "documents"}};
    const char *doc = v->argp->args_doc ? v->argp->args_doc : "";
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (strstr(doc, kinds[i][0]))
            return kinds[i][1];
    return "";
}
