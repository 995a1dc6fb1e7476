// {name: hash or value}; names are for people.
#include "perf/result/measured_inputs.h"

#include "perf/result/run_identity.h"
#include "perf/util/text_buf.h"

#include <stdlib.h>

void inputs_note_file(json_t *in, const char *name, const char *path)
{
    json_t *file = identity_file(path);
    json_object_set(in, name, json_object_get(file, "sha256"));
    json_decref(file);
}

static void note_words(json_t *in, const char *what, const struct kernel_image *k, const char *words)
{
    char *name = x_printf("%s of %s", what, k->label);
    json_object_set_new(in, name, json_string(words ? words : ""));
    free(name);
}

void inputs_note_kernel(json_t *in, const struct kernel_image *k)
{
    inputs_note_file(in, k->label, k->path);
    note_words(in, "the command line", k, k->cmdline);
    note_words(in, "the settings", k, k->knobs);
}

char *inputs_difference(json_t *before, json_t *now, const char *what)
{
    const char *name;
    json_t *v;
    json_object_foreach (now, name, v)
        if (!json_equal(v, json_object_get(before, name)))
            return x_printf("%s is not what this %s began with", name, what);
    return json_object_size(before) == json_object_size(now) ? NULL : x_printf("this %s began with more than is asked for now", what);
}
