/* /proc/sys: values that programs read, and those that may be set. A file that only keeps a number
 * has its int here; one that changes the kernel's behaviour points at the owner's variable. */
#include "kernel/debug/printk.h"
#include "kernel/dev/random.h"
#include "kernel/fs/proc_internal.h"
#include "kernel/lib/string.h"
#include "kernel/lib/utsname.h"
#include "kernel/task/cred.h"

static int text_show(struct seq_buf *s, void *text)
{
    seq_printf(s, "%s\n", (const char *)text);
    return 0;
}

static int name_show(struct seq_buf *s, void *field)
{
    char copy[UTS_LEN + 1];

    spin_lock(&uts_lock);
    memcpy(copy, field, sizeof(copy));
    spin_unlock(&uts_lock);
    seq_printf(s, "%s\n", copy);
    return 0;
}

static ssize_t name_store(const char *text, size_t n, void *field)
{
    char copy[UTS_LEN + 1] = {0};
    size_t len = min(strnlen(text, n), (size_t)UTS_LEN);

    memcpy(copy, text, len);
    if (strchr(copy, '\n'))
        *strchr(copy, '\n') = '\0';
    spin_lock(&uts_lock);
    memcpy(field, copy, sizeof(copy));
    spin_unlock(&uts_lock);
    return n;
}

