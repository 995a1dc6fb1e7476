// See html_text.h.
#include "perf/view/html_text.h"

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
