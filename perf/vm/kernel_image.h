// The kernels that can be booted: configs/kernels.yaml, one entry an arm (image, command line,
// label).
#pragma once
#include <jansson.h>
#include <stdbool.h>

#define SECOND_ARM "-again" // ends the name of the second arm of a kernel (run --aa)
bool kernel_is_second_arm(const char *name);

struct kernel_image {
    char *name;    // "cloudos", "linux", "linux-stock"
    char *label;   // "CloudOS", "Linux 6.1 lean"
    char *family;  // "cloudos" or "linux"
    char *path;    // the ELF; a pattern in the configuration, resolved to the newest match
    char *cmdline; // without "-- ..."
    char *knobs;   // "set:PATH=VALUE+set:..." for the guest's init; "" for none
    bool second;   // the second arm of the same kernel (run --aa)
    char *version; // the folder the image came from for Linux; "" otherwise
    char *config;  // what it was built with: the file of the configuration, else "config" beside the image; NULL: not known
};

// Both print why and return EXIT_USAGE (unknown name) or EXIT_REFUSED (image missing); 0 when
// found.
int kernel_image_find(struct kernel_image *k, const char *name);
void kernel_image_free(struct kernel_image *k);
// What its command line must hold besides where its addresses are named: Linux lies elsewhere in each boot otherwise. NULL: nothing.
const char *kernel_image_fixed(const struct kernel_image *k);
// "NAME[ set:...]": how the words after "bench" begin in a boot of that kernel, by whatever verb: its knobs stand before the
// workloads. The caller frees it.
char *kernel_image_head(const struct kernel_image *k, const char *name);
