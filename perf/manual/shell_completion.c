// Completion for bash and zsh. Things that change (kernels, runs) are asked of the program when they are wanted.
#include "perf/manual/manual.h"

#include <stdlib.h>
#include <string.h>

static void quoted_words(struct text_buf *t, const struct str_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        text_addf(t, "%s%s", i ? " " : "", l->items[i]);
}

static void option_name(void *ctx, const struct argp_option *o)
{
    struct text_buf *t = ctx;
    if (o->key > ' ' && o->key < 127)
        text_addf(t, " -%c", o->key);
    text_addf(t, " --%s", o->name);
}

static char *option_names(const struct verb *v)
{
    struct text_buf t = {0};
    each_option(v->argp, option_name, &t);
    for (const struct argp_option *o = common_options; o->name; o++)
        option_name(&t, o);
    text_add(&t, " --help");
    return t.data;
}

// ---- bash ----
static void bash_value(void *ctx, const struct argp_option *o)
{
    struct text_buf *t = ctx;
    struct option_values v;
    if (!o->arg)
        return;
    option_values(o, &v);
    text_add(t, "    ");
    if (o->key > ' ' && o->key < 127)
        text_addf(t, "-%c|", o->key);
    text_addf(t, "--%s) ", o->name);
    if (v.words.count) {
        text_add(t, "_cloudbench_words '");
        quoted_words(t, &v.words);
        text_add(t, "' ;;\n");
    } else if (!strcmp(v.kind, "files")) {
        text_add(t, "_cloudbench_files ;;\n");
    } else {
        text_addf(t, "_cloudbench_things '%s' ;;\n", v.kind);
    }
    list_free(&v.words);
}

static void bash_verb(struct text_buf *t, const struct verb *v)
{
    char *names = option_names(v);
    const char *kind = argument_kind(v);
    text_addf(t, "_cloudbench_%s() {\n    case $prev in\n", v->name);
    each_option(v->argp, bash_value, t);
    for (const struct argp_option *o = common_options; o->name; o++)
        bash_value(t, o);
    text_addf(t, "    *) case $cur in\n        -*) _cloudbench_words '%s' ;;\n        *) %s ;;\n        esac ;;\n    esac\n}\n\n", names + 1,
              !strcmp(kind, "files") ? "_cloudbench_files" : "_cloudbench_things \"$things\"");
    free(names);
}

void completion_bash(struct text_buf *t)
{
    text_add(t, "# bash completion of cloudbench. Made by `cloudbench manual --bash`; do not edit.\n"
                "_cloudbench_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\"); }\n"
                "_cloudbench_files() { compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); }\n"
                "_cloudbench_things() { [ -z \"$1\" ] || _cloudbench_words \"$(\"${COMP_WORDS[0]}\" manual --words \"$1\" 2>/dev/null)\"; }\n\n");
    for (const struct verb *v = verbs; v->name; v++)
        bash_verb(t, v);
    text_add(t, "_cloudbench() {\n    local cur prev verb things\n    _get_comp_words_by_ref -n =: cur prev 2>/dev/null ||\n"
                "        { cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}; }\n"
                "    verb=${COMP_WORDS[1]:-}\n    if [ \"$COMP_CWORD\" = 1 ]; then\n        _cloudbench_words '");
    for (const struct verb *v = verbs; v->name; v++)
        text_addf(t, "%s ", v->name);
    text_add(t, "--help --version'\n        return\n    fi\n    case $verb in\n");
    for (const struct verb *v = verbs; v->name; v++)
        text_addf(t, "    %s) things='%s'; _cloudbench_%s ;;\n", v->name, strcmp(argument_kind(v), "files") ? argument_kind(v) : "", v->name);
    text_add(t, "    esac\n}\ncomplete -F _cloudbench cloudbench\n");
}

// ---- zsh ----
// Inside [...] of a specification and inside single quotes.
static void zsh_text(struct text_buf *t, const char *s)
{
    for (; *s; s++) {
        if (*s == '\'')
            text_add(t, "'\\''");
        else if (strchr("[]:\\", *s))
            text_addf(t, "\\%c", *s);
        else
            text_add_bytes(t, s, 1);
    }
}

static void zsh_action(struct text_buf *t, const char *kind, const struct str_list *words)
{
    if (words && words->count) {
        text_add(t, "(");
        quoted_words(t, words);
        text_add(t, ")");
    } else if (!strcmp(kind, "files")) {
        text_add(t, "_files");
    } else if (*kind) {
        text_addf(t, "{_cloudbench_things %s}", kind);
    } else {
        text_add(t, " ");
    }
}

static void zsh_form(struct text_buf *t, const struct argp_option *o, const char *name, const char *equals)
{
    struct option_values v;
    option_values(o, &v);
    text_addf(t, " \\\n        '*%s%s[", name, o->arg ? equals : "");
    zsh_text(t, o->doc);
    text_add(t, "]");
    if (o->arg) {
        text_add(t, ":");
        zsh_text(t, o->arg);
        text_add(t, ":");
        zsh_action(t, v.kind, &v.words);
    }
    text_add(t, "'");
    list_free(&v.words);
}

static void zsh_option(void *ctx, const struct argp_option *o)
{
    char *name = x_printf("--%s", o->name), letter[3] = {'-', o->key, '\0'};
    if (o->key > ' ' && o->key < 127)
        zsh_form(ctx, o, letter, "+");
    zsh_form(ctx, o, name, "=");
    free(name);
}

void completion_zsh(struct text_buf *t)
{
    text_add(t, "#compdef cloudbench\n# zsh completion of cloudbench. Made by `cloudbench manual --zsh`; do not edit.\n"
                "_cloudbench_things() { compadd -- $(\"${words_of[1]}\" manual --words \"$1\" 2>/dev/null) }\n\n"
                "_cloudbench() {\n    local -a words_of=(\"${words[@]}\")\n    if (( CURRENT == 2 )); then\n        local -a verbs=(");
    for (const struct verb *v = verbs; v->name; v++) {
        text_addf(t, "\n            '%s:", v->name);
        zsh_text(t, v->about);
        text_add(t, "'");
    }
    text_add(t, ")\n        _describe verb verbs\n        return\n    fi\n    local verb=${words[2]}\n    shift words\n    (( CURRENT-- ))\n    case $verb in\n");
    for (const struct verb *v = verbs; v->name; v++) {
        text_addf(t, "    %s) _arguments", v->name);
        each_option(v->argp, zsh_option, t);
        for (const struct argp_option *o = common_options; o->name; o++)
            zsh_option(t, o);
        text_add(t, " \\\n        '*:argument:");
        zsh_action(t, argument_kind(v), NULL);
        text_add(t, "' ;;\n");
    }
    text_add(t, "    esac\n}\n_cloudbench \"$@\"\n");
}
