/* The scheduler's files outside of /proc/PID: its knobs in /proc/sys/kernel and debugfs. */
#include "kernel/fs/proc_internal.h"
#include "kernel/lib/string.h"
#include "kernel/sched/knobs.h"

#define PROC_PREFIX  "/proc/"
#define DEBUG_PREFIX "/sys/kernel/debug/"

/* The word that the text is, without white space around it. */
static void only_word(char *to, size_t size, const char *text)
{
    size_t n = 0;

    while (*text == ' ' || *text == '\t')
        text++;
    while (n + 1 < size && text[n] && text[n] != ' ' && text[n] != '\t' && text[n] != '\n') {
        to[n] = text[n];
        n++;
    }
    to[n] = '\0';
}

static int knob_show(struct seq_buf *s, void *data)
{
    const struct sched_knob *k = data;
    char text[KNOB_TEXT_BYTES];

    if (k->get) {
        seq_printf(s, "%ld\n", k->get());
        return 0;
    }
    k->show(text, sizeof(text));
    seq_printf(s, "%s\n", text);
    return 0;
}

static int store_number(const struct sched_knob *k, const char *word)
{
    bool negative = *word == '-';
    const char *end, *digits = word + negative;
    u64 v = strtou64(digits, &end, 10);

    if (end == digits || *end || v > INT64_MAX)
        return -EINVAL;
    if (negative ? -(s64)v < k->low : (s64)v < k->low || (s64)v > k->high)
        return -EINVAL;
    return k->set(negative ? -(s64)v : (s64)v);
}

static ssize_t knob_store(const char *text, size_t n, void *data)
{
    const struct sched_knob *k = data;
    char word[KNOB_TEXT_BYTES];
    int err;

    only_word(word, sizeof(word), text);
    err = k->get ? store_number(k, word) : k->store(word);
    return err ? err : (ssize_t)n;
}

static void create_knob(const struct sched_knob *k)
{
    if (!strncmp(k->file, PROC_PREFIX, strlen(PROC_PREFIX)))
        proc_create(k->file + strlen(PROC_PREFIX), 0644, knob_show, knob_store, (void *)k);
    else
        debugfs_create(k->file + strlen(DEBUG_PREFIX), 0644, knob_show, knob_store, (void *)k);
}

void proc_sched_create(void)
{
    for (size_t i = 0; i < nr_sched_knobs; i++)
        create_knob(&sched_knobs[i]);
}
