/*
 * exec_strings.c: arguments and environment of exec, copied once from user memory into one buffer
 * that is later copied once to the new stack. The buffer has room in front for the words that
 * scripts add and for the vectors below the strings.
 */
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/task/binprm.h"

#define FIRST_BYTES    4096u
#define FRONT_BYTES    1536u
#define MAX_ARG_STRLEN (32 * PAGE_SIZE)
#define ARG_MAX_BYTES  (6UL << 20)
#define ARG_MIN_BYTES  (128UL << 10)
#define BIG_BUFFER     (1UL << 20)

static void *buffer_alloc(size_t size)
{
    return size >= BIG_BUFFER ? vmalloc(size) : kmalloc(size, GFP_KERNEL);
}

static void buffer_free(char *buf, size_t size)
{
    if (size >= BIG_BUFFER)
        vfree(buf);
    else
        kfree(buf);
}

int strings_init(struct exec_strings *s)
{
    u64 limit = min(rlimit(RLIMIT_STACK) / 4, (u64)ARG_MAX_BYTES);

    s->buf = buffer_alloc(FIRST_BYTES);
    s->size = FIRST_BYTES;
    s->start = s->env_start = s->end = FRONT_BYTES;
    s->argc = s->envc = 0;
    s->limit = max(limit, (u64)ARG_MIN_BYTES);
    return s->buf ? 0 : -ENOMEM;
}

void strings_free(struct exec_strings *s)
{
    if (s->buf)
        buffer_free(s->buf, s->size);
    s->buf = NULL;
}

/* A larger buffer, with the strings `front` bytes further up. */
static int grow(struct exec_strings *s, size_t front, size_t size)
{
    char *buf = buffer_alloc(size);

    if (!buf)
        return -ENOMEM;
    memcpy(buf + s->start + front, s->buf + s->start, s->end - s->start);
    buffer_free(s->buf, s->size);
    s->buf = buf;
    s->size = size;
    s->start += front;
    s->env_start += front;
    s->end += front;
    return 0;
}

int strings_reserve_front(struct exec_strings *s, size_t bytes)
{
    if (likely(bytes <= s->start))
        return 0;
    return grow(s, bytes, s->size + bytes);
}

static bool over_limit(const struct exec_strings *s)
{
    return s->end - s->start + (s->argc + s->envc) * sizeof(u64) > s->limit;
}

/* Copies one user string to the end. */
static int copy_string(struct exec_strings *s, const char __user *str)
{
    for (;;) {
        size_t room = s->size - s->end;
        long n =
            room ? strncpy_from_user(s->buf + s->end, str, (long)min(room, (size_t)MAX_ARG_STRLEN))
                 : 0;

        if (n < 0)
            return -EFAULT;
        if ((size_t)n < room && n < (long)MAX_ARG_STRLEN) {
            s->end += (size_t)n + 1;
            return over_limit(s) ? -E2BIG : 0;
        }
        if ((size_t)n >= MAX_ARG_STRLEN)
            return -E2BIG;
        n = grow(s, 0, s->size * 2);
        if (n)
            return (int)n;
    }
}

static int copy_vector(struct exec_strings *s, const char __user *const __user *vec, u32 *count)
{
    if (!vec)
        return 0;
    for (;; vec++) {
        const char __user *str;
        int err;

        if (get_user(str, vec))
            return -EFAULT;
        if (!str)
            return 0;
        err = copy_string(s, str);
        if (err)
            return err;
        ++*count;
        if (unlikely(signal_pending(current)) && fatal_signal_pending(current))
            return -EINTR;
    }
}

static int append(struct exec_strings *s, const char *str)
{
    size_t n = strlen(str) + 1;
    int err;

    if (s->size - s->end < n) {
        err = grow(s, 0, s->size * 2 + n);
        if (err)
            return err;
    }
    memcpy(s->buf + s->end, str, n);
    s->end += n;
    return over_limit(s) ? -E2BIG : 0;
}

/* Linux gives a program with no argv at all an empty argv[0]. */
static int end_of_args(struct exec_strings *s)
{
    int err = 0;

    if (!s->argc) {
        err = append(s, "");
        s->argc = 1;
    }
    s->env_start = s->end;
    return err;
}

int strings_from_user(struct exec_strings *s, const char __user *const __user *argv,
                      const char __user *const __user *envp)
{
    int err = copy_vector(s, argv, &s->argc);

    if (!err)
        err = end_of_args(s);
    return err ? err : copy_vector(s, envp, &s->envc);
}

int strings_from_kernel(struct exec_strings *s, const char *const *argv, const char *const *envp)
{
    int err = 0;

    for (; !err && *argv; argv++, s->argc++)
        err = append(s, *argv);
    if (!err)
        err = end_of_args(s);
    for (; !err && *envp; envp++, s->envc++)
        err = append(s, *envp);
    return err;
}

int strings_push_front(struct exec_strings *s, const char *word)
{
    size_t n = strlen(word) + 1;
    int err = strings_reserve_front(s, n);

    if (err)
        return err;
    s->start -= n;
    memcpy(s->buf + s->start, word, n);
    s->argc++;
    return over_limit(s) ? -E2BIG : 0;
}

void strings_drop_front(struct exec_strings *s)
{
    s->start += strlen(s->buf + s->start) + 1;
    s->argc--;
}

int strings_append_name(struct exec_strings *s, const char *name)
{
    return append(s, name);
}
