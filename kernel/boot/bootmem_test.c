/* Early memory: reserving merges, nodes split ranges, allocation keeps off what is reserved and prefers its node. */
#define CLOUDOS_KERNEL 1
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

long random(void);
void abort(void);
#include "kernel/lib/string.h"
#define memset(p, c, n) ((void)(p)) /* there is no memory behind the test's physical addresses */
#include "kernel/boot/bootmem.c"
#undef memset

#define MIB (1UL << 20)

struct boot_info boot_info;
char __boot_start[1], __kernel_end[1];
int console_loglevel;

void panic(const char *fmt, ...)
{
    abort();
}

static void reset(void)
{
    ram_count = reserved_count = 0;
    alloc_limit = ~0UL;
    add_ram(0, 640 * 1024);
    add_ram(1 * MIB, 512 * MIB);
    add_ram(4096 * MIB, 5120 * MIB);
}

static uint64_t total_free(void)
{
    struct bootmem_cursor c = {0};
    uint64_t start, end, sum = 0, last = 0;
    int node;

    while (bootmem_next_free(&c, &start, &end, &node)) {
        assert_true(start >= last && start < end);
        assert_int_equal((start | end) & (PAGE_SIZE - 1), 0);
        last = end;
        sum += end - start;
    }
    return sum;
}

static void reserving_merges(void **state)
{
    uint64_t all;

    reset();
    all = total_free();
    bootmem_reserve(10 * MIB, MIB);
    bootmem_reserve(12 * MIB, MIB);
    assert_int_equal(reserved_count, 2);
    bootmem_reserve(11 * MIB + 5, 4096);
    bootmem_reserve(11 * MIB, MIB);
    assert_int_equal(reserved_count, 1);
    assert_int_equal(all - total_free(), 3 * MIB);
    bootmem_reserve(600 * MIB, MIB);             /* a hole: nothing to lose */
    assert_int_equal(all - total_free(), 3 * MIB);
}

static void what_the_map_says_twice_is_no_ram(void **state)
{
    uint64_t all;

    reset();
    all = total_free();
    reserve_within_ram(&(struct boot_range){.start = 511 * MIB, .end = 4097 * MIB, .type = BOOT_RESERVED});
    assert_int_equal(all - total_free(), 2 * MIB);
    reserve_within_ram(&(struct boot_range){.start = 5119 * MIB, .end = UINT64_MAX, .type = BOOT_BAD});
    assert_int_equal(all - total_free(), 3 * MIB);
}

static void nodes_split_ranges(void **state)
{
    struct bootmem_cursor c = {0};
    uint64_t start, end, sum[3] = {0};
    int node;

    reset();
    bootmem_set_node(0, 256 * MIB, 0);
    bootmem_set_node(256 * MIB, 4608 * MIB, 1);
    bootmem_set_node(4608 * MIB, 8192 * MIB, 2);
    while (bootmem_next_ram(&c, &start, &end, &node))
        sum[node] += end - start;
    assert_int_equal(sum[1], 256 * MIB + 512 * MIB);
    assert_int_equal(sum[2], 512 * MIB);
    assert_int_equal(sum[0], 255 * MIB + 640 * 1024);
    assert_int_equal(bootmem_top(), 5120 * MIB);
}

static void allocation_prefers_its_node(void **state)
{
    uint64_t at;

    reset();
    bootmem_set_node(4096 * MIB, 8192 * MIB, 1);
    at = bootmem_alloc(5000, PAGE_SIZE, 1);
    assert_true(at >= 4096 * MIB);
    at = bootmem_alloc(MIB, 2 * MIB, 0);
    assert_int_equal(at % (2 * MIB), 0);
    assert_true(at >= MIB && at < 512 * MIB);
    at = bootmem_alloc(PAGE_SIZE, PAGE_SIZE, 7); /* a node without memory */
    assert_true(at != 0);
    bootmem_set_limit(4096 * MIB);
    at = bootmem_alloc(PAGE_SIZE, PAGE_SIZE, 1);
    assert_true(at < 4096 * MIB);
}

static void allocations_never_overlap(void **state)
{
    uint64_t before, taken = 0;

    reset();
    bootmem_reserve(3 * MIB, 100 * MIB);
    before = total_free();
    for (unsigned i = 0; i < 400; i++) {
        uint64_t bytes = (1 + (unsigned long)random() % 64) * PAGE_SIZE;
        uint64_t at = bootmem_alloc(bytes, PAGE_SIZE << (random() % 5), BOOTMEM_ANY_NODE);

        assert_false(at < 103 * MIB && at + bytes > 3 * MIB);
        taken += bytes;
        assert_int_equal(before - total_free(), taken);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reserving_merges),
        cmocka_unit_test(what_the_map_says_twice_is_no_ram),
        cmocka_unit_test(nodes_split_ranges),
        cmocka_unit_test(allocation_prefers_its_node),
        cmocka_unit_test(allocations_never_overlap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
