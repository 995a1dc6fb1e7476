/* ACPI tables as firmware makes them: a CPU that is listed twice, distances that are none. */
#define CLOUDOS_KERNEL 1
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kernel/dev/acpi.c"

struct boot_info boot_info;

void printk(int level, const char *fmt, ...)
{
}

void physmap_ensure(u64 pa, u64 bytes)
{
}

static u8 table[256];
static u32 used;

static void begin(u32 header)
{
    memset(&acpi, 0, sizeof(acpi));
    memset(table, 0, sizeof(table));
    used = header;
}

static const struct acpi_header *finish(void)
{
    struct acpi_header *h = (struct acpi_header *)table;

    h->length = used;
    return h;
}

static void put_entry(u8 type, u8 bytes, u32 id_at, u32 id, u32 flags_at)
{
    u8 *p = table + used;

    p[0] = type;
    p[1] = bytes;
    p[id_at] = (u8)id;
    if (type == 9)
        p[id_at + 1] = (u8)(id >> 8);
    p[flags_at] = 1;
    used += bytes;
}

static void short_entry(u32 id)
{
    put_entry(0, 8, 3, id, 4);
}

static void long_entry(u32 id)
{
    put_entry(9, 16, 4, id, 8);
}

static void a_cpu_is_listed_once(void **state)
{
    begin(44);
    short_entry(0);
    short_entry(1);
    long_entry(1);
    long_entry(300);
    long_entry(0);
    read_madt(finish());
    assert_int_equal(acpi.cpu_count, 3);
    assert_int_equal(acpi.cpus[0].apic_id, 0);
    assert_int_equal(acpi.cpus[1].apic_id, 1);
    assert_int_equal(acpi.cpus[2].apic_id, 300);
}

/* Two nodes. */
static void slit(u64 n, u8 to_itself, u8 to_the_other)
{
    begin(44);
    memcpy(table + 36, &n, sizeof(n));
    for (unsigned i = 0; i < 4; i++)
        table[used++] = i == 0 || i == 3 ? to_itself : to_the_other;
}

static bool takes_it(void)
{
    read_slit(finish());
    return acpi.slit == table + 44;
}

static void distances(void **state)
{
    slit(2, 10, 21);
    assert_true(takes_it());
    assert_int_equal(acpi.slit_size, 2);
    slit(2, 10, 10);
    assert_false(takes_it());
    slit(2, 20, 21);
    assert_false(takes_it());
    slit(2, 10, 21);
    used--;
    assert_false(takes_it());
    slit(1UL << 32, 10, 21); /* squared it is nothing */
    assert_false(takes_it());
    slit(0, 10, 21);
    assert_false(takes_it());
    slit(2, 10, 21);
    used = 40;
    assert_false(takes_it());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cpu_is_listed_once),
        cmocka_unit_test(distances),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