/* A random UUID, version 4 (RFC 4122). */
static void format_uuid(struct seq_buf *s, u8 b[16])
{
    b[6] = (b[6] & 0x0f) | 0x40;
    b[8] = (b[8] & 0x3f) | 0x80;
    for (int i = 0; i < 16; i++)
        seq_printf(s, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", b[i]);
    seq_putc(s, '\n');
}

static int uuid_show(struct seq_buf *s, void *unused)
{
    u8 b[16];

    get_random_bytes(b, sizeof(b));
    format_uuid(s, b);
    return 0;
}

static int boot_id_show(struct seq_buf *s, void *id)
{
    u8 b[16];

    memcpy(b, id, sizeof(b));
    format_uuid(s, b);
    return 0;
}

static int printk_show(struct seq_buf *s, void *unused)
{
    seq_printf(s, "%d\t4\t1\t7\n", console_loglevel);
    return 0;
}

static ssize_t printk_store(const char *text, size_t n, void *unused)
{
    const char *end;
    u64 v = strtou64(text, &end, 10);

    if (end == text || v > 15)
        return -EINVAL;
    console_loglevel = (int)v;
    return n;
}

#define PID_MAX_LIMIT 4194304

static ssize_t pid_max_store(const char *text, size_t n, void *value)
{
    int v;
    ssize_t r = proc_store_int(text, n, &v);

    if (r < 0)
        return r;
    if (v < 301 || v > PID_MAX_LIMIT)
        return -EINVAL;
    WRITE_ONCE(*(int *)value, v);
    return r;
}

static int cap_last_cap = CAP_LAST_CAP, ngroups_max = 65536, random_bits = 256,
           randomize_va_space = 2;
static int overcommit_memory, overcommit_ratio = 50, max_map_count = 65530, swappiness,
                              panic_on_oom;
static int file_max = 1048576, nr_open = 1048576, pipe_max_size = 1048576, protected_links;
static int dmesg_restrict, kptr_restrict;
static int msgmax = 8192, msgmnb = 16384, msgmni = 32000, shmmni = 4096, core_uses_pid,
           hung_task_secs, perf_paranoid = 4;
static u8 boot_id[16];

/* 1 page cache, 2 dentries and inodes, 3 both. All files lie in memory only: there is nothing that could be read again. */
static ssize_t drop_caches_store(const char *text, size_t n, void *unused)
{
    int v;
    ssize_t r = proc_store_int(text, n, &v);

    return r >= 0 && (v < 1 || v > 4) ? -EINVAL : r;
}

static void number(const char *path, int *value)
{
    proc_create(path, 0644, proc_show_int, proc_store_int, value);
}

/* What is not to be set here, and says so: the file cannot be written. */
static void constant(const char *path, int *value)
{
    proc_create(path, 0444, proc_show_int, NULL, value);
}

static void create_kernel(void)
{
    proc_create("sys/kernel/pid_max", 0644, proc_show_int, pid_max_store, &pid_max);
    proc_create("sys/kernel/threads-max", 0644, proc_show_int, proc_store_int, &max_threads);
    number("sys/kernel/max_lock_depth", &futex_max_lock_depth);
    proc_create("sys/kernel/ostype", 0444, text_show, NULL, init_uts.sysname);
    proc_create("sys/kernel/osrelease", 0444, text_show, NULL, init_uts.release);
    proc_create("sys/kernel/version", 0444, text_show, NULL, init_uts.version);
    proc_create("sys/kernel/hostname", 0644, name_show, name_store, init_uts.nodename);
    proc_create("sys/kernel/domainname", 0644, name_show, name_store, init_uts.domainname);
    proc_create("sys/kernel/printk", 0644, printk_show, printk_store, NULL);
    proc_create("sys/kernel/core_pattern", 0644, text_show, NULL, "core");
    proc_create("sys/kernel/random/uuid", 0444, uuid_show, NULL, NULL);
    proc_create("sys/kernel/random/boot_id", 0444, boot_id_show, NULL, boot_id);
    constant("sys/kernel/random/entropy_avail", &random_bits);
    constant("sys/kernel/random/poolsize", &random_bits);
    constant("sys/kernel/ngroups_max", &ngroups_max);
    constant("sys/kernel/cap_last_cap", &cap_last_cap);
    constant("sys/kernel/randomize_va_space", &randomize_va_space);
    constant("sys/kernel/core_uses_pid", &core_uses_pid);
    constant("sys/kernel/dmesg_restrict", &dmesg_restrict);
    constant("sys/kernel/kptr_restrict", &kptr_restrict);
    constant("sys/kernel/perf_event_paranoid", &perf_paranoid);
    constant("sys/kernel/hung_task_timeout_secs", &hung_task_secs);
    constant("sys/kernel/msgmax", &msgmax);
    constant("sys/kernel/msgmnb", &msgmnb);
    constant("sys/kernel/msgmni", &msgmni);
    constant("sys/kernel/shmmni", &shmmni);
    proc_create("sys/kernel/sem", 0644, text_show, NULL, "32000\t1024000000\t500\t32000");
    proc_create("sys/kernel/shmmax", 0644, text_show, NULL, "18446744073692774399");
    proc_create("sys/kernel/shmall", 0644, text_show, NULL, "18446744073692774399");
}

static void create_vm_and_fs(void)
{
    constant("sys/vm/overcommit_memory", &overcommit_memory);
    constant("sys/vm/overcommit_ratio", &overcommit_ratio);
    constant("sys/vm/max_map_count", &max_map_count);
    constant("sys/vm/swappiness", &swappiness);
    constant("sys/vm/panic_on_oom", &panic_on_oom);
    number("sys/vm/fail_alloc_interval", (int *)&fail_alloc_interval); /* ours: every n-th allocation of a CPU fails */
    proc_create("sys/vm/mmap_min_addr", 0644, text_show, NULL, "65536");
    proc_create("sys/vm/drop_caches", 0200, NULL, drop_caches_store, NULL);
    constant("sys/fs/file-max", &file_max);
    constant("sys/fs/nr_open", &nr_open);
    constant("sys/fs/pipe-max-size", &pipe_max_size);
    constant("sys/fs/protected_symlinks", &protected_links);
    constant("sys/fs/protected_hardlinks", &protected_links);
    proc_create("sys/fs/file-nr", 0444, text_show, NULL, "0\t0\t1048576");
}

void proc_sysctl_create(void)
{
    get_random_bytes(boot_id, sizeof(boot_id));
    create_kernel();
    create_vm_and_fs();
}
