/* Reads the CMOS clock (MC146818): twice, until both readings agree. BCD or binary, 24-hour mode. */
#include "kernel/time/cmos.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/lib/string.h"
#include "lockfree/atomic.h"

struct cmos_time {
    u8 second, minute, hour, day, month, year, century;
};

static u8 cmos(u8 reg)
{
    outb(0x70, reg | 0x80);
    return inb(0x71);
}

static struct cmos_time read_once(void)
{
    for (u32 i = 0; i < 1000000 && (cmos(0x0a) & 0x80); i++)
        cpu_relax();
    return (struct cmos_time){cmos(0), cmos(2), cmos(4), cmos(7), cmos(8), cmos(9), cmos(0x32)};
}

static u32 number(u8 v, bool binary)
{
    return binary ? v : (v >> 4) * 10 + (v & 15);
}

/* Days since 1970-01-01 of a Gregorian date (Howard Hinnant, "chrono-compatible date algorithms"). */
static s64 days_from_civil(s64 y, u32 m, u32 d)
{
    s64 era, yoe, doy;

    y -= m <= 2;
    era = y / 400;
    yoe = y - era * 400;
    doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

s64 cmos_read_seconds(void)
{
    struct cmos_time a, b = read_once();
    bool binary = cmos(0x0b) & 4;
    u32 year;

    do {
        a = b;
        b = read_once();
    } while (memcmp(&a, &b, sizeof(a)));
    year = number(a.year, binary) + (a.century ? number(a.century, binary) * 100 : 2000);
    return days_from_civil(year, number(a.month, binary), number(a.day, binary)) * 86400 +
           number(a.hour & 0x7f, binary) * 3600 + number(a.minute, binary) * 60 +
           number(a.second, binary);
}
