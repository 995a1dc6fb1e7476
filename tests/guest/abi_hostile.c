/* Hostile input: broken programs, nonsense calls and pointers, exhausted limits. What must happen is the errno or the
 * signal; that the kernel lives is shown by the tests that follow. */
#include "tests/guest/abi.h"
#pragma GCC diagnostic ignored "-Wstringop-overread"
#include <elf.h>
#include <limits.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/uio.h>

/* ---- ELF ---- */

struct image {
    Elf64_Ehdr eh;
    Elf64_Phdr ph[4];
    unsigned char code[16];
};

/* exit(42) */
static const unsigned char exit42[] = {0xb8, 60, 0, 0, 0, 0xbf, 42, 0, 0, 0, 0x0f, 0x05};

static struct image good_image(void)
{
    struct image im = {
        .eh = {.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = 1, .e_phoff = sizeof(Elf64_Ehdr),
               .e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1},
        .ph = {{.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x400000, .p_filesz = sizeof(struct image),
                .p_memsz = sizeof(struct image), .p_align = 4096}},
    };

    memcpy(im.eh.e_ident, ELFMAG "\2\1\1", 7);
    im.eh.e_entry = 0x400000 + offsetof(struct image, code);
    memcpy(im.code, exit42, sizeof(exit42));
    return im;
}

/* What became of exec of the bytes: exit status 0..255, 256 + errno of execve, or 1000 + signal. */
static int exec_bytes(const void *bytes, size_t n)
{
    char *argv[] = {"prog", NULL};
    int fd, status;
    pid_t pid;

    abi_scratch();
    fd = open("prog", O_CREAT | O_WRONLY, 0700);
    EQ(write(fd, bytes, n), n);
    close(fd);
    pid = fork();
    if (!pid) {
        execve("./prog", argv, argv + 1);
        _exit(100 + (errno > 120 ? 120 : errno));
    }
    EQ(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status))
        return 1000 + WTERMSIG(status);
    return WEXITSTATUS(status);
}

static int exec_image(const struct image *im)
{
    return exec_bytes(im, sizeof(*im));
}

/* The program must not have started: an errno of execve, or killed by a signal after the point of no return. */
static void must_not_run(const struct image *im)
{
    int r = exec_image(im);

    CHECK(r != 42 && (r > 100));
}

TEST(execve, smallest_program_runs)
{
    struct image im = good_image();

    EQ(exec_image(&im), 42);
}

TEST(execve, ENOEXEC_for_what_is_no_program)
{
    struct image im = good_image();

    EQ(exec_bytes("", 0), 100 + ENOEXEC);
    EQ(exec_bytes("\177ELF", 4), 100 + ENOEXEC);
    EQ(exec_bytes("hello world, no interpreter line", 30), 100 + ENOEXEC);
    EQ(exec_bytes(&im, 40), 100 + ENOEXEC);
    im.eh.e_machine = EM_AARCH64;
    EQ(exec_image(&im), 100 + ENOEXEC);
    im = good_image();
    im.eh.e_phentsize = 7;
    EQ(exec_image(&im), 100 + ENOEXEC);
    im = good_image();
    im.eh.e_phnum = 0;
    EQ(exec_image(&im), 100 + ENOEXEC);
}

TEST(execve, program_headers_out_of_the_file)
{
    struct image im = good_image();

    im.eh.e_phoff = 1ul << 40;
    must_not_run(&im);
    im.eh.e_phoff = -8ul;
    must_not_run(&im);
    im = good_image();
    im.eh.e_phnum = 65535;
    must_not_run(&im);
}

TEST(execve, wild_segments)
{
    static const uint64_t vaddr[] = {0xffff800000000000, 0x7ffffffff000, 0xfffffffffffff000, 0x8000000000000000};
    struct image im;

    for (unsigned i = 0; i < sizeof(vaddr) / sizeof(*vaddr); i++) {
        im = good_image();
        im.ph[0].p_vaddr = vaddr[i];
        im.eh.e_entry = vaddr[i] + offsetof(struct image, code);
        must_not_run(&im);
    }
}

TEST(execve, huge_segments)
{
    static const uint64_t memsz[] = {1ul << 47, 1ul << 62, ~0ul, ~0ul - 0x400000};
    struct image im;

    for (unsigned i = 0; i < sizeof(memsz) / sizeof(*memsz); i++) {
        im = good_image();
        im.ph[0].p_flags |= PF_W;
        im.ph[0].p_memsz = memsz[i];
        must_not_run(&im);
    }
    im = good_image();
    im.ph[0].p_filesz = 1ul << 40; /* more than its memory */
    must_not_run(&im);
}

