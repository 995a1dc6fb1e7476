// Fuzz target (ci/fuzz): any bytes as the trace of a guest, CloudOS's or Linux's. What is refused says why; what is taken is in order of time, holds
// kinds and CPUs that are, and becomes a summary and a document whose figures are finite.
#include "perf/trace/timeline.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void need(bool ok)
{
    if (!ok)
        abort();
}

static void judge(const struct timeline *t)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct trace_event *e = &t->event[i];
        need(e->kind < TRACE_KINDS && memchr(e->name, '\0', sizeof(e->name)));
        need(!i || t->event[i - 1].ns <= e->ns);
        need(!t->lost || e->ns >= t->whole_from);
    }
    json_t *summary = timeline_summary(t), *chrome = timeline_chrome(t, "t");
    char *text = json_dumps(chrome, 0);
    need(summary && chrome && text);
    free(text);
    json_decref(summary);
    json_decref(chrome);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct timeline t = {0};
    char *why = NULL;
    if (!len)
        return 0;
    char *text = x_alloc(len);
    memcpy(text, data + 1, len - 1);
    bool ok = data[0] & 1 ? timeline_add_linux(&t, text, &why) : timeline_add_cloudos(&t, data[0] / 2, text, &why);
    ok = ok && timeline_check(&t, &why);
    need(ok == !why);
    if (ok)
        judge(&t);
    timeline_free(&t);
    free(why);
    free(text);
    return 0;
}
