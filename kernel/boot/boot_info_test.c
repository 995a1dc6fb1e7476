/* The tags of multiboot2, good and bad: what is told is taken, and nothing is read beyond a tag or for ever. */
#define CLOUDOS_KERNEL 1
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

void abort(void);
void *malloc(size_t n);
void free(void *p);
#include "kernel/boot/boot_info.c"

void panic(const char *fmt, ...)
{
    abort();
}

void printk(int level, const char *fmt, ...)
{
}

static uint32_t info[64];
static uint32_t at;

static void begin(void)
{
    memset(&boot_info, 0, sizeof(boot_info));
    memset(info, 0, sizeof(info));
    at = 2;
}

/* As many bytes as are meant, at their end nothing that the sanitizer lets anybody read. */
static void reads(void)
{
    uint32_t *exact = malloc(at * 4);

    info[0] = at * 4;
    memcpy(exact, info, at * 4);
    read_mb2(exact);
    free(exact);
}

static void tag(uint32_t type, uint32_t size)
{
    info[at++] = type;
    info[at++] = size;
}

static void word(uint64_t v)
{
    info[at++] = (uint32_t)v;
    info[at++] = (uint32_t)(v >> 32);
}

static void map_of_one(uint32_t entry_size, uint64_t start, uint64_t size, uint32_t type)
{
    tag(MB2_MEMMAP, 16 + 24);
    info[at++] = entry_size;
    info[at++] = 0;
    word(start);
    word(size);
    word(type);
}

static void a_good_one(void **state)
{
    begin();
    map_of_one(24, 0x100000, 0x1000, BOOT_RAM);
    tag(MB2_MODULE, 17);
    word(0x300000ul << 32 | 0x200000);
    word(0);
    tag(MB2_CMDLINE, 13);
    word(0x44434241);
    tag(MB2_END, 8);
    reads();
    assert_int_equal(boot_info.range_count, 1);
    assert_int_equal(boot_info.ranges[0].end, 0x101000);
    assert_int_equal(boot_info.initrd_start, 0x200000);
    assert_int_equal(boot_info.initrd_end, 0x300000);
    assert_string_equal(boot_info.cmdline, "ABCD");
}

static void entries_without_a_size(void **state)
{
    begin();
    map_of_one(0, 0x100000, 0x1000, BOOT_RAM);
    reads();
    assert_int_equal(boot_info.range_count, 0);
}

static void tags_that_are_too_short(void **state)
{
    begin();
    tag(MB2_MEMMAP, 8);
    tag(MB2_MODULE, 8);
    reads();
    assert_int_equal(boot_info.range_count, 0);
    assert_int_equal(boot_info.initrd_end, 0);
}

static void a_tag_that_never_ends(void **state)
{
    begin();
    tag(77, UINT32_MAX - 2);
    reads();
    begin();
    tag(MB2_CMDLINE, 64);
    word(0x44434241);
    reads();
    assert_string_equal(boot_info.cmdline, "");
}

static void text_without_its_end(void **state)
{
    begin();
    tag(MB2_CMDLINE, 12);
    info[at++] = 0x44434241;
    reads();
    assert_string_equal(boot_info.cmdline, "ABCD");
}

static void ranges_beyond_all_addresses(void **state)
{
    begin();
    map_of_one(24, 0x1000, UINT64_MAX, BOOT_RAM);
    map_of_one(24, 0x2000, UINT64_MAX, BOOT_RESERVED);
    reads();
    assert_int_equal(boot_info.range_count, 1);
    assert_int_equal(boot_info.ranges[0].start, 0x2000);
    assert_true(boot_info.ranges[0].end == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_one),
        cmocka_unit_test(entries_without_a_size),
        cmocka_unit_test(tags_that_are_too_short),
        cmocka_unit_test(a_tag_that_never_ends),
        cmocka_unit_test(text_without_its_end),
        cmocka_unit_test(ranges_beyond_all_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
