// Fuzz target (ci/fuzz): any bytes as a guest's console in which its symbols are looked for, and as the ELF file of a kernel. What is taken is whole
// lines: 16 digits, a letter, a name.
#include "perf/util/text_buf.h"
#include "perf/vm/symbol_table.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void judge(const char *table, bool own_names)
{
    for (const char *line = table; line && *line; line = strchr(line, '\n') + 1) {
        size_t n = strcspn(line, "\n");
        bool ok = strspn(line, "0123456789abcdef") == 16 && n >= 19 && line[16] == ' ' && line[18] == ' ' && line[n] == '\n';
        if (!ok && !own_names)
            abort();
        if (!strchr(line, '\n'))
            abort();
    }
}

static char *as_elf(const uint8_t *data, size_t len)
{
    int fd = memfd_create("elf", 0);
    char path[64];
    if (fd < 0 || write(fd, data, len) != (ssize_t)len)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    char *table = symbol_table_elf(path);
    close(fd);
    return table;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (!len)
        return 0;
    char *text = x_alloc(len), *table;
    memcpy(text, data + 1, len - 1);
    bool elf = data[0] == 0x7f;
    table = elf ? as_elf(data, len) : symbol_table_console(text);
    judge(table, elf); // the names of an ELF file may have ends of lines in them
    free(table);
    free(text);
    return 0;
}
