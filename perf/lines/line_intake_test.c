// A window is a number only of a workload that said what it did and ended well.
#include "perf/lines/line_intake.h"
#include "perf/util/cmocka_all.h"
#include "perf/util/text_buf.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW "run\nwindow\nvcpu 0 loads 5\nend\n"
#define RESULT "{\"type\": \"result\", \"check\": \"ok\", \"ops\": 20}"
#define END    "{\"type\": \"exit\", \"status\": 0}"

// What becomes of one job of two; the second is good, if its records come. The caller frees it.
static char *fault_of(const char *const record[], const char *file)
{
    struct line_job *job = x_alloc(2 * sizeof(*job));
    struct line_intake in = {.job = job, .jobs = 2};
    struct line_file f;
    for (int i = 0; record[i]; i++) {
        json_t *j = json_loads(record[i], 0, NULL);
        line_intake_record(&in, j);
        json_decref(j);
    }
    line_file_parse(&f, file);
    line_intake_windows(&in, &f);
    assert_true(job[0].window.closed == !job[0].fault);
    char *why = x_strdup(job[0].fault ? job[0].fault : job[1].fault ? "only the second" : "good");
    line_file_free(&f);
    line_jobs_free(job, 2);
    return why;
}

static void expect(const char *wanted, const char *const record[], const char *file)
{
    char *why = fault_of(record, file);
    assert_non_null(strstr(why, wanted));
    free(why);
}

#define RECORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void both_good(void **state)
{
    (void)state;
    expect("good", RECORDS(RESULT, END, RESULT, END), WINDOW WINDOW);
}

static void without_a_result_there_is_no_number(void **state)
{
    (void)state;
    expect("gave no result", RECORDS(END, RESULT, END), WINDOW WINDOW);
    expect("gave no result", RECORDS("{\"type\": \"result\", \"check\": \"ok\", \"ops\": 0}", END), WINDOW WINDOW);
    expect("signal 11", RECORDS("{\"type\": \"exit\", \"signal\": 11}"), WINDOW WINDOW);
    expect("code 127", RECORDS(RESULT, "{\"type\": \"exit\", \"status\": 127}"), WINDOW WINDOW);
    expect("self-check: missing", RECORDS("{\"type\": \"result\", \"ops\": 20}", END), WINDOW WINDOW);
    expect("unsupported: futex", RECORDS("{\"type\": \"unsupported\", \"call\": \"futex\"}", "{\"type\": \"exit\", \"status\": 77}"), WINDOW);
}

static void a_workload_that_did_not_end(void **state)
{
    (void)state;
    expect("did not get to its end", RECORDS(RESULT), WINDOW);
    expect("did not get to its end", RECORDS(RESULT, END), "run\nwindow\nvcpu 0 loads 5\n");
    expect("only the second", RECORDS(RESULT, END), WINDOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_good), cmocka_unit_test(without_a_result_there_is_no_number),
                                       cmocka_unit_test(a_workload_that_did_not_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
