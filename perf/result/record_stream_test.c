// Only whole, checked, expected records pass; everything else is a fault that ends the stream.
#include "perf/result/record_crc.h"
#include "perf/result/record_stream.h"
#include "perf/util/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

static int taken;

static void on_record(void *ctx, json_t *record)
{
    (void)ctx;
    assert_non_null(json_object_get(record, "type"));
    taken++;
}

static struct record_stream start(void)
{
    taken = 0;
    return (struct record_stream){.run_id = "r1", .on_record = on_record};
}

static char *frame(const char *body)
{
    return x_printf("@CB1 %s %08x\n", body, record_crc(body, strlen(body)));
}

static void feed_frame(struct record_stream *s, const char *body)
{
    char *f = frame(body);
    record_stream_feed(s, f, strlen(f));
    free(f);
}

static void crc_vector(void **state)
{
    (void)state;
    assert_int_equal(record_crc("123456789", 9), 0xcbf43926);
}

static void good_records_in_single_bytes(void **state)
{
    struct record_stream s = start();
    char *f = frame("r1 0 {\"type\":\"boot\"}");
    (void)state;
    for (size_t i = 0; i < strlen(f); i++)
        record_stream_feed(&s, f + i, 1);
    feed_frame(&s, "r1 1 {\"type\":\"done\",\"n\":0}");
    assert_null(s.fault);
    assert_int_equal(taken, 2);
    assert_true(s.done);
    free(f);
    record_stream_free(&s);
}

static void expect_fault(const char *bytes, size_t n, const char *what)
{
    struct record_stream s = start();
    record_stream_feed(&s, bytes, n);
    assert_non_null(s.fault);
    assert_non_null(strstr(s.fault, what));
    feed_frame(&s, "r1 0 {\"type\":\"boot\"}");
    assert_int_equal(taken, 0);
    record_stream_free(&s);
}

static void faults(void **state)
{
    static const char nul[] = "@CB1 r1 0 {\0} 00000000\n";
    char *other = frame("r2 0 {\"type\":\"boot\"}"), *late = frame("r1 3 {\"type\":\"boot\"}");
    char *untyped = frame("r1 0 {}"), *flood = x_alloc(70000);
    (void)state;
    memset(flood, 'x', 69999);
    expect_fault("hello\n", 6, "not a record");
    expect_fault("@CB1 r1 0 {\"type\":\"boot\"} 12345678\n", 36, "wrong checksum");
    expect_fault("@CB1 \n", 6, "not a record");
    expect_fault("@CB1 r1\n", 8, "not a record");
    expect_fault("@CB1 r1 0 00000000\n", 19, "not a record");
    expect_fault(nul, sizeof(nul) - 1, "not a record");
    expect_fault(other, strlen(other), "not a record");
    expect_fault(late, strlen(late), "out of sequence");
    expect_fault(untyped, strlen(untyped), "without a type");
    expect_fault(flood, 69999, "endless line");
    expect_fault("\xff\xfe\x01\n", 4, "\\xff");
    free(other);
    free(late);
    free(untyped);
    free(flood);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(crc_vector),
                                       cmocka_unit_test(good_records_in_single_bytes),
                                       cmocka_unit_test(faults)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
