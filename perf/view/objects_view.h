// An array of flat objects with the same members, for people and programs: the members are the
// columns. Strings and numbers are shown, anything else is left empty.
#pragma once
#include "perf/view/text_table.h"

#include <jansson.h>

// On stdout, in a format that format_known() takes.
void objects_view(json_t *items, const char *format);
void objects_table(json_t *items, enum table_format format);
enum table_format table_format_of(const char *format);
