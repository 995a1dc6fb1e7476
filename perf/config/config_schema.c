// Walks a document beside its rule; the first thing that does not fit is the message.
#include "perf/config/config_schema.h"

#include "perf/config/yaml_text.h"
#include "perf/util/text_buf.h"

#include <stdlib.h>
#include <string.h>

const char *config_origin(json_t *origins, const char *path)
{
    char *p = x_strdup(path);
    const char *found = json_string_value(json_object_get(origins, p));
    for (size_t n = strlen(p); !found && n; n--) {
        if (p[n - 1] != '.' && p[n - 1] != '[')
            continue;
        p[n - 1] = '\0';
        found = json_string_value(json_object_get(origins, p));
    }
    free(p);
    return found ? found : "";
}

static char *wrong(json_t *origins, const char *path, char *what)
{
    const char *origin = config_origin(origins, path);
    char *s = x_printf("%s%s%s: %s", origin, *origin ? ": " : "", path, what);
    free(what);
    return s;
}

static char *words_of(const char *const *words)
{
    struct text_buf t = {0};
    for (size_t i = 0; words[i]; i++)
        text_addf(&t, "%s%s", i ? ", " : "", words[i]);
    return t.data;
}

static char *check_text(json_t *v, const struct config_rule *r)
{
    const char *s = json_string_value(v);
    if (!s)
        return x_strdup("must be text (a number wants quotes)");
    if (r->max > 0 && (strlen(s) < r->min || strlen(s) > r->max))
        return x_printf("must have %g to %g characters", r->min, r->max);
    for (size_t i = 0; r->words && r->words[i]; i++)
        if (!strcmp(s, r->words[i]))
            return NULL;
    if (!r->words)
        return NULL;
    char *known = words_of(r->words), *what = x_printf("\"%s\" is none of: %s", s, known);
    free(known);
    return what;
}

static char *check_number(json_t *v, const struct config_rule *r)
{
    bool whole = r->type == CONFIG_WHOLE;
    if (whole ? !json_is_integer(v) : !json_is_number(v))
        return x_strdup(whole ? "must be a whole number" : "must be a number");
    double d = json_number_value(v);
    if ((r->min != 0 || r->max != 0) && (d < r->min || d > r->max))
        return x_printf("%g is not within %g to %g", d, r->min, r->max);
    return NULL;
}

static const struct config_key *find_key(const struct config_key *keys, const char *name)
{
    for (; keys->name; keys++)
        if (!strcmp(keys->name, name))
            return keys;
    return NULL;
}

static char *unknown_key(const struct config_key *keys)
{
    struct text_buf t = {0};
    text_add(&t, "there is no such key; known are: ");
    for (size_t i = 0; keys[i].name; i++)
        text_addf(&t, "%s%s", i ? ", " : "", keys[i].name);
    return t.data;
}

static char *check_members(json_t *v, const struct config_rule *r, const char *path,
                           json_t *origins)
{
    const char *name;
    json_t *member;
    char *why = NULL;
    json_object_foreach (v, name, member) {
        const struct config_key *k = r->keys ? find_key(r->keys, name) : NULL;
        char *below = yaml_member_path(path, name);
        if (r->keys && !k)
            why = wrong(origins, below, unknown_key(r->keys));
        else
            why = config_check(member, k ? k->rule : r->of, below, origins);
        free(below);
        if (why)
            return why;
    }
    for (const struct config_key *k = r->keys; k && k->name; k++)
        if (k->required && !json_object_get(v, k->name))
            return wrong(origins, path, x_printf("the key \"%s\" is missing", k->name));
    return NULL;
}

static char *check_map(json_t *v, const struct config_rule *r, const char *path, json_t *origins)
{
    if (!json_is_object(v))
        return wrong(origins, path, x_strdup("must be a map (KEY: VALUE lines)"));
    return check_members(v, r, path, origins);
}

static char *check_list(json_t *v, const struct config_rule *r, const char *path, json_t *origins)
{
    json_t *item;
    size_t i, n = json_array_size(v);
    if (!json_is_array(v))
        return wrong(origins, path, x_strdup("must be a list"));
    if (r->max > 0 && (n < r->min || n > r->max))
        return wrong(origins, path, x_printf("must have %g to %g items", r->min, r->max));
    json_array_foreach (v, i, item) {
        char *below = yaml_item_path(path, i), *why = config_check(item, r->of, below, origins);
        free(below);
        if (why)
            return why;
    }
    return NULL;
}

static char *check_one(json_t *v, const struct config_rule *r, const char *path, json_t *origins)
{
    char *what;
    switch (r->type) {
    case CONFIG_MAP:
        return check_map(v, r, path, origins);
    case CONFIG_LIST:
        return check_list(v, r, path, origins);
    case CONFIG_TEXT:
        what = check_text(v, r);
        break;
    case CONFIG_BOOL:
        what = json_is_boolean(v) ? NULL : x_strdup("must be true or false");
        break;
    default:
        what = check_number(v, r);
    }
    return what ? wrong(origins, path, what) : NULL;
}

char *config_check(json_t *value, const struct config_rule *rule, const char *path, json_t *origins)
{
    char *why = check_one(value, rule, path, origins);
    if (!why || !rule->other)
        return why;
    bool composite = json_is_array(value) || json_is_object(value);
    char *other = config_check(value, rule->other, path, origins);
    // Of two refusals the one that fits the value's own kind tells more.
    bool second = !other || (composite && rule->type != CONFIG_LIST && rule->type != CONFIG_MAP);
    free(second ? why : other);
    return second ? other : why;
}
