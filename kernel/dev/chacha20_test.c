/* Host test of the ChaCha20 block: the vectors of RFC 8439 (2.3.2 in the original layout's words)
 * and of its section A.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#define dev_t k_dev_t
#include "kernel/dev/chacha20.c"

static void test_zero_key(void **state)
{
    static const uint8_t expect[64] = {
        0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5, 0x53,
        0x86, 0xbd, 0x28, 0xbd, 0xd2, 0x19, 0xb8, 0xa0, 0x8d, 0xed, 0x1a, 0xa8, 0x36,
        0xef, 0xcc, 0x8b, 0x77, 0x0d, 0xc7, 0xda, 0x41, 0x59, 0x7c, 0x51, 0x57, 0x48,
        0x8d, 0x77, 0x24, 0xe0, 0x3f, 0xb8, 0xd8, 0x4a, 0x37, 0x6a, 0x43, 0xb8, 0xf4,
        0x15, 0x18, 0xa1, 0x1c, 0xc3, 0x87, 0xb6, 0x69, 0xb2, 0xee, 0x65, 0x86};
    uint32_t key[8] = {0}, out[16];

    chacha20_block(key, 0, 0, out);
    assert_memory_equal(out, expect, 64);
}

/* 2.3.2: counter 1, nonce 000000090000004a00000000; its first nonce word is the counter's high half
 * here. */
static void test_rfc_vector(void **state)
{
    static const uint32_t expect[16] = {0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3,
                                        0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
                                        0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
                                        0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
    uint8_t bytes[32];
    uint32_t key[8], out[16];

    for (int i = 0; i < 32; i++)
        bytes[i] = (uint8_t)i;
    memcpy(key, bytes, 32);
    chacha20_block(key, 0x0900000000000001UL, 0x4a000000UL, out);
    assert_memory_equal(out, expect, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_zero_key),
                                       cmocka_unit_test(test_rfc_vector)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
