// Fuzz target (ci/fuzz): any bytes as YAML, then checked by the rules of each configuration. What is refused names its line.
#include "perf/config/config_schema.h"
#include "perf/config/yaml_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    json_t *origins = json_object();
    char *why = NULL;
    json_t *j = yaml_parse("f", (const char *)data, len, "p", origins, &why);
    if (!j != !!why || (why && strncmp(why, "f:", 2)))
        abort();
    free(why);
    for (size_t i = 0; j && config_names[i]; i++)
        free(config_check(j, config_rule_of(config_names[i]), "p", origins));
    json_decref(j);
    json_decref(origins);
    return 0;
}
