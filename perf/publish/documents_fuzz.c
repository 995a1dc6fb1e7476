// Fuzz target (ci/fuzz): any JSON as a document of a folder of results: a run, which is compared with itself and has its page; curves of `scale`, counts of `lines`, a
// search of `tune`, which have theirs. What is refused is said; what is taken makes a page whose text is escaped and whose numbers are numbers.
#include "perf/import/import_run.h"
#include "perf/publish/site.h"
#include "perf/result/comparison.h"
#include "perf/util/json_get.h"
#include "perf/view/report_page.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void need(bool ok)
{
    if (!ok)
        abort();
}

// No page has these of its own (perf/util/json_mutator.c has them): a name that opens a tag, or ends an attribute.
static void judge_page(const char *page)
{
    need(!strstr(page, "|<") && !strstr(page, "|'"));
    need(!strstr(page, "value='nan") && !strstr(page, "value='-nan") && !strstr(page, "value='inf") && !strstr(page, "value='-inf"));
}

static void judge_rows(json_t *rows)
{
    json_t *row;
    size_t i;
    json_array_foreach (rows, i, row)
        need(*text_of(row, "workload") && *text_of(row, "verdict") && !(json_is_number(json_object_get(row, "ratio")) && number_of(row, "ratio") < 0));
}

static void judge_run(json_t *run)
{
    char *why = NULL;
    json_t *own = compare_kernels(run, &why), *pair;
    need(!own == !!why);
    free(why);
    why = NULL;
    pair = compare_runs(run, run, &why);
    need(!pair == !!why);
    judge_rows(own);
    judge_rows(pair);
    char *page = report_page_html(run, own ? own : pair);
    judge_page(page);
    free(page);
    free(why);
    json_decref(own);
    json_decref(pair);
}

static void judge_document(json_t *document, void (*make)(struct text_buf *t, json_t *documents))
{
    struct text_buf t = {0};
    json_t *documents = json_pack("[O,O]", document, document);
    make(&t, documents);
    judge_page(text_str(&t));
    text_free(&t);
    json_decref(documents);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    json_t *j = json_loadb((const char *)data, len, 0, NULL);
    const char *schema = text_of(j, "schema");
    char *fault = j ? import_run_fault("f", j, NULL) : NULL;
    if (j && !fault)
        judge_run(j);
    else if (!strncmp(schema, "cloudbench-scale/", 17))
        judge_document(j, scaling_page);
    else if (!strncmp(schema, "cloudbench-lines/", 17))
        judge_document(j, lines_page);
    else if (!strncmp(schema, "cloudbench-tune/", 16))
        judge_document(j, tuning_page);
    free(fault);
    json_decref(j);
    return 0;
}
