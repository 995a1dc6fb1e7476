// What an unfinished run's document must be before it is taken up: text of whatever origin.
#pragma once
#include <jansson.h>

#define PARTIAL_SCHEMA "cloudbench-partial/1"

// Why the document cannot be gone on with, or NULL. The caller frees it. What passes has: texts wherever texts are read, at most as many rounds as were asked for,
// for each kernel as many samples of every row as it had rounds (of the canary at least so many), one of each row of a round that was begun, and a number at least 0
// wherever a sample has a figure.
char *partial_fault(json_t *partial);
