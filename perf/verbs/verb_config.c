// cloudbench config show: every setting, and where it comes from.
#include "perf/config/config.h"
#include "perf/config/config_schema.h"
#include "perf/config/yaml_text.h"
#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/util/text_buf.h"
#include "perf/verbs/tool_options.h"
#include "perf/verbs/verb.h"
#include "perf/view/compare_view.h"
#include "perf/view/objects_view.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_ORIGIN = 256 };

struct config_args {
    struct str_list words; // "show", then documents
    const char *format;
    bool origin;
};

static const struct argp_option options[] = {
    {"origin", OPT_ORIGIN, 0, 0, "also the file and line of each setting, or --set", 0},
    OPTION_FORMAT,
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct config_args *a = state->input;
    switch (key) {
    case OPT_FORMAT:
        a->format = arg;
        break;
    case OPT_ORIGIN:
        a->origin = true;
        break;
    case ARGP_KEY_ARG:
        list_add(&a->words, arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static bool is_leaf(json_t *v)
{
    json_t *item;
    size_t i;
    json_array_foreach (v, i, item)
        if (json_is_object(item) || json_is_array(item))
            return false;
    return !json_is_object(v);
}

static void add_leaf(json_t *out, const char *path, json_t *v, json_t *origins)
{
    char *text = json_is_string(v) ? x_strdup(json_string_value(v))
                                   : json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
    json_t *row = json_pack("{s:s}", "setting", path);
    if (origins)
        json_object_set_new(row, "origin", json_string(config_origin(origins, path)));
    json_object_set_new(row, "value", json_string(text));
    json_array_append_new(out, row);
    free(text);
}

static void flatten(json_t *out, const char *path, json_t *v, json_t *origins)
{
    const char *name;
    json_t *below;
    size_t i;
    if (is_leaf(v)) {
        add_leaf(out, path, v, origins);
        return;
    }
    json_object_foreach (v, name, below) {
        char *p = yaml_member_path(path, name);
        flatten(out, p, below, origins);
        free(p);
    }
    json_array_foreach (v, i, below) {
        char *p = yaml_item_path(path, i);
        flatten(out, p, below, origins);
        free(p);
    }
}

// Every document that can be read is shown; what is wrong with the others is said.
static int collect(const struct config_args *a, json_t *out)
{
    int rc = EXIT_OK;
    for (size_t i = 0; config_names[i]; i++) {
        json_t *origins = json_object();
        char *why;
        if (a->words.count > 1 && !list_has(&a->words, config_names[i])) {
            json_decref(origins);
            continue;
        }
        json_t *doc = config_read(project_root(), config_names[i], origins, &why);
        if (doc) {
            flatten(out, config_names[i], doc, a->origin ? origins : NULL);
        } else {
            say_error("%s", why);
            free(why);
            rc = EXIT_REFUSED;
        }
        json_decref(doc);
        json_decref(origins);
    }
    return rc;
}

static int show(const struct config_args *a)
{
    json_t *out = json_array();
    int rc = collect(a, out);
    objects_view(out, a->format);
    json_decref(out);
    return rc;
}

static int check_words(const struct config_args *a)
{
    if (!a->words.count || strcmp(a->words.items[0], "show")) {
        say_error("what to do? `cloudbench config show [DOCUMENT...]`");
        return EXIT_USAGE;
    }
    for (size_t i = 1; i < a->words.count; i++)
        if (!config_rule_of(a->words.items[i])) {
            say_error("there is no configuration \"%s\"", a->words.items[i]);
            return EXIT_USAGE;
        }
    return format_known(a->format) ? EXIT_OK : EXIT_USAGE;
}

const struct argp config_argp = {options,
                                 parse,
                                 "show [kernels|policy|suites|topologies|triage|tune|workloads...]",
                                 "The settings as a run would see them, --set included.",
                                 0,
                                 0,
                                 0};

int verb_config(int argc, char **argv)
{
    struct config_args a = {.format = "text"};
    argp_parse(&config_argp, argc, argv, 0, 0, &a);
    int rc = check_words(&a);
    rc = rc ? rc : show(&a);
    list_free(&a.words);
    return rc;
}
