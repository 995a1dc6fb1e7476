// Reads ELF64 section headers with every offset checked: the file is input, not trusted.
#include "perf/vm/symbol_table.h"

#include "perf/util/host_file.h"
#include "perf/util/text_buf.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

struct image {
    const char *data;
    size_t len;
};

static const void *at(const struct image *f, size_t offset, size_t bytes)
{
    return offset <= f->len && bytes <= f->len - offset ? f->data + offset : NULL;
}

// The same of structures: linkers lay them where they can be read in place, and a file that does not is none of ours.
static const void *structures_at(const struct image *f, size_t offset, size_t bytes)
{
    return offset % sizeof(uint64_t) == 0 ? at(f, offset, bytes) : NULL;
}

static const Elf64_Shdr *section(const struct image *f, const Elf64_Ehdr *h, size_t i)
{
    return i < h->e_shnum && h->e_shentsize == sizeof(Elf64_Shdr)
               ? structures_at(f, h->e_shoff + i * sizeof(Elf64_Shdr), sizeof(Elf64_Shdr))
               : NULL;
}

static void add_symbols(struct text_buf *t, const struct image *f, const Elf64_Shdr *symtab,
                        const Elf64_Shdr *strtab)
{
    const Elf64_Sym *s = structures_at(f, symtab->sh_offset, symtab->sh_size);
    const char *names = at(f, strtab->sh_offset, strtab->sh_size);
    if (!s || !names || !strtab->sh_size || names[strtab->sh_size - 1])
        return;
    for (size_t i = 0; i < symtab->sh_size / sizeof(*s); i++) {
        int type = ELF64_ST_TYPE(s[i].st_info);
        bool code =
            type == STT_FUNC || (type == STT_NOTYPE && s[i].st_shndx != SHN_ABS && s[i].st_shndx);
        bool named = s[i].st_name < strtab->sh_size && names[s[i].st_name];
        if (named && (code || type == STT_OBJECT))
            text_addf(t, "%016lx %c %s\n", (unsigned long)s[i].st_value, code ? 't' : 'd',
                      names + s[i].st_name);
    }
}

char *symbol_table_elf(const char *path)
{
    struct image f;
    struct text_buf t = {0};
    char *data = file_read(path, &f.len);
    f.data = data;
    const Elf64_Ehdr *h = data ? at(&f, 0, sizeof(*h)) : NULL;
    if (h && !memcmp(h->e_ident, ELFMAG, SELFMAG) && h->e_ident[EI_CLASS] == ELFCLASS64)
        for (size_t i = 0; i < h->e_shnum; i++) {
            const Elf64_Shdr *s = section(&f, h, i), *names = s ? section(&f, h, s->sh_link) : NULL;
            if (names && s->sh_type == SHT_SYMTAB)
                add_symbols(&t, &f, s, names);
        }
    free(data);
    return t.data;
}

// A line is 16 hexadecimal digits, a letter of a text or data section, a name.
char *symbol_table_console(const char *console)
{
    struct text_buf t = {0};
    for (const char *line = console, *end; *line; line = *end ? end + 1 : end) {
        size_t digits = strspn(line, "0123456789abcdef"), len = strcspn(line, "\r\n");
        end = strchrnul(line, '\n');
        if (digits == 16 && line[16] == ' ' && line[17] && strchr("tTwWbBdDrR", line[17]) &&
            line[18] == ' ') {
            text_add_bytes(&t, line, len);
            text_add(&t, "\n");
        }
    }
    return t.data;
}
