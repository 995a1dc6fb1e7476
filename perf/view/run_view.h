// What `run` shows when it is done.
#pragma once
#include <jansson.h>
#include <stdbool.h>

// Says which formats there are when it is none of them.
bool run_format_known(const char *format);
void run_view(json_t *run, const char *dir, const char *format);
