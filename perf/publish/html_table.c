// Writes what perf/publish/site.c's style knows: div.wide scrolls on a narrow screen, class n stands to the right.
#include "perf/publish/html_table.h"

#include "perf/publish/site.h"
#include "perf/view/html_text.h"

#include <stdlib.h>
#include <string.h>

static void add_head(struct text_buf *t, const char *name, size_t length)
{
    bool number = length && *name == '>';
    char *text = x_printf("%.*s", (int)(length - number), name + number);
    text_add(t, number ? "<th class=n>" : "<th>");
    html_escape(t, text);
    free(text);
}

void html_table_open(struct text_buf *t, const char *heads)
{
    text_add(t, "<div class=wide tabindex=0><table><thead><tr>");
    for (const char *at = heads; *at;) {
        size_t length = strcspn(at, "|");
        add_head(t, at, length);
        at += length + (at[length] == '|');
    }
    text_add(t, "</tr></thead><tbody>");
}

void html_table_close(struct text_buf *t)
{
    text_add(t, "</tbody></table></div>");
}

void html_folded_table_open(struct text_buf *t, const char *summary, bool unfolded, const char *heads)
{
    text_add(t, unfolded ? "<details open><summary>" : "<details><summary>");
    html_escape(t, summary);
    text_add(t, "</summary>");
    html_table_open(t, heads);
}

void html_folded_table_close(struct text_buf *t)
{
    html_table_close(t);
    text_add(t, "</details>");
}

void html_table_row(struct text_buf *t, const char *name)
{
    text_add(t, "<tr>");
    html_text_cell(t, name);
}

void html_text_cell(struct text_buf *t, const char *text)
{
    text_add(t, "<td>");
    html_escape(t, text);
}

void html_code_cell(struct text_buf *t, const char *code)
{
    text_add(t, "<td><code>");
    html_escape(t, code);
    text_add(t, "</code>");
}

void html_reason_cell(struct text_buf *t, int n, const char *reason)
{
    text_addf(t, "<td colspan=%d>", n);
    html_escape(t, reason);
}

static void value_cell(struct text_buf *t, json_t *object, const char *key, void (*write)(struct text_buf *, double))
{
    json_t *v = json_object_get(object, key);
    text_add(t, "<td class=n>");
    if (json_is_number(v))
        write(t, json_number_value(v));
}

void html_exact_cell(struct text_buf *t, json_t *object, const char *key)
{
    value_cell(t, object, key, site_exact);
}

void html_number_cell(struct text_buf *t, json_t *object, const char *key)
{
    value_cell(t, object, key, site_number);
}
