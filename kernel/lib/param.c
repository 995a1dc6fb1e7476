/* Splits the kernel command line and hands each word to its handler. Owns the words kept for init.
 * Runs once on the boot CPU before any allocation; must never allocate. */
#include "kernel/lib/param.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

#define CMDLINE_BYTES 4096

extern const struct kernel_param __kparams_start[], __kparams_end[];

struct init_words init_words;
char saved_command_line[CMDLINE_BYTES];
static char words[CMDLINE_BYTES];

int param_u64(const char *value, u64 *out)
{
    const char *end;
    u64 v = strtou64(value, &end, 0);

    if (!*value || *end)
        return -EINVAL;
    *out = v;
    return 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Terminates the word at *s, removes its double quotes, moves *s behind it. NULL at the end. */
static char *next_word(char **s)
{
    bool quoted = false;
    char *from, *to, *word;

    while (is_space(**s))
        (*s)++;
    if (!**s)
        return NULL;
    for (word = from = to = *s; *from && (quoted || !is_space(*from)); from++) {
        if (*from == '"')
            quoted = !quoted;
        else
            *to++ = *from;
    }
    *s = *from ? from + 1 : from;
    *to = '\0';
    return word;
}

static void keep_for_init(const char **list, int *n, const char *word)
{
    if (*n == PARAM_INIT_MAX) {
        pr_warn("param: more than %d words for init: \"%s\" is dropped\n", PARAM_INIT_MAX, word);
        return;
    }
    list[(*n)++] = word;
}

/* Dashes and underscores are the same in a parameter's name. */
static bool same_name(const char *a, const char *b, size_t n)
{
    for (; n; n--, a++, b++)
        if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
            return false;
    return !*a;
}

static bool set_known(char *word)
{
    const char *eq = strchr(word, '=');
    size_t n = eq ? (size_t)(eq - word) : strlen(word);

    for (const struct kernel_param *p = __kparams_start; p < __kparams_end; p++) {
        if (!same_name(p->name, word, n))
            continue;
        if (p->set(eq ? eq + 1 : ""))
            pr_warn("param: bad value: \"%s\"\n", word);
        return true;
    }
    return false;
}

/* "module.option": of no concern to init, as on Linux. */
static bool of_a_module(const char *word)
{
    const char *dot = strchr(word, '.'), *eq = strchr(word, '=');

    return dot && (!eq || dot < eq);
}

static void take_word(char *word)
{
    if (set_known(word))
        return;
    if (of_a_module(word)) {
        pr_notice("param: unknown option \"%s\" is ignored\n", word);
        return;
    }
    pr_notice("param: unknown option \"%s\" is passed to init\n", word);
    if (strchr(word, '='))
        keep_for_init(init_words.envs, &init_words.nenvs, word);
    else
        keep_for_init(init_words.args, &init_words.nargs, word);
}

void params_parse(const char *cmdline)
{
    bool for_init = false;
    char *rest = words, *word;

    strlcpy(saved_command_line, cmdline, CMDLINE_BYTES);
    strlcpy(words, cmdline, CMDLINE_BYTES);
    while ((word = next_word(&rest))) {
        if (for_init)
            keep_for_init(init_words.args, &init_words.nargs, word);
        else if (!strcmp(word, "--"))
            for_init = true;
        else
            take_word(word);
    }
}

/* Words that are looked up in the boot record before this table is read (kernel/boot/param_early.h)
 * or that ask for what is so anyway: known, and nothing to do. */
static int known(const char *value)
{
    return 0;
}
KERNEL_PARAM("nokaslr", known);
KERNEL_PARAM("maxcpus", known);
KERNEL_PARAM("nosmp", known);
KERNEL_PARAM("earlyprintk", known);