TEST(execve, overlapping_segments_do_no_harm)
{
    struct image im = good_image();
    int r;

    im.eh.e_phnum = 3;
    im.ph[1] = im.ph[2] = im.ph[0];
    im.ph[1].p_vaddr -= 4096;
    im.ph[1].p_memsz = 3 * 4096;
    r = exec_image(&im);
    CHECK(r == 42 || r > 100);
}

TEST(execve, offset_not_congruent)
{
    struct image im = good_image();

    im.ph[0].p_offset = 8;
    must_not_run(&im);
}

TEST(execve, entry_outside_is_SIGSEGV)
{
    struct image im = good_image();

    im.eh.e_entry = 0x10;
    EQ(exec_image(&im), 1000 + SIGSEGV);
    im.eh.e_entry = 0xffff800000001000;
    EQ(exec_image(&im), 1000 + SIGSEGV);
}

TEST(execve, interpreter_line)
{
    EQ(exec_bytes("#!/no/such/file\n", 16), 100 + ENOENT);
    EQ(exec_bytes("#!\n", 3), 100 + ENOEXEC);
    EQ(exec_bytes("#!./prog\n", 9), 100 + ELOOP);
}

TEST(execve, E2BIG_and_EFAULT)
{
    size_t n = 200000;
    char *big = malloc(n), *argv[] = {"x", big, NULL};

    memset(big, 'a', n);
    big[n - 1] = 0;
    FAILS(execve("/bin/busybox", argv, NULL), E2BIG);
    FAILS(execve(BAD_ADDRESS, argv, NULL), EFAULT);
    FAILS(execve("/bin/busybox", BAD_ADDRESS, NULL), EFAULT);
    FAILS(execve("/bin/busybox", (char *const *)BAD_LOW, NULL), EFAULT);
}

/* ---- nonsense calls ---- */

static int not_called(long nr)
{
    switch (nr) {
    case SYS_exit:
    case SYS_exit_group:
    case SYS_pause:
    case SYS_rt_sigsuspend:
    case SYS_rt_sigreturn:
    case SYS_fork:
    case SYS_vfork:
    case SYS_clone:
    case SYS_kill:
    case SYS_tkill:
    case SYS_rt_sigqueueinfo:
    case SYS_munmap:
    case SYS_vhangup:
    case SYS_reboot:
    case SYS_sync:
        return 1;
    }
    return 0;
}

/* Calls every number with the argument everywhere, in a child of its own; what it answers does not matter here. */
static void storm(long from, long to, long arg)
{
    for (long nr = from; nr < to; nr++) {
        pid_t pid;

        if (not_called(nr))
            continue;
        pid = fork();
        if (!pid) {
            signal(SIGALRM, SIG_DFL);
            alarm(2);
            close(0);
            close(1);
            close(2);
            syscall(nr, arg, arg, arg, arg, arg, arg);
            _exit(0);
        }
        EQ(waitpid(pid, NULL, 0), pid);
    }
}

TEST(syscall_any, nonsense_numbers_are_ENOSYS)
{
    static const long nr[] = {335, 400, 500, 511, 512, 600, 100000, 0x7fffffff, -1, LONG_MAX};

    for (unsigned i = 0; i < sizeof(nr) / sizeof(*nr); i++)
        FAILS(syscall(nr[i], 0, 0, 0, 0, 0, 0), ENOSYS);
    EQ(syscall(1l << 32 | SYS_getpid), getpid()); /* the upper half is not looked at */
}

TEST(syscall_any, kernel_pointers_everywhere)
{
    storm(0, 335, (long)0xffff888000000000);
    storm(424, 450, (long)0xffffffff80000000);
}

TEST(syscall_any, minus_one_everywhere)
{
    storm(0, 335, -1);
    storm(424, 450, -1);
}

TEST(syscall_any, end_of_user_space_everywhere)
{
    storm(0, 335, 0x7fffffffefff);
}

TEST(syscall_any, non_canonical_everywhere)
{
    storm(0, 335, 0x0000800000000000);
}

TEST(read, EFAULT_for_every_kind_of_pointer)
{
    void *ro = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fds[2];

    EQ(pipe(fds), 0);
    EQ(write(fds[1], "abcd", 4), 4);
    FAILS(read(fds[0], ro, 4), EFAULT);
    FAILS(read(fds[0], none, 4), EFAULT);
    FAILS(read(fds[0], BAD_ADDRESS, 4), EFAULT);
    FAILS(read(fds[0], (void *)0x800000000000, 4), EFAULT);
    FAILS(write(fds[1], none, 4), EFAULT);
    EQ(read(fds[0], alloca(8), 8), 4); /* nothing was lost */
}

/* ---- faults of the program itself ---- */

#pragma GCC diagnostic ignored "-Winfinite-recursion"
static int recurse(int depth)
{
    volatile char pad[4096];

    pad[0] = (char)depth;
    return recurse(depth + 1) + pad[0];
}

