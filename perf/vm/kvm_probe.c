// A tiny long-mode guest through the /dev/kvm ioctls (Documentation/virt/kvm/api.rst), in a child
// process so that a KVM that never returns can be ended. Intel SDM vol. 3, 3.4.5 (descriptors), 4.5
// (paging), for the constants.
#include "perf/vm/kvm_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MEMORY        0x10000
#define PAGE_TABLES   0x1000 // PML4, PDPT, PD
#define CODE          0x8000
#define ROUNDS        10000
#define REPEATS       5
#define DEADLINE_MS   2000
#define GOOD_RING0_NS 10.0
#define GOOD_RATIO    4.0

struct machine {
    int kvm, vm, vcpu;
    uint8_t *memory;
    struct kvm_run *run;
};

// out %al,$0x10 / mov $ROUNDS,%ecx / dec %ecx / jnz -4 / out %al,$0x10 / jmp start
static const uint8_t code[] = {0xe6, 0x10, 0xb9, ROUNDS & 255, ROUNDS >> 8, 0,    0,   0xff,
                               0xc9, 0x75, 0xfc, 0xe6,         0x10,        0xeb, 0xf1};

static bool make(struct machine *m)
{
    m->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    m->vm = ioctl(m->kvm, KVM_CREATE_VM, 0);
    m->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct kvm_userspace_memory_region region = {.memory_size = MEMORY,
                                                 .userspace_addr = (uintptr_t)m->memory};
    if (m->vm < 0 || m->memory == MAP_FAILED || ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &region))
        return false;
    m->vcpu = ioctl(m->vm, KVM_CREATE_VCPU, 0);
    int size = ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (m->vcpu < 0 || size <= 0)
        return false;
    m->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, m->vcpu, 0);
    return m->run != MAP_FAILED;
}

static void fill_memory(struct machine *m)
{
    uint64_t *pml4 = (uint64_t *)(m->memory + PAGE_TABLES), *pdpt = pml4 + 512, *pd = pdpt + 512;
    const uint64_t present_write_user = 7, large = 1 << 7;
    pml4[0] = (PAGE_TABLES + 0x1000) | present_write_user;
    pdpt[0] = (PAGE_TABLES + 0x2000) | present_write_user;
    pd[0] = present_write_user | large;
    memcpy(m->memory + CODE, code, sizeof(code));
}

static struct kvm_segment segment(int ring, int type, bool code64)
{
    return (struct kvm_segment){.limit = 0xffffffff,
                                .selector = (type == 3 ? 16 : 8) | ring,
                                .type = type,
                                .present = 1,
                                .dpl = ring,
                                .db = !code64,
                                .s = 1,
                                .l = code64,
                                .g = 1};
}

static bool set_ring(struct machine *m, int ring)
{
    struct kvm_sregs s;
    struct kvm_regs r = {
        .rip = CODE, .rsp = MEMORY, .rflags = 2 | 3 << 12}; // IOPL 3: OUT from ring 3
    if (ioctl(m->vcpu, KVM_GET_SREGS, &s))
        return false;
    s.cr0 = 0x80000001; // PG PE
    s.cr3 = PAGE_TABLES;
    s.cr4 = 1 << 5;            // PAE
    s.efer = 1 << 8 | 1 << 10; // LME LMA
    s.cs = segment(ring, 11, true);
    s.ds = s.es = s.fs = s.gs = s.ss = segment(ring, 3, false);
    return !ioctl(m->vcpu, KVM_SET_SREGS, &s) && !ioctl(m->vcpu, KVM_SET_REGS, &r);
}

static bool run_to_out(struct machine *m)
{
    return ioctl(m->vcpu, KVM_RUN, 0) == 0 && m->run->exit_reason == KVM_EXIT_IO;
}

static double thread_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

// Best time an instruction, or -1 when the guest does not run.
static double measure(struct machine *m, int ring)
{
    double best = -1;
    if (!set_ring(m, ring))
        return -1;
    for (int i = 0; i < REPEATS; i++) {
        if (!run_to_out(m))
            return -1;
        double a = thread_ns();
        if (!run_to_out(m))
            return -1;
        double ns = (thread_ns() - a) / (2 * ROUNDS);
        if (best < 0 || ns < best)
            best = ns;
    }
    return best;
}

static void child(int fd)
{
    struct machine m;
    double ns[2] = {-1, -1};
    if (make(&m)) {
        fill_memory(&m);
        ns[0] = measure(&m, 3);
        if (write(fd, &ns[0], sizeof(double)) < 0)
            _exit(1);
        ns[1] = measure(&m, 0);
    } else if (write(fd, &ns[0], sizeof(double)) < 0) {
        _exit(1);
    }
    _exit(write(fd, &ns[1], sizeof(double)) != sizeof(double));
}

// A number from the child, or 0 when the deadline passed first.
static double read_number(int fd, int timeout_ms)
{
    double v = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, timeout_ms) == 1 && read(fd, &v, sizeof(v)) == sizeof(v))
        return v;
    return 0;
}

static void judge(struct kvm_probe *p)
{
    if (p->ring3_ns < 0 || p->ring0_ns < 0) {
        p->state = KVM_BROKEN;
        snprintf(p->why, sizeof(p->why), "/dev/kvm opens, but a tiny guest does not run on it");
    } else if (p->ring3_ns == 0 || p->ring0_ns == 0) {
        p->state = KVM_SLOW;
        snprintf(p->why, sizeof(p->why), "KVM did not run %d instructions within %.0f s",
                 2 * ROUNDS, DEADLINE_MS / 1000.0);
    } else if (p->ring0_ns > GOOD_RING0_NS || p->ring0_ns > GOOD_RATIO * p->ring3_ns) {
        p->state = KVM_SLOW;
        snprintf(p->why, sizeof(p->why),
                 "KVM interprets kernel code: %.1f ns an instruction in ring 0, %.1f in ring 3",
                 p->ring0_ns, p->ring3_ns);
    } else {
        p->state = KVM_GOOD;
        snprintf(p->why, sizeof(p->why),
                 "KVM runs kernel code at %.2f ns an instruction (ring 3: %.2f)", p->ring0_ns,
                 p->ring3_ns);
    }
}

static void run_child(struct kvm_probe *p)
{
    int fd[2];
    if (pipe2(fd, O_CLOEXEC))
        return;
    pid_t pid = fork();
    if (pid == 0)
        child(fd[1]);
    close(fd[1]);
    if (pid > 0) {
        p->ring3_ns = read_number(fd[0], DEADLINE_MS);
        p->ring0_ns = p->ring3_ns ? read_number(fd[0], DEADLINE_MS) : 0;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    close(fd[0]);
}

void kvm_probe(struct kvm_probe *p)
{
    *p = (struct kvm_probe){.state = KVM_ABSENT};
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        p->state = errno == EACCES || errno == EPERM ? KVM_DENIED : KVM_ABSENT;
        snprintf(p->why, sizeof(p->why),
                 p->state == KVM_DENIED ? "/dev/kvm may not be opened by this user"
                                        : "there is no usable /dev/kvm (%s)",
                 strerror(errno));
        return;
    }
    close(fd);
    run_child(p);
    judge(p);
}
