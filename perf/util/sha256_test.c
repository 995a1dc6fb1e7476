// Vectors of FIPS 180-4 (NIST's examples), and independence of how the data is cut.
#include "perf/util/cmocka_all.h"
#include "perf/util/sha256.h"

#include <string.h>

static void check(const char *text, const char *want)
{
    struct sha256 s;
    char hex[SHA256_HEX];
    sha256_start(&s);
    sha256_add(&s, text, strlen(text));
    sha256_end(&s, hex);
    assert_string_equal(hex, want);
}

static void vectors(void **state)
{
    (void)state;
    check("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void a_million_in_pieces(void **state)
{
    struct sha256 s;
    char hex[SHA256_HEX], piece[997];
    (void)state;
    memset(piece, 'a', sizeof(piece));
    sha256_start(&s);
    for (size_t left = 1000000, n; left; left -= n) {
        n = left < sizeof(piece) ? left : sizeof(piece);
        sha256_add(&s, piece, n);
    }
    sha256_end(&s, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void missing_file(void **state)
{
    char hex[SHA256_HEX];
    (void)state;
    assert_false(sha256_file("/nonexistent/file", hex));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(vectors),
                                       cmocka_unit_test(a_million_in_pieces),
                                       cmocka_unit_test(missing_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
