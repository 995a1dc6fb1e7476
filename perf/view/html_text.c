// See html_text.h.
#include "perf/view/html_text.h"

#include <stdio.h>
#include <string.h>

static const char *entity_of(char c)
{
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_escape(struct text_buf *t, const char *s)
{
    for (; *s; s++) {
        const char *entity = entity_of(*s);
        text_add_bytes(t, entity ? entity : s, entity ? strlen(entity) : 1);
    }
}

void html_data(struct text_buf *t, double exact, const char *shown)
{
    text_addf(t, "<data value='%.12g'>%s</data>", exact, shown);
}

void html_noise_floor_cell(struct text_buf *t, json_t *row)
{
    json_t *v = json_object_get(row, "noise_floor");
    char shown[32];
    text_add(t, "<td class='n dim extra'>");
    if (!json_is_number(v))
        return;
    snprintf(shown, sizeof(shown), "%.2g", json_number_value(v));
    text_add(t, "&plusmn;");
    html_data(t, json_number_value(v), shown);
}
