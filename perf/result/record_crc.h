// CRC-32 with zlib's polynomial (ISO 3309), for the records of the result port.
#pragma once
#include <stddef.h>
#include <stdint.h>

uint32_t record_crc(const void *data, size_t n);
