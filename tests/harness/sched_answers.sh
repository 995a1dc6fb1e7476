#!/usr/bin/env bash
# What the scheduling calls answer to everything that tests/guest/sched_answers.c asks is the same on both kernels, line for line.
prefix='answers: '
. "$(dirname "$0")/steps.bash"

# no_timer_check: on a busy host Linux finds that its timer does not tick and panics.
ask() { # KERNEL IMAGE
    ci/boot-test --kernel "$2" --cpus 2 --append "quiet ${3:-}" --timeout 150 --log "$tmp/$1" --expect '^sched_answers: [0-9]+ lines, end' \
        --expect '^init: status 0' -- run /tests/sched_answers >"$tmp/out" 2>&1
    check "$1 answered" $?
}
ask linux linux no_timer_check
ask cloudos "${GUEST_KERNEL:-$PWD/build/cloudos.elf}"

for call in fork getcpu {get,set}priority sched_{get_priority_max,get_priority_min,rr_get_interval} sched_{get,set}{affinity,attr,param,scheduler}; do
    grep -a "^$call " "$tmp/linux" >"$tmp/there"
    grep -a "^$call " "$tmp/cloudos" >"$tmp/here"
    n=$(wc -l <"$tmp/there")
    diff "$tmp/there" "$tmp/here" >"$tmp/diff" && [ "$n" -gt 10 ]
    check "$call, $n lines" $? "$(grep -c '^>' "$tmp/diff") differ: $(head -3 "$tmp/diff" | tr '\n' ' ')"
done
