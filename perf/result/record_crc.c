// Bitwise CRC-32, reflected polynomial 0xEDB88320: a record is short, a table is not worth its
// lines.
#include "perf/result/record_crc.h"

uint32_t record_crc(const void *data, size_t n)
{
    const uint8_t *p = data;
    uint32_t crc = 0xffffffff;
    while (n--) {
        crc ^= *p++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}
