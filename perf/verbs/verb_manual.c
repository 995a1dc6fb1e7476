// cloudbench manual: what is made from the verbs' declarations (perf/manual/manual.h), and the words that completion asks for.
#include "perf/config/config_schema.h"
#include "perf/manual/manual.h"
#include "perf/result/run_store.h"
#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/verbs/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_BASH = 256, OPT_ZSH, OPT_FISH, OPT_WORDS };

struct manual_args {
    void (*make)(struct text_buf *t);
    const char *words;
};

static const struct argp_option options[] = {
    {"bash", OPT_BASH, 0, 0, "completion for bash: `. <(cloudbench manual --bash)`", 0},
    {"zsh", OPT_ZSH, 0, 0, "completion for zsh: a file _cloudbench in a folder of fpath", 0},
    {"fish", OPT_FISH, 0, 0, "completion for fish: `cloudbench manual --fish | source`", 0},
    {"words", OPT_WORDS, "KIND", 0, "what may be completed: kernels, topologies, workloads, measurable, tune, runs, lists or documents", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct manual_args *a = state->input;
    switch (key) {
    case OPT_BASH:
        a->make = completion_bash;
        break;
    case OPT_ZSH:
        a->make = completion_zsh;
        break;
    case OPT_FISH:
        a->make = completion_fish;
        break;
    case OPT_WORDS:
        a->words = arg;
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "manual takes no \"%s\"", arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static void keys_of(struct str_list *l, const char *document)
{
    json_t *j = project_config(document), *v;
    const char *name;
    json_object_foreach (j, name, v)
        list_add(l, name);
    json_decref(j);
}

static bool take_words(struct str_list *l, const char *kind)
{
    static const char *const lists[] = {"suites", "workloads", "metrics", "knobs", "kernels", "topologies", "triage", "runs"};
    static const char *const keyed[] = {"kernels", "topologies", "workloads", "tune"};
    for (size_t i = 0; i < sizeof(keyed) / sizeof(*keyed); i++)
        if (!strcmp(kind, keyed[i]))
            keys_of(l, kind);
    if (!strcmp(kind, "measurable")) {
        keys_of(l, "suites");
        keys_of(l, "workloads");
    } else if (!strcmp(kind, "runs")) {
        char *base = run_store_default_base();
        list_add(l, "latest");
        run_store_list(base, l);
        free(base);
    }
    for (size_t i = 0; !strcmp(kind, "lists") && i < sizeof(lists) / sizeof(*lists); i++)
        list_add(l, lists[i]);
    if (!strcmp(kind, "documents"))
        list_add(l, "show");
    for (size_t i = 0; !strcmp(kind, "documents") && config_names[i]; i++)
        list_add(l, config_names[i]);
    return l->count > 0;
}

static int print_words(const char *kind)
{
    struct str_list l = {0};
    bool known = take_words(&l, kind);
    if (!known)
        say_error("nothing is called \"%s\"", kind);
    for (size_t i = 0; i < l.count; i++)
        puts(l.items[i]);
    list_free(&l);
    return known ? EXIT_OK : EXIT_USAGE;
}

const struct argp manual_argp = {
    options, parse, "",
    "The manual page, as `cloudbench manual | man -l -` shows it.\v"
    "The build keeps it in build/share/man/man1/cloudbench.1, and the completions beside it.",
    0, 0, 0};

int verb_manual(int argc, char **argv)
{
    struct manual_args a = {.make = manual_page};
    struct text_buf t = {0};
    argp_parse(&manual_argp, argc, argv, 0, 0, &a);
    if (a.words)
        return print_words(a.words);
    a.make(&t);
    fputs(text_str(&t), stdout);
    text_free(&t);
    return EXIT_OK;
}
