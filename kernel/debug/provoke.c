/* /proc/provoke-crash: root writes a word and the kernel breaks one of its own rules, so that tests
 * see the rule enforced: guard pages, read-only and non-executable memory, SMEP and SMAP. The words
 * are those of Linux's LKDTM. Offers nothing to the rest of the kernel and must never be called by
 * it. */
#include "kernel/arch/x86/ptregs.h"
#include "kernel/debug/assert.h"
#include "kernel/debug/provoke.h"
#include "kernel/fs/proc_internal.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/rq.h"
#include "kernel/task/task.h"
#include "lockfree/inbox.h"
#include "lockfree/rcu.h"

static const u32 read_only = 1;
static u8 data_code[16] = {0xc3}; /* ret */

static void call(unsigned long address)
{
    __asm__ volatile("call *%0" ::"r"(address) : "memory");
}

static void write_to(unsigned long address)
{
    __asm__ volatile("movl $2, (%0)" ::"r"(address) : "memory");
}

/* Until the guard page under the stack: the processor cannot push the frame of the page fault
 * there. */
static __noinline u32 exhaust_stack(u32 depth)
{
    volatile u32 frame[64];

    frame[depth % 64] = depth;
    if (depth == UINT32_MAX)
        return 0;
    return exhaust_stack(depth + 1) + frame[depth % 64];
}

static void warn(void)
{
    WARN_ON_ONCE(read_only);
}

static void bug(void)
{
    BUG();
}

static void exhaust(void)
{
    exhaust_stack(0);
}

/* A debug kernel names the object and both places. */
static void slab_free_double(void)
{
    void *object = kmalloc(64, GFP_KERNEL);

    kfree(object);
    kfree(object);
    barrier(); /* no tail call: the report is to name this function */
}

static void write_ro(void)
{
    write_to((unsigned long)&read_only);
}

static void write_kern(void)
{
    write_to((unsigned long)write_ro);
}

static void write_null(void)
{
    write_to(8);
}

static void exec_data(void)
{
    call((unsigned long)data_code);
}

static void exec_userspace(void)
{
    call(current_pt_regs()->ip);
}

/* Without the window that uaccess.h opens. */
static void access_userspace(void)
{
    write_to(current_pt_regs()->sp);
}

/* ---- misuse that a debug kernel notices; a release kernel may go on, hang or fall over ---- */

static void ignore(struct rcu_head *head)
{
}

static void page_free_double(void)
{
    struct page *p = alloc_page(GFP_KERNEL);

    put_page(p);
    put_page(p);
}

static void rcu_head_double(void)
{
    static struct rcu_head head;

    call_rcu(&head, ignore);
    call_rcu(&head, ignore);
    barrier();
}

static void rcu_unbalanced(void)
{
    rcu_read_unlock();
}

static void rcu_sleep(void)
{
    rcu_read_lock();
    schedule();
}

static void inbox_push_double(void)
{
    static struct inbox box;
    static struct inbox_node node;

    inbox_node_init(&node);
    inbox_push_mpsc(&box, &node);
    inbox_push_mpsc(&box, &node);
}

static DEFINE_SPINLOCK(provoked_lock);

static void spin_lock_double(void)
{
    spin_lock(&provoked_lock);
    spin_lock(&provoked_lock);
}

static void spin_unlock_free(void)
{
    preempt_disable();
    spin_unlock(&provoked_lock);
}

static void runqueue_of_another(void)
{
    struct rq *rq;

    local_irq_disable();
    rq = cpu_rq(smp_processor_id() == 0 ? nr_cpu_ids - 1 : 0);
    rq_drain(&rq->q);
    local_irq_enable();
}

static const struct {
    const char *word;
    void (*provoke)(void);
} words[] = {
    {"WARNING", warn},
    {"BUG", bug},
    {"EXHAUST_STACK", exhaust},
    {"WRITE_RO", write_ro},
    {"WRITE_KERN", write_kern},
    {"ACCESS_NULL", write_null},
    {"EXEC_DATA", exec_data},
    {"EXEC_USERSPACE", exec_userspace},
    {"ACCESS_USERSPACE", access_userspace},
    {"PAGE_FREE_DOUBLE", page_free_double},
    {"RCU_HEAD_DOUBLE", rcu_head_double},
    {"RCU_UNBALANCED", rcu_unbalanced},
    {"RCU_SLEEP", rcu_sleep},
    {"INBOX_PUSH_DOUBLE", inbox_push_double},
    {"SPIN_LOCK_DOUBLE", spin_lock_double},
    {"SPIN_UNLOCK_FREE", spin_unlock_free},
    {"RUNQUEUE_OF_ANOTHER", runqueue_of_another},
    {"SLAB_FREE_DOUBLE", slab_free_double},
};

static ssize_t provoke_store(const char *text, size_t n, void *unused)
{
    size_t len = n && text[n - 1] == '\n' ? n - 1 : n;

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (strlen(words[i].word) == len && !strncmp(words[i].word, text, len)) {
            words[i].provoke();
            return n;
        }
    }
    return -EINVAL;
}

void provoke_create(void)
{
    proc_create("provoke-crash", 0200, NULL, provoke_store, NULL);
}
