// The archive is written anew entry by entry, without times, so that the same files give the same bytes.
#include "perf/verbs/own_workload.h"

#include "perf/config/config.h"
#include "perf/util/host_file.h"
#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/vm/temp_dir.h"

#include <archive.h>
#include <archive_entry.h>
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_DET  200
#define DEFAULT_WALL 1000
#define NAME_MAX_LEN 40

static const char *base_name(const char *file)
{
    const char *slash = strrchr(file, '/');
    return slash ? slash + 1 : file;
}

static bool good_name(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '_' && name[i] != '-')
            return false;
    return n && n <= NAME_MAX_LEN;
}

// NULL when the guest can run it, else what it is.
static const char *fault_of_program(const unsigned char *data, size_t size)
{
    const Elf64_Ehdr *e = (const void *)data;
    if (size < sizeof(*e) || memcmp(data, ELFMAG, SELFMAG))
        return "is no ELF program";
    if (e->e_ident[EI_CLASS] != ELFCLASS64 || e->e_machine != EM_X86_64)
        return "is no program for x86-64";
    if (e->e_type != ET_EXEC && e->e_type != ET_DYN)
        return "is no program but an object file";
    if (e->e_phentsize != sizeof(Elf64_Phdr) || e->e_phoff > size || (size - e->e_phoff) / sizeof(Elf64_Phdr) < e->e_phnum)
        return "is cut off";
    for (int i = 0; i < e->e_phnum; i++)
        if (((const Elf64_Phdr *)(data + e->e_phoff))[i].p_type == PT_INTERP)
            return "is dynamic: the guest has no libraries (link it with -static)";
    return NULL;
}

static bool already_set(const char *assignment)
{
    json_t *settings = config_settings(), *v;
    size_t i, n = strcspn(assignment, "=") + 1;
    bool found = false;
    json_array_foreach (settings, i, v)
        found |= !strncmp(json_string_value(v), assignment, n);
    json_decref(settings);
    return found;
}

// A command line's own --set stays.
static void set_default(char *assignment)
{
    char *why = NULL;
    if (!already_set(assignment))
        config_set(assignment, &why);
    free(assignment);
    free(why);
}

// In the configuration by the command line alone, not by the file.
static int declare(const char *name)
{
    json_t *origins = json_object();
    char *why = NULL, *path = x_printf("workloads.%s", name);
    set_default(x_printf("workloads.%s.about=a program of the command line", name));
    set_default(x_printf("workloads.%s.det=%d", name, DEFAULT_DET));
    set_default(x_printf("workloads.%s.wall=%d", name, DEFAULT_WALL));
    json_t *all = config_read(project_root(), "workloads", origins, &why);
    const char *origin = json_string_value(json_object_get(origins, path)); // none: made by the settings below it
    bool taken = all && origin && strcmp(origin, "--set");
    if (why)
        say_error("%s", why);
    else if (taken)
        say_error("--workload %s: there is a workload of that name", name);
    int rc = !all ? EXIT_REFUSED : taken ? EXIT_USAGE : 0;
    json_decref(all);
    json_decref(origins);
    free(why);
    free(path);
    return rc;
}

static bool copy_entries(struct archive *from, struct archive *to)
{
    struct archive_entry *e;
    char buffer[65536];
    int rc;
    while ((rc = archive_read_next_header(from, &e)) == ARCHIVE_OK) {
        ssize_t n = 0;
        bool ok = archive_write_header(to, e) == ARCHIVE_OK;
        while (ok && (n = archive_read_data(from, buffer, sizeof(buffer))) > 0)
            ok = archive_write_data(to, buffer, n) == n;
        if (!ok || n < 0)
            return false;
    }
    return rc == ARCHIVE_EOF;
}

static bool copy_archive(const char *path, struct archive *to)
{
    struct archive *from = archive_read_new();
    archive_read_support_filter_all(from);
    archive_read_support_format_cpio(from);
    bool ok = archive_read_open_filename(from, path, 65536) == ARCHIVE_OK && copy_entries(from, to);
    archive_read_free(from);
    return ok;
}

static bool add_program(struct archive *to, const char *name, const void *data, size_t size)
{
    struct archive_entry *e = archive_entry_new();
    char *path = x_printf("bench/%s", name);
    archive_entry_set_pathname(e, path);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, 0755);
    archive_entry_set_size(e, size);
    bool ok = archive_write_header(to, e) == ARCHIVE_OK && archive_write_data(to, data, size) == (ssize_t)size;
    archive_entry_free(e);
    free(path);
    return ok;
}

// One file: judged, declared, put into the archive.
static int add_file(struct archive *to, const char *file, struct str_list *names)
{
    const char *name = base_name(file), *why;
    size_t size;
    char *data = file_read(file, &size);
    int rc = EXIT_USAGE;
    if (!data)
        say_error("--workload %s: %s", file, strerror(errno));
    else if ((why = fault_of_program((unsigned char *)data, size)))
        say_error("--workload %s %s", file, why);
    else if (!good_name(name))
        say_error("--workload %s: a workload's name has up to %d letters, digits, - and _", file, NAME_MAX_LEN);
    else
        rc = declare(name);
    if (!rc && !add_program(to, name, data, size)) {
        say_error("--workload %s: %s", file, archive_error_string(to));
        rc = EXIT_REFUSED;
    }
    if (!rc)
        list_add(names, name);
    free(data);
    return rc;
}

static int write_archive(const struct str_list *files, struct str_list *names, const char *base, const char *path)
{
    struct archive *to = archive_write_new();
    archive_write_set_format_cpio_newc(to);
    int rc = archive_write_open_filename(to, path) == ARCHIVE_OK && copy_archive(base, to) ? 0 : EXIT_REFUSED;
    if (rc)
        say_error("the initramfs cannot be extended: %s", base);
    for (size_t i = 0; i < files->count && !rc; i++)
        rc = add_file(to, files->items[i], names);
    if (!rc && archive_write_close(to) != ARCHIVE_OK) {
        say_error("%s: %s", path, archive_error_string(to));
        rc = EXIT_REFUSED;
    }
    archive_write_free(to);
    return rc;
}

int own_workloads(const struct str_list *files, struct str_list *names, char **initrd, char **temp)
{
    char *base = *initrd ? *initrd : project_path("build/initramfs.cpio");
    *temp = temp_dir_make();
    if (!*temp) {
        say_error("cannot make a temporary folder: %s", strerror(errno));
        return EXIT_REFUSED;
    }
    *initrd = x_printf("%s/initramfs.cpio", *temp);
    int rc = write_archive(files, names, base, *initrd);
    free(base);
    return rc;
}
