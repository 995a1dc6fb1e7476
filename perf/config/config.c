// Reads the layers of one document in order: files, then --set.
#include "perf/config/config.h"

#include "perf/config/config_schema.h"
#include "perf/config/metric_floors.h"
#include "perf/config/suite_names.h"
#include "perf/config/yaml_text.h"
#include "perf/util/host_file.h"
#include "perf/util/text_buf.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct str_list settings;

bool config_set(const char *assignment, char **why)
{
    const char *eq = strchr(assignment, '='), *dot = strchr(assignment, '.');
    if (!eq || !dot || dot > eq || dot + 1 == eq) {
        *why = x_printf("--set wants DOCUMENT.KEY=VALUE, not \"%s\"", assignment);
        return false;
    }
    char *name = x_strdup(assignment);
    name[dot - assignment] = '\0';
    bool known = config_rule_of(name) != NULL;
    if (known)
        list_add(&settings, assignment);
    else
        *why = x_printf("--set %s: there is no configuration \"%s\" (see `cloudbench config show`)",
                        assignment, name);
    free(name);
    return known;
}

json_t *config_profile(const char *path, char **why)
{
    size_t len, i;
    char *text = file_read(path, &len);
    json_t *j = text ? yaml_parse(path, text, len, "", NULL, why) : NULL, *v;
    json_t *list = json_incref(json_object_get(j, "settings"));
    bool ok = json_is_array(list) && json_object_size(j) == 1;
    json_array_foreach (list, i, v)
        ok = ok && json_is_string(v);
    if (!text)
        *why = x_printf("%s: %s", path, strerror(errno));
    else if (j && !ok)
        *why = x_printf("%s: a profile is a list of texts under the one key \"settings\"", path);
    free(text);
    json_decref(j);
    if (ok)
        return list;
    json_decref(list);
    return NULL;
}

json_t *config_settings(void)
{
    json_t *list = json_array();
    for (size_t i = 0; i < settings.count; i++)
        json_array_append_new(list, json_string(settings.items[i]));
    return list;
}

// "configs/..." for messages, wherever the root is.
static json_t *read_file(const char *root, const char *relative, const char *prefix,
                         json_t *origins, char **why)
{
    size_t len;
    char *path = x_printf("%s/%s", root, relative), *text = file_read(path, &len);
    json_t *j = NULL;
    if (text)
        j = yaml_parse(relative, text, len, prefix, origins, why);
    else
        *why = x_printf("%s: %s", path, strerror(errno));
    free(text);
    free(path);
    return j;
}

static int is_yaml(const struct dirent *d)
{
    size_t n = strlen(d->d_name);
    return d->d_name[0] != '.' && n > 5 && !strcmp(d->d_name + n - 5, ".yaml");
}

// One member a file. False with *why at the first that cannot be read.
static bool read_entry(json_t *map, const char *root, const char *name, const char *file,
                       json_t *origins, char **why)
{
    char *relative = x_printf("configs/%s/%s", name, file), *key = x_strdup(file);
    key[strlen(key) - 5] = '\0';
    char *prefix = yaml_member_path(name, key);
    json_t *j = NULL;
    if (strpbrk(key, ".[] "))
        *why = x_printf("%s: the name may have no dots, brackets or spaces", relative);
    else
        j = read_file(root, relative, prefix, origins, why);
    if (j)
        json_object_set_new(map, key, j);
    free(prefix);
    free(key);
    free(relative);
    return j != NULL;
}

static json_t *read_folder(const char *root, const char *name, json_t *origins, char **why)
{
    char *path = x_printf("%s/configs/%s", root, name);
    struct dirent **entry;
    int n = scandir(path, &entry, is_yaml, versionsort);
    json_t *map = json_object();
    bool ok = n >= 0;
    if (!ok)
        *why = x_printf("%s.yaml or %s/: %s", path, path, strerror(errno));
    for (int i = 0; i < n; i++) {
        ok = ok && read_entry(map, root, name, entry[i]->d_name, origins, why);
        free(entry[i]);
    }
    if (n >= 0)
        free(entry);
    free(path);
    if (ok)
        return map;
    json_decref(map);
    return NULL;
}