static int death_of(void (*fn)(void))
{
    pid_t pid = fork();
    int status;

    if (!pid) {
        struct rlimit none = {0, 0};

        setrlimit(RLIMIT_CORE, &none);
        fn();
        _exit(0);
    }
    EQ(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void overflow_stack(void) { _exit(recurse(0)); }
static void jump_to_kernel(void) { ((void (*)(void))0xffff800000000000)(); }
static void write_null(void) { *(volatile int *)0 = 1; }
static void write_kernel(void) { *(volatile int *)0xffff888000000000 = 1; }
static void read_kernel(void) { (void)*(volatile int *)0xffffffff80100000; }
static void privileged(void) { __asm__ volatile("cli"); }
static void hlt(void) { __asm__ volatile("hlt"); }
static void undefined(void) { __asm__ volatile("ud2"); }
static void divide(void) { __asm__ volatile("xor %%ecx, %%ecx; div %%ecx" ::: "eax", "ecx", "edx"); }
static void breakpoint(void) { __asm__ volatile("int3"); }
static void interrupt(void) { __asm__ volatile("int $0x20"); }
static void port_io(void) { __asm__ volatile("outb %%al, $0x80" ::: "eax"); }
static void bad_segment(void) { __asm__ volatile("mov %0, %%ds" ::"r"(0x1234)); }
static void non_canonical_stack(void) { __asm__ volatile("mov %0, %%rsp; push %%rax" ::"r"(0x8000000000000000)); }
static void trap_flag(void) { __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; nop" ::: "memory"); }

TEST(fault_any, each_is_its_signal)
{
    int sig;

    EQ(death_of(overflow_stack), SIGSEGV);
    EQ(death_of(jump_to_kernel), SIGSEGV);
    EQ(death_of(write_null), SIGSEGV);
    EQ(death_of(write_kernel), SIGSEGV);
    EQ(death_of(read_kernel), SIGSEGV);
    EQ(death_of(privileged), SIGSEGV);
    EQ(death_of(hlt), SIGSEGV);
    EQ(death_of(undefined), SIGILL);
    EQ(death_of(divide), SIGFPE);
    EQ(death_of(breakpoint), SIGTRAP);
    EQ(death_of(interrupt), SIGSEGV);
    EQ(death_of(port_io), SIGSEGV);
    EQ(death_of(bad_segment), SIGSEGV);
    sig = death_of(non_canonical_stack);
    CHECK(sig == SIGBUS || sig == SIGSEGV); /* #SS on processors, #GP in an emulator */
    EQ(death_of(trap_flag), SIGTRAP);
}

TEST(mmap, touch_beyond_the_file_is_SIGBUS)
{
    char *p;
    int fd, status;
    pid_t pid;

    abi_scratch();
    fd = open("f", O_CREAT | O_RDWR, 0600);
    EQ(ftruncate(fd, 100), 0);
    p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    p[99] = 1;
    EQ(p[2000], 0);
    pid = fork();
    if (!pid) {
        p[4096] = 1;
        _exit(0);
    }
    EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

/* ---- exhausted limits ---- */

TEST(fork, bomb_ends_in_EAGAIN_or_ENOMEM)
{
    struct rlimit r = {300, 300};
    int n = 0, err;

    EQ(setrlimit(RLIMIT_NPROC, &r), 0);
    EQ(setresuid(65533, 65533, 65533), 0);
    for (;;) {
        pid_t pid = fork();

        if (!pid)
            for (;;)
                pause();
        err = errno;
        if (pid < 0)
            break;
        n++;
        CHECK(n < 1000);
    }
    CHECK(err == EAGAIN || err == ENOMEM);
    CHECK(n > 50);
}

TEST(open, EMFILE_at_the_limit)
{
    struct rlimit r = {20, 20};
    int fd, last = -1;

    EQ(setrlimit(RLIMIT_NOFILE, &r), 0);
    while ((fd = open("/dev/null", O_RDONLY)) >= 0 && last < 100)
        last = fd;
    FAILS(open("/dev/null", O_RDONLY), EMFILE);
    EQ(last, 19);
}

TEST(mmap, ENOMEM_for_silly_sizes)
{
    FAILS(mmap(NULL, 1ul << 46, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
    FAILS(mmap(NULL, -4096ul, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
    FAILS(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL);
}

TEST(readv, EINVAL_for_silly_vectors)
{
    struct iovec v[2] = {{NULL, 0}, {NULL, -1ul}};
    int fds[2];

    EQ(pipe(fds), 0);
    FAILS(readv(fds[0], v, -1), EINVAL);
    FAILS(readv(fds[0], v, 1025), EINVAL);
    FAILS(readv(fds[0], v, 2), EINVAL);
    FAILS(readv(fds[0], BAD_ADDRESS, 2), EFAULT);
}
