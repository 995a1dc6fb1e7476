// What a configuration may hold: rules as tables, and the check of a document against them.
// The rules of each document are in config_rules.c; `cloudbench config show` and docs/options.md
// explain them to people.
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum config_type { CONFIG_TEXT, CONFIG_WHOLE, CONFIG_NUMBER, CONFIG_BOOL, CONFIG_LIST, CONFIG_MAP };

struct config_key;

struct config_rule {
    enum config_type type;
    double min, max;                 // of numbers, of list lengths, of text lengths; both 0: no limit
    const char *const *words;        // CONFIG_TEXT: the words it may be, NULL-terminated
    const struct config_key *keys;   // CONFIG_MAP with these keys and no other
    const struct config_rule *of;    // CONFIG_MAP with free keys, CONFIG_LIST: each value
    const struct config_rule *other; // a value that breaks this rule may keep that one instead
};

struct config_key { // a table ends with a NULL name
    const char *name;
    const struct config_rule *rule;
    bool required;
};

// NULL when `value` keeps the rule, else "ORIGIN: PATH: what is wrong" (owned by the caller).
// `origins` is yaml_parse's.
char *config_check(json_t *value, const struct config_rule *rule, const char *path,
                   json_t *origins);
// Where the value at `path` came from: its own place, or of what it lies in; "" when nobody knows.
const char *config_origin(json_t *origins, const char *path);
// The rule of configs/NAME, or NULL; and the names, NULL-terminated.
const struct config_rule *config_rule_of(const char *name);
extern const char *const config_names[];
