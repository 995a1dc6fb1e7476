// YAML text as JSON, and on which line each value stands.
// Takes the part of YAML 1.1 that configurations need: maps, lists, scalars, one document. Must never
// guess: an alias, a tag, a second document, a key given twice, a number that is not finite or does
// not fit are refused with their line.
#pragma once
#include <jansson.h>
#include <stddef.h>

#define YAML_DEPTH_MAX 16

// The document, or NULL with *why ("FILE:LINE: what", owned by the caller). `origins`, when not NULL,
// gets "PATH" -> "FILE:LINE" for every value; a path is PREFIX.KEY.KEY[INDEX], or KEY without a
// prefix. `file` is the name for messages.
json_t *yaml_parse(const char *file, const char *text, size_t len, const char *prefix,
                   json_t *origins, char **why);
// The path of a member or an item below `path` ("" is the root); the caller frees it.
char *yaml_member_path(const char *path, const char *key);
char *yaml_item_path(const char *path, size_t index);
