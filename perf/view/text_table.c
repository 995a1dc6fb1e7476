// Column widths count characters of UTF-8, not bytes.
#include "perf/view/text_table.h"

#include "perf/util/say.h"
#include "perf/util/text_buf.h"

#include <stdlib.h>
#include <string.h>

void table_head(struct text_table *t, const char *head)
{
    if (t->columns < TABLE_COLUMNS_MAX)
        t->head[t->columns++] = head;
}

void table_row(struct text_table *t, const char *tint)
{
    t->cell = x_realloc(t->cell, (t->rows + 1) * t->columns * sizeof(*t->cell));
    t->tint = x_realloc(t->tint, (t->rows + 1) * sizeof(*t->tint));
    t->tint[t->rows] = tint;
    for (int c = 0; c < t->columns; c++)
        t->cell[t->rows * t->columns + c] = x_strdup("");
    t->rows++;
}

void table_cell(struct text_table *t, int column, const char *fmt, ...)
{
    struct text_buf b = {0};
    va_list ap;
    char **slot = &t->cell[(t->rows - 1) * t->columns + column];
    va_start(ap, fmt);
    text_add(&b, "");
    text_addv(&b, fmt, ap);
    va_end(ap);
    free(*slot);
    *slot = b.data;
}

static int width_of(const char *s)
{
    int n = 0;
    for (; *s; s++)
        n += (*s & 0xc0) != 0x80;
    return n;
}

static const char *head_text(const char *head)
{
    return *head == '>' ? head + 1 : head;
}

static int column_width(const struct text_table *t, int c)
{
    int w = width_of(head_text(t->head[c]));
    for (int r = 0; r < t->rows; r++)
        if (width_of(t->cell[r * t->columns + c]) > w)
            w = width_of(t->cell[r * t->columns + c]);
    return w;
}

static void print_padded(FILE *out, const char *s, int width, bool right, bool last)
{
    int pad = width - width_of(s);
    fprintf(out, "%*s%s%*s", right ? pad : 0, "", s, right || last ? 0 : pad, "");
}

static void print_text(const struct text_table *t, FILE *out)
{
    int width[TABLE_COLUMNS_MAX];
    for (int c = 0; c < t->columns; c++)
        width[c] = column_width(t, c);
    for (int r = -1; r < t->rows; r++) {
        const char *colour = r < 0 ? TINT_BOLD : t->tint[r];
        fputs(colour && out == stdout ? tint_out(colour) : "", out);
        for (int c = 0; c < t->columns; c++) {
            fputs(c ? "  " : "", out);
            print_padded(out, r < 0 ? head_text(t->head[c]) : t->cell[r * t->columns + c], width[c],
                         t->head[c][0] == '>', c == t->columns - 1);
        }
        fputs(colour && out == stdout ? tint_out(TINT_OFF) : "", out);
        fputc('\n', out);
    }
}

static void print_md(const struct text_table *t, FILE *out)
{
    for (int r = -2; r < t->rows; r++) {
        fputc('|', out);
        for (int c = 0; c < t->columns; c++) {
            if (r == -1)
                fputs(t->head[c][0] == '>' ? "---:|" : "---|", out);
            else
                fprintf(out, " %s |",
                        r == -2 ? head_text(t->head[c]) : t->cell[r * t->columns + c]);
        }
        fputc('\n', out);
    }
}

static void print_csv_field(FILE *out, const char *s)
{
    if (!strpbrk(s, ",\"\n")) {
        fputs(s, out);
        return;
    }
    fputc('"', out);
    for (; *s; s++)
        fputs(*s == '"' ? "\"\"" : (char[]){*s, 0}, out);
    fputc('"', out);
}

static void print_csv(const struct text_table *t, FILE *out)
{
    for (int r = -1; r < t->rows; r++)
        for (int c = 0; c < t->columns; c++) {
            print_csv_field(out, r < 0 ? head_text(t->head[c]) : t->cell[r * t->columns + c]);
            fputc(c == t->columns - 1 ? '\n' : ',', out);
        }
}

void table_print(const struct text_table *t, enum table_format format, FILE *out)
{
    static void (*const print[])(const struct text_table *, FILE *) = {print_text, print_md,
                                                                       print_csv};
    print[format](t, out);
}

void table_free(struct text_table *t)
{
    for (int i = 0; i < t->rows * t->columns; i++)
        free(t->cell[i]);
    free(t->cell);
    free(t->tint);
    memset(t, 0, sizeof(*t));
}
