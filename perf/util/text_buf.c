// Growable text and string lists; the only place of cloudbench that handles running out of memory.
#include "perf/util/text_buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *x_realloc(void *p, size_t n)
{
    void *r = realloc(p, n ? n : 1);
    if (!r) {
        fputs("cloudbench: out of memory\n", stderr);
        exit(1);
    }
    return r;
}

void *x_alloc(size_t n)
{
    return memset(x_realloc(NULL, n), 0, n);
}

char *x_strdup(const char *s)
{
    size_t n = strlen(s) + 1;
    return memcpy(x_realloc(NULL, n), s, n);
}

char *x_printf(const char *fmt, ...)
{
    struct text_buf t = {0};
    va_list ap;
    va_start(ap, fmt);
    text_add(&t, "");
    text_addv(&t, fmt, ap);
    va_end(ap);
    return t.data;
}

static void text_reserve(struct text_buf *t, size_t more)
{
    if (t->len + more + 1 <= t->cap)
        return;
    t->cap = (t->len + more + 1) * 2;
    t->data = x_realloc(t->data, t->cap);
}

void text_add_bytes(struct text_buf *t, const void *bytes, size_t n)
{
    text_reserve(t, n);
    if (n)
        memcpy(t->data + t->len, bytes, n);
    t->len += n;
    t->data[t->len] = '\0';
}

void text_add(struct text_buf *t, const char *s)
{
    text_add_bytes(t, s, strlen(s));
}

void text_addv(struct text_buf *t, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    text_reserve(t, n);
    vsnprintf(t->data + t->len, n + 1, fmt, again);
    t->len += n;
    va_end(again);
}

void text_addf(struct text_buf *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    text_addv(t, fmt, ap);
    va_end(ap);
}

void text_drop(struct text_buf *t, size_t n)
{
    memmove(t->data, t->data + n, t->len - n + 1);
    t->len -= n;
}

void text_free(struct text_buf *t)
{
    free(t->data);
    *t = (struct text_buf){0};
}

const char *text_str(const struct text_buf *t)
{
    return t->data ? t->data : "";
}

static void list_take(struct str_list *l, char *s)
{
    if (l->count + 2 > l->cap) {
        l->cap = l->cap ? l->cap * 2 : 16;
        l->items = x_realloc(l->items, l->cap * sizeof(char *));
    }
    l->items[l->count++] = s;
    l->items[l->count] = NULL;
}

void list_add(struct str_list *l, const char *s)
{
    list_take(l, x_strdup(s));
}

void list_addf(struct str_list *l, const char *fmt, ...)
{
    struct text_buf t = {0};
    va_list ap;
    va_start(ap, fmt);
    text_addv(&t, fmt, ap);
    va_end(ap);
    list_take(l, t.data);
}

bool list_has(const struct str_list *l, const char *s)
{
    for (size_t i = 0; i < l->count; i++)
        if (!strcmp(l->items[i], s))
            return true;
    return false;
}

void list_free(struct str_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->items[i]);
    free(l->items);
    *l = (struct str_list){0};
}

bool text_ends_with(const char *s, const char *tail)
{
    size_t n = strlen(s), m = strlen(tail);
    return n >= m && !strcmp(s + n - m, tail);
}
