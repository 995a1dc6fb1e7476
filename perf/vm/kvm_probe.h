// Is the host's KVM one to measure on? A KVM that is there may interpret ring-0 code thousands of
// times slower than ring 3. Makes a VM of its own (no firmware, no QEMU): 10,000 dec/jnz between
// two OUT exits, in ring 0 and in ring 3.
#pragma once
#include <stdbool.h>

enum kvm_state {
    KVM_ABSENT, // no /dev/kvm
    KVM_DENIED, // it is there, we may not open it
    KVM_BROKEN, // it opens, a VM does not run on it
    KVM_SLOW,   // ring 0 is interpreted
    KVM_GOOD,
};

struct kvm_probe {
    enum kvm_state state;
    double ring0_ns, ring3_ns; // per instruction, best of 5; 0 when not measured
    char why[200];             // one line for people
};

// Takes at most about two seconds: each ring is given up at its deadline.
void kvm_probe(struct kvm_probe *p);