static json_t *read_layers(const char *root, const char *name, json_t *origins, char **why)
{
    char *relative = x_printf("configs/%s.yaml", name), *path = x_printf("%s/%s", root, relative);
    json_t *j = file_exists(path) ? read_file(root, relative, name, origins, why)
                                  : read_folder(root, name, origins, why);
    free(path);
    free(relative);
    return j;
}

// The origins of what stood at or below the path go: it is replaced.
static void forget_below(json_t *origins, const char *path)
{
    size_t n = strlen(path);
    const char *key;
    json_t *v;
    void *next;
    json_object_foreach_safe (origins, next, key, v)
        if (!strncmp(key, path, n) && (!key[n] || key[n] == '.' || key[n] == '['))
            json_object_del(origins, key);
}

// Walks (and makes) the maps on the way to the last key of "a.b.c"; NULL when something on the way
// is no map. *last is that key, inside `path`.
static json_t *descend(json_t *doc, char *path, char **last)
{
    json_t *at = doc;
    for (char *dot; (dot = strchr(path, '.')); path = dot + 1) {
        *dot = '\0';
        json_t *below = json_object_get(at, path);
        if (!below) {
            json_object_set_new(at, path, json_object());
            below = json_object_get(at, path);
        }
        *dot = '.';
        at = below;
        if (!json_is_object(at))
            return NULL;
    }
    *last = path;
    return *path ? at : NULL;
}

static bool apply(json_t *doc, const char *assignment, json_t *origins, char **why)
{
    char *path = x_strdup(assignment), *eq = strchr(path, '='), *last;
    char *source = x_printf("--set %s", assignment), *reason = NULL;
    *eq = '\0';
    forget_below(origins, path);
    json_t *v = eq[1] ? yaml_parse(source, eq + 1, strlen(eq + 1), path, NULL, &reason)
                      : json_string("");
    json_t *map = v ? descend(doc, strchr(path, '.') + 1, &last) : NULL;
    bool ok = map && !json_object_set(map, last, v);
    if (ok && origins)
        json_object_set_new(origins, path, json_string("--set"));
    else if (!ok)
        *why = reason ? x_strdup(reason) : x_printf("%s: there is no place with that name", source);
    json_decref(v);
    free(reason);
    free(source);
    free(path);
    return ok;
}

static bool apply_settings(json_t *doc, const char *name, json_t *origins, char **why)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < settings.count; i++)
        if (!strncmp(settings.items[i], name, n) && settings.items[i][n] == '.' &&
            !apply(doc, settings.items[i], origins, why))
            return false;
    return true;
}

json_t *config_read(const char *root, const char *name, json_t *origins, char **why)
{
    json_t *places = origins ? json_incref(origins) : json_object();
    json_t *doc = read_layers(root, name, places, why);
    bool ok = doc && json_is_object(doc) && apply_settings(doc, name, places, why);
    if (doc && !json_is_object(doc))
        *why = x_printf("configs/%s.yaml: must be a map (KEY: VALUE lines)", name);
    if (ok) {
        *why = config_check(doc, config_rule_of(name), name, places);
        if (!*why && !strcmp(name, "policy"))
            *why = metric_floors_check(root, doc, places);
        if (!*why && !strcmp(name, "suites"))
            *why = suite_names_check(root, doc, places);
        ok = !*why;
    }
    json_decref(places);
    if (ok)
        return doc;
    json_decref(doc);
    return NULL;
}

static bool is_set(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < settings.count; i++)
        if (!strncmp(settings.items[i], name, n) && settings.items[i][n] == '.')
            return true;
    return false;
}

bool config_settings_fit(const char *root, const char *except, char **why)
{
    bool ok = true;
    for (size_t i = 0; config_names[i] && ok; i++) {
        if (!is_set(config_names[i]) || (except && !strcmp(config_names[i], except)))
            continue;
        json_t *doc = config_read(root, config_names[i], NULL, why);
        ok = doc != NULL;
        json_decref(doc);
    }
    return ok;
}
