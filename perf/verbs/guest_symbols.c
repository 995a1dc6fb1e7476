// A stripped kernel is asked for its own table: one boot that prints /proc/kallsyms on the console.
#include "perf/verbs/guest_symbols.h"

#include "perf/util/host_file.h"
#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/util/sha256.h"
#include "perf/vm/guest_boot.h"
#include "perf/vm/host_signals.h"
#include "perf/vm/symbol_table.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ASK "run grep -E ^[0-9a-f]+.[tTwWbBdDrR] /proc/kallsyms"

static struct vm_spec asked(const struct kernel_image *kernel, const struct host_tools *tools, const struct vm_topology *topology)
{
    return (struct vm_spec){.tier = TIER_TCG,
                            .qemu = tools->qemu,
                            .cpu = vm_default_cpu(TIER_TCG),
                            .topology = topology,
                            .kernel = kernel,
                            .initrd = tools->initrd,
                            .extra_append = kernel_image_fixed(kernel),
                            .guest_args = ASK};
}

static char *ask_guest(const struct kernel_image *kernel, const struct host_tools *tools,
                       const char *console_path)
{
    struct vm_topology topology;
    struct boot_result r;
    char *why, *console, *table;
    if (!vm_topology_find(&topology, "1", &why)) {
        free(why);
        return NULL;
    }
    struct vm_spec spec = asked(kernel, tools, &topology);
    struct boot_request request = {.spec = &spec, .console_path = console_path, .slowness = 1};
    say("asking %s for its symbols (once)", kernel->label);
    guest_boot(&request, &r);
    console = file_read(console_path, NULL);
    if (r.status == BOOT_INTERRUPTED)
        raise(SIGTERM); // the boot took the signal; blocked, it is there for whoever comes next
    table = console && r.status == BOOT_OK ? symbol_table_console(console) : NULL; // else half a table would be kept
    boot_result_free(&r);
    vm_topology_free(&topology);
    free(console);
    return table;
}

// Of the image and its command line, which may say where it lies. The caller's; NULL: the kernel cannot be read.
static char *cache_path(const struct kernel_image *kernel)
{
    struct sha256 h;
    char hex[SHA256_HEX];
    const char *fixed = kernel_image_fixed(kernel);
    if (!sha256_file(kernel->path, hex))
        return NULL;
    char *key = x_printf("%s %s %s", hex, kernel->cmdline, fixed ? fixed : "");
    sha256_start(&h);
    sha256_add(&h, key, strlen(key));
    sha256_end(&h, hex);
    free(key);
    char *dir = project_path(".cache/symbols"), *path = x_printf("%s/%.16s.all", dir, hex);
    free(dir);
    return path;
}

static char *cached(const struct kernel_image *kernel, const struct host_tools *tools)
{
    char *path = cache_path(kernel);
    if (!path)
        return NULL;
    char *dir = project_path(".cache/symbols"), *console = x_printf("%s.console.%d", path, (int)getpid());
    make_dirs(dir);
    char *table = file_read(path, NULL);
    if (!table && (table = ask_guest(kernel, tools, console)))
        file_replace(path, table, strlen(table));
    unlink(console);
    free(dir);
    free(path);
    free(console);
    return table;
}

void guest_symbols_dry(struct dry_boots *d, const struct kernel_image *kernel, const struct host_tools *tools)
{
    struct vm_topology topology = {0};
    char *table = symbol_table_elf(kernel->path), *path = cache_path(kernel), *why = NULL;
    if (!table && path && access(path, R_OK) && vm_topology_find(&topology, "1", &why)) {
        struct vm_spec spec = asked(kernel, tools, &topology);
        dry_boots_add(d, &spec, "its symbols, once", 0);
        dry_boots_write(d, path);
    }
    vm_topology_free(&topology);
    free(table);
    free(path);
    free(why);
}

char *guest_symbols(const struct kernel_image *kernel, const struct host_tools *tools)
{
    char *table = symbol_table_elf(kernel->path);
    table = table ? table : cached(kernel, tools);
    if (!table && !signals_pending())
        say_error("%s has no symbols: neither in %s nor in its /proc/kallsyms", kernel->label,
                  kernel->path);
    return table;
}
