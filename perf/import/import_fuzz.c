// Fuzz target (ci/fuzz): any bytes as another tool's output, by each reader and by the choice of one; as JSON also as a run of another
// host. What is taken must be finite, what is refused must name its line.
#include "perf/import/import_run.h"
#include "perf/import/imported.h"
#include "perf/util/json_get.h"
#include "perf/util/text_buf.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void judge(struct imported *im, const struct import_tool *tool)
{
    json_t *row, *s;
    size_t i, k;
    if (!tool != !!im->why || (im->why && strncmp(im->why, "f:", 2)))
        abort();
    json_array_foreach (im->rows, i, row)
        json_array_foreach (json_object_get(row, "samples"), k, s)
            if (!isfinite(number_of(s, "value")) || number_of(s, "value") < 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    size_t tools = 0;
    if (!len)
        return 0;
    while (import_tools[tools].name)
        tools++;
    const char *name = data[0] % (tools + 1) < tools ? import_tools[data[0] % (tools + 1)].name : NULL;
    char *text = x_alloc(len);
    memcpy(text, data + 1, len - 1);
    struct imported im = {.file = "f"};
    judge(&im, import_read(&im, text, len - 1, name));
    imported_free(&im);
    json_t *run = json_loadb(text, len - 1, 0, NULL);
    if (run)
        free(import_run_fault("f", run, text));
    json_decref(run);
    free(text);
    return 0;
}
