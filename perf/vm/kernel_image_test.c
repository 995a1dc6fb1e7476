// A kernel's version: the folder's name, the file's behind its first number where the folder is called otherwise, or none.
#include "perf/config/config.h"
#include "perf/util/cmocka_all.h"
#include "perf/util/host_file.h"
#include "perf/util/text_buf.h"
#include "perf/vm/kernel_image.h"

#include <stdlib.h>
#include <string.h>

static void version_is(const char *dir, const char *file, const char *want)
{
    struct kernel_image k;
    char *why = NULL, *path = x_printf("%s/%s", dir, file), *folder = x_strdup(path), *set = x_printf("kernels.linux.image=%s", path);
    *strrchr(folder, '/') = '\0';
    assert_true(make_dirs(folder) && file_replace(path, "x", 1));
    assert_true(config_set(set, &why));
    assert_int_equal(kernel_image_find(&k, "linux"), 0);
    assert_string_equal(k.version, want);
    kernel_image_free(&k);
    free(path);
    free(folder);
    free(set);
}

static void versions(void **state)
{
    char dir[] = "/tmp/kernel_image.XXXXXX";
    (void)state;
    assert_non_null(mkdtemp(dir));
    version_is(dir, "6.1.0-56/vmlinux", "6.1.0-56");
    version_is(dir, "boot/vmlinuz-6.1.0-56-cloud-amd64", "6.1.0-56-cloud-amd64");
    version_is(dir, "boot/vmlinuz-rt-6.1", "6.1");
    version_is(dir, "boot/bzImage", "");
    remove_tree(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(versions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
