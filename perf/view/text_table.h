// A table of strings, printed as aligned text, Markdown or CSV.
#pragma once
#include <stdbool.h>
#include <stdio.h>

#define TABLE_COLUMNS_MAX 20

struct text_table {
    int columns;
    const char *head[TABLE_COLUMNS_MAX]; // a head that starts with '>' is right-aligned
    char **cell;                         // rows * columns, owned
    const char **tint;                   // one a row, or NULL
    int rows;
};

enum table_format { TABLE_TEXT, TABLE_MD, TABLE_CSV };

void table_head(struct text_table *t, const char *head);
// Starts a row; then one table_cell a column.
void table_row(struct text_table *t, const char *tint);
void table_cell(struct text_table *t, int column, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void table_print(const struct text_table *t, enum table_format format, FILE *out);
void table_free(struct text_table *t);
