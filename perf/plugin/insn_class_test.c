// What an access to a device is; the names of what is seen by access stand last, so that a plugin which does not watch can leave them out.
#include "perf/plugin/insn_class.h"
#include "perf/util/cmocka_all.h"

#include <string.h>

static void accesses_to_devices(void **state)
{
    uint64_t n[EV_MAX] = {0};
    (void)state;
    add_io_access(n, false, 0xffffffffff5fc300); // a read of the ICR sends nothing
    add_io_access(n, true, 0xffffffffff5fc310);  // its high half
    add_io_access(n, true, 0xffffffffff5fc0b0);  // end of interrupt
    add_io_access(n, true, 0xffffffffff5fc300);
    assert_int_equal(n[EV_mmio_reads], 1);
    assert_int_equal(n[EV_mmio_writes], 3);
    assert_int_equal(n[EV_ipis], 1);
}

static void seen_by_access_stand_last(void **state)
{
    (void)state;
    assert_int_equal(EV_MAX - EV_BY_ACCESS, 3);
    assert_string_equal(event_names[EV_BY_ACCESS], "mmio_reads");
    assert_string_equal(event_names[EV_MAX - 1], "ipis");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(accesses_to_devices), cmocka_unit_test(seen_by_access_stand_last)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
