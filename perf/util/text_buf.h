// A growable piece of text and a growable list of strings.
// Both own their memory; running out of memory ends the program with exit code 1, so no call here
// fails.
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct text_buf {
    char *data; // always NUL-terminated once anything was added; NULL before
    size_t len;
    size_t cap;
};

void text_add(struct text_buf *t, const char *s);
void text_add_bytes(struct text_buf *t, const void *bytes, size_t n);
void text_addf(struct text_buf *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_addv(struct text_buf *t, const char *fmt, va_list ap);
// Drop the first n bytes (n <= len).
void text_drop(struct text_buf *t, size_t n);
void text_free(struct text_buf *t);
// The text, "" when nothing was added; valid until the next change.
const char *text_str(const struct text_buf *t);

struct str_list {
    char **items; // NULL-terminated once anything was added
    size_t count;
    size_t cap;
};

void list_add(struct str_list *l, const char *s);
void list_addf(struct str_list *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool list_has(const struct str_list *l, const char *s);
void list_free(struct str_list *l);

void *x_alloc(size_t n); // zeroed
void *x_realloc(void *p, size_t n);
char *x_strdup(const char *s);
char *x_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

bool text_ends_with(const char *s, const char *tail);
