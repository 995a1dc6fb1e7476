"""What every task of a CloudOS that stands still is doing. Run by gdb: gdb -batch cloudos.elf -ex 'target remote SOCKET' -x ci/vm_tasks.py
For each CPU where it is, and a line of its run queue and timers; for each task: pid, process, name, state, state word (state, class, cpu, generation), work, flags of its signals, then the
functions on its stack by frame pointers. Reads the guest's memory only; the guest stands still meanwhile."""
import gdb

OWN = ["NONE", "RUNNING", "BLOCKING", "WOKEN", "PARKED", "WAKING", "MIGRATING", "RUNNABLE", "DEAD"]
FRAMES, MOST = 14, 600
u64 = gdb.lookup_type("unsigned long")
task_type = gdb.lookup_type("struct task_struct")


def offset(name):
    return next(f.bitpos // 8 for f in task_type.fields() if f.name == name)


def symbol(address):
    block = gdb.block_for_pc(address)
    while block and not block.function:
        block = block.superblock
    return block.function.name if block else hex(address)


def word(address):
    return int(gdb.Value(address).cast(u64.pointer()).dereference())


def frames(t):
    """By frame pointers, from the registers that switch_to_asm pushed: r15 r14 r13 r12 rbx rbp, the return address."""
    sp = int(t["sp"])
    frame, names = word(sp + 40), [symbol(word(sp + 48))]
    while len(names) < FRAMES and int(t["stack"]) <= frame < int(t["stack"]) + 65536:
        names.append(symbol(word(frame + 8)))
        frame = word(frame)
    return " ".join(names)


def elements(head, member):
    """The tasks of a list by the offset of their node."""
    node, n = int(head["next"]), 0
    while node != int(head.address) and n < MOST:
        yield gdb.Value(node - offset(member)).cast(task_type.pointer()).dereference()
        node, n = word(node), n + 1


def show(t):
    own, sig = int(t["se"]["rq"]["own"]), t["signal"]
    print(f"task {int(t['pid'])} of {int(t['tgid'])} {t['comm'].string()!r} state {int(t['state']):#x} own {OWN[own & 255]} class {own >> 8 & 255:#x} cpu {own >> 16 & 65535} "
          f"gen {own >> 32} work {int(t['work']):#x} exit {int(t['exit_state'])} stop_work {int(t['stop_work'])} stopped {int(t['stopped'])} "
          f"pending {t['pending_set']} shared {sig['shared_set']} group flags {int(sig['flags']):#x} stops {int(sig['group_stop_count'])} "
          f"threads {int(sig['nr_threads'])} live {int(sig['live'])}")
    if own & 255 != OWN.index("RUNNING") and not int(t["exit_state"]):
        print("    " + frames(t))


def walk(leader, seen):
    for t in elements(leader["signal"]["thread_head"], "thread_node"):
        if int(t.address) not in seen and len(seen) < MOST:
            seen.add(int(t.address))
            show(t)
    for child in elements(leader["children"], "sibling"):
        if len(seen) < MOST:
            walk(child, seen)


def per_cpu(name, cpu):
    v = gdb.parse_and_eval(name)
    return gdb.Value(int(v.address) + int(gdb.parse_and_eval(f"percpu_offset[{cpu}]")) & (1 << 64) - 1).cast(v.type.pointer()).dereference()


def show_cpu(cpu):
    rq, base = per_cpu("runqueues", cpu), per_cpu("'kernel/time/hrtimer.c'::base", cpu)
    q = rq["q"]
    print(f"cpu {cpu}: runs {int(rq['curr']['pid'])}, nr_running {int(q['nr_running'])}, shelved {int(q['nr_shelved'])}, kick {int(q['kick']):#x}, wakes {q['wakes']}, requests {q['requests']}, "
          f"halted {int(rq['halted'])}, timers: programmed for {int(base['programmed_ns'])} ns, heap {base['heap']}, tick on {base['tick_on']} armed {base['tick_armed']} at {int(base['tick_ns'])}")


for thread in gdb.selected_inferior().threads():
    thread.switch()
    gdb.execute("bt 12")
for i in range(int(gdb.parse_and_eval("nr_cpu_ids"))):
    try:
        show_cpu(i)
    except gdb.error as e:
        print(f"cpu {i}: {e}")
walk(gdb.parse_and_eval("init_task"), set())
