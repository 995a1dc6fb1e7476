// Members of a JSON object as what the reader expects them to be, with an answer for those that are not there.
#pragma once
#include <jansson.h>

// "" without one.
static inline const char *text_of(json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    return s ? s : "";
}

// 0 without one.
static inline double number_of(json_t *j, const char *key)
{
    return json_number_value(json_object_get(j, key));
}

// The text at a place of an array: "" where it is none.
static inline const char *text_at(json_t *array, size_t i)
{
    const char *s = json_string_value(json_array_get(array, i));
    return s ? s : "";
}
