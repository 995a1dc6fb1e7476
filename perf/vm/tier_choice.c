// Resolves det, tcg, kvm and auto. A denied /dev/kvm is never a silent fall-back: it is refused
// with the line that mends it.
#include "perf/vm/tier_choice.h"

#include "perf/util/say.h"
#include "perf/vm/kvm_probe.h"

#include <stdio.h>
#include <string.h>

const char *tier_time_unit(enum tier tier)
{
    return tier == TIER_KVM ? "ns" : "ns (emulated)";
}

static int take(struct tier_choice *c, enum tier tier, const char *why)
{
    c->tier = tier;
    c->cpu = vm_default_cpu(tier);
    snprintf(c->why, sizeof(c->why), "%s", why);
    return 0;
}

static int denied(void)
{
    say_error("/dev/kvm is there but this user may not open it");
    say_hint("sudo usermod -aG kvm \"$USER\"   (then log in again), or choose --tier det");
    return EXIT_REFUSED;
}

static int choose_kvm(struct tier_choice *c, bool fall_back, int cpus)
{
    struct kvm_probe p;
    char why[256];
    kvm_probe(&p);
    if (p.state == KVM_DENIED)
        return denied();
    if (p.state == KVM_GOOD)
        return take(c, TIER_KVM, p.why);
    if (fall_back) {
        snprintf(why, sizeof(why), "no KVM to measure on: %s", p.why);
        return take(c, cpus == 1 ? TIER_DET : TIER_TCG, why);
    }
    if (p.state == KVM_SLOW) {
        snprintf(why, sizeof(why), "asked for, but its times say nothing: %s", p.why);
        say_error("warning: %s", why);
        take(c, TIER_KVM, why);
        c->cpu = "host,kvm=off,arch-capabilities=off";
        return 0;
    }
    say_error("the kvm tier cannot be used: %s", p.why);
    say_hint("--tier det works on any machine");
    return EXIT_REFUSED;
}

int tier_choose(struct tier_choice *c, const char *asked, int cpus)
{
    if (!strcmp(asked, "det"))
        return take(c, TIER_DET, "asked for: guest instructions, the same on every machine");
    if (!strcmp(asked, "tcg"))
        return take(c, TIER_TCG, "asked for: emulated CPUs in parallel, times are emulated");
    if (!strcmp(asked, "kvm") || !strcmp(asked, "auto"))
        return choose_kvm(c, asked[0] == 'a', cpus);
    say_error("no tier is called \"%s\": det, tcg, kvm or auto", asked);
    return EXIT_USAGE;
}
