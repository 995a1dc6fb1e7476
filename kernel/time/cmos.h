/* The battery-backed clock. Boot only. */
#pragma once
#include "kernel/lib/types.h"

s64 cmos_read_seconds(void);    /* seconds since 1970, UTC */
