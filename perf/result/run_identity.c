// Hashes of what runs, and the host's own settings as its /proc and /sys show them.
#include "perf/result/run_identity.h"

#include "perf/util/host_file.h"
#include "perf/util/sha256.h"

#include <archive.h>
#include <archive_entry.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

json_t *identity_file(const char *path)
{
    char hex[SHA256_HEX];
    struct stat st = {0};
    bool ok = sha256_file(path, hex) && stat(path, &st) == 0;
    return json_pack("{s:s,s:s?,s:I}", "path", path, "sha256", ok ? hex : NULL, "bytes",
                     (json_int_t)st.st_size);
}

static bool hash_entry(struct archive *a, char hex[SHA256_HEX])
{
    struct sha256 s;
    char buf[16384];
    ssize_t n;
    sha256_start(&s);
    while ((n = archive_read_data(a, buf, sizeof(buf))) > 0)
        sha256_add(&s, buf, n);
    sha256_end(&s, hex);
    return n == 0;
}

json_t *identity_archive(const char *path)
{
    struct archive *a = archive_read_new();
    struct archive_entry *e;
    char hex[SHA256_HEX];
    json_t *files = json_object();
    archive_read_support_filter_all(a);
    archive_read_support_format_cpio(a);
    int rc = archive_read_open_filename(a, path, 65536);
    while (rc == ARCHIVE_OK && (rc = archive_read_next_header(a, &e)) == ARCHIVE_OK)
        if (archive_entry_filetype(e) == AE_IFREG && hash_entry(a, hex))
            json_object_set_new(files, archive_entry_pathname(e), json_string(hex));
    archive_read_free(a);
    if (rc == ARCHIVE_EOF)
        return files;
    json_decref(files);
    return NULL;
}

// The first line that starts with key, after the colon; or the first line at all when key is NULL.
static json_t *line_of(const char *path, const char *key)
{
    char *text = file_read(path, NULL), *at = text;
    json_t *value = NULL;
    while (at && key && strncmp(at, key, strlen(key))) {
        at = strchr(at, '\n');
        at += at != NULL;
    }
    if (at && key)
        at = strchr(at, ':') ? strchr(at, ':') + 1 + strspn(strchr(at, ':') + 1, " \t") : NULL;
    if (at)
        value = json_stringn_nocheck(at, strcspn(at, "\n"));
    free(text);
    return value;
}

static void note(json_t *host, const char *name, const char *path, const char *key)
{
    json_t *v = line_of(path, key);
    if (v)
        json_object_set_new(host, name, v);
}

// {NAME: first line} of the files of a pattern; NAME stands `up` folders above the file's own. Nothing when there are none.
static void note_files(json_t *host, const char *name, const char *pattern, int up)
{
    json_t *all = json_object();
    glob_t g = {0};
    glob(pattern, 0, NULL, &g);
    for (size_t i = 0; i < g.gl_pathc; i++) {
        char *key = x_strdup(g.gl_pathv[i]);
        for (int k = 0; k < up; k++)
            *strrchr(key, '/') = '\0';
        note(all, strrchr(key, '/') + 1, g.gl_pathv[i], NULL);
        free(key);
    }
    globfree(&g);
    if (json_object_size(all))
        json_object_set(host, name, all);
    json_decref(all);
}

json_t *identity_host(void)
{
    static const char *const notes[][2] = {
        {"governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"},
        {"no_turbo", "/sys/devices/system/cpu/intel_pstate/no_turbo"},
        {"boost", "/sys/devices/system/cpu/cpufreq/boost"},
        {"smt", "/sys/devices/system/cpu/smt/control"},
        {"thp", "/sys/kernel/mm/transparent_hugepage/enabled"},
        {"ksm", "/sys/kernel/mm/ksm/run"},
        {"halt_poll_ns", "/sys/module/kvm/parameters/halt_poll_ns"},
        {"clocksource", "/sys/devices/system/clocksource/clocksource0/current_clocksource"},
        {"idle_driver", "/sys/devices/system/cpu/cpuidle/current_driver"},
        {"idle_governor", "/sys/devices/system/cpu/cpuidle/current_governor"},
        {"irq_affinity", "/proc/irq/default_smp_affinity"},
        {"load", "/proc/loadavg"},
    };
    struct utsname u;
    uname(&u);
    json_t *host = json_pack("{s:s,s:s,s:i}", "system", u.sysname, "release", u.release, "cpus",
                             (int)sysconf(_SC_NPROCESSORS_ONLN));
    note(host, "cpu", "/proc/cpuinfo", "model name");
    note(host, "microcode", "/proc/cpuinfo", "microcode");
    for (size_t i = 0; i < sizeof(notes) / sizeof(*notes); i++)
        note(host, notes[i][0], notes[i][1], NULL);
    note_files(host, "mitigations", "/sys/devices/system/cpu/vulnerabilities/*", 0);
    note_files(host, "idle_states", "/sys/devices/system/cpu/cpu0/cpuidle/state*/name", 1);
    return host;
}
