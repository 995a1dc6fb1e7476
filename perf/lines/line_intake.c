// The first thing that was wrong with a workload is its fault.
#include "perf/lines/line_intake.h"

#include "perf/util/text_buf.h"

#include <stdlib.h>
#include <string.h>

static const char *string_of(json_t *j, const char *key, const char *otherwise)
{
    const char *s = json_string_value(json_object_get(j, key));
    return s ? s : otherwise;
}

static char *result_fault(json_t *record)
{
    const char *check = string_of(record, "check", "missing");
    return strcmp(check, "ok") ? x_printf("self-check: %s", check) : NULL;
}

static char *exit_fault(json_t *record)
{
    int killed = json_integer_value(json_object_get(record, "signal")), code = json_integer_value(json_object_get(record, "status"));
    return killed ? x_printf("the workload was killed by signal %d (%s)", killed, strsignal(killed))
           : code ? x_printf("the workload exited with code %d", code)
                  : NULL;
}

void line_intake_record(struct line_intake *in, json_t *record)
{
    const char *type = string_of(record, "type", "");
    struct line_job *j = in->ended < in->jobs ? &in->job[in->ended] : NULL;
    char *fault = NULL;
    if (!j)
        return;
    if (!strcmp(type, "result")) {
        j->ops = json_number_value(json_object_get(record, "ops"));
        fault = result_fault(record);
    } else if (!strcmp(type, "unsupported")) {
        fault = x_printf("unsupported: %s", string_of(record, "call", "?"));
    } else if (!strcmp(type, "exit")) {
        fault = exit_fault(record);
        in->ended++;
    }
    if (j->fault)
        free(fault);
    else
        j->fault = fault;
}

// Why the i-th job has no number, or NULL.
static const char *missing(const struct line_intake *in, const struct line_file *f, size_t i)
{
    if (i >= in->ended || i >= f->runs || !f->run[i].closed)
        return "the workload did not get to its end";
    return in->job[i].ops > 0 ? NULL : "the workload gave no result, or did nothing";
}

void line_intake_windows(struct line_intake *in, struct line_file *f)
{
    for (size_t i = 0; i < in->jobs; i++) {
        struct line_job *j = &in->job[i];
        const char *why = missing(in, f, i);
        if (why && !j->fault)
            j->fault = x_strdup(why);
        if (j->fault)
            continue;
        j->window = f->run[i];
        f->run[i] = (struct line_window){0};
    }
}

void line_jobs_free(struct line_job *job, size_t jobs)
{
    for (size_t i = 0; i < jobs; i++) {
        line_window_free(&job[i].window);
        free(job[i].spec);
        free(job[i].fault);
    }
    free(job);
}
