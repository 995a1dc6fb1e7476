// Text and numbers into HTML and SVG.
#pragma once
#include "perf/util/text_buf.h"

#include <jansson.h>

void html_escape(struct text_buf *t, const char *s);
// <data value=EXACT>SHOWN</data>: every number of a page stands in one, so that a test finds it again in a result.
void html_data(struct text_buf *t, double exact, const char *shown);
// The cell of a comparison's row that says how far from 1 its ratio must be to count; empty where nothing was compared.
void html_noise_floor_cell(struct text_buf *t, json_t *row);
