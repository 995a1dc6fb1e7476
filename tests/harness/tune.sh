#!/usr/bin/env bash
# The tuner on real boots of CloudOS, det tier: a planted optimum is found, written and applied; a flat space has no winner; a
# search that is interrupted goes on where it was, if what it measures is still the same; what cannot be judged and what makes no sense is refused.
. "$(dirname "$0")/steps.bash"

# A kernel whose "default" is the slow clock, so that the fast one is an optimum known beforehand.
slow='console=ttyS0 quiet nokaslr panic=-1 clocksource=acpi_pm'
slow_kernel=(--set kernels.slow.label=Slow --set kernels.slow.family=cloudos --set kernels.slow.image=build/cloudos.elf
    --set "kernels.slow.cmdline=$slow" --set workloads.pipe.det=100)
clock='{clock: {about: x, word: clocksource, values: [acpi_pm, tsc], default: acpi_pm}}'
slice='{slice: {about: x, path: /proc/sys/kernel/sched_rr_timeslice_ms, values: [50, 100, 200], default: 100}}'
nothing='{none: {about: x, path: /proc/sys/kernel/nosuch, values: [1, 2], default: 1}}'
tune() { # KERNEL KNOBS METRIC OPTIONS...: the command in $cmd
    cmd=("$cb" tune t "${slow_kernel[@]}" --set tune.t.about=x --set "tune.t.kernel=$1" --set tune.t.budget=4
        --set "tune.t.knobs=$2" --set "tune.t.objectives=[{workload: pipe, metric: $3}]" "${@:4}")
}

# first_trial FOLDER: returns when the search there has measured one, however quick or busy the host is.
first_trial() {
    for _ in $(seq 600); do
        [ -s "$1/trials.jsonl" ] && break
        sleep 0.05
    done
}

tune slow "$clock" instructions -o "$tmp/planted"
expect 'a planted optimum is found' 0 '^winner, measured again with 1.5 times the iterations: clock=tsc' "${cmd[@]}"
expect 'its profile is applied' 0 '^kernels.slow.cmdline .*clocksource=acpi_pm clocksource=tsc' \
    $cb config show kernels --profile "$tmp/planted/profile.yaml"
expect 'a search is not overwritten' 2 'is there: another search' "${cmd[@]}"
tune slow "$clock" instructions --resume "$tmp/planted" --seed 2
expect 'another search is not gone on with' 2 'another space, seed' "${cmd[@]}"

tune cloudos "$slice" instructions -o "$tmp/flat"
"${cmd[@]}" >"$tmp/out" 2>&1 &
search=$!
first_trial "$tmp/flat"
kill -INT $search
wait $search
rc=$?
if [ $rc = 130 ] && grep -q -- "--resume $tmp/flat" "$tmp/out"; then
    echo 'ok an interrupted search says how it goes on'
else
    echo "not ok an interrupted search says how it goes on: $rc; $(tail -3 "$tmp/out" | tr '\n' ' ')"
fi
tune cloudos "$slice" instructions --resume "$tmp/flat"
expect 'it goes on, and a flat space has no winner' 0 'No configuration beat the default' "${cmd[@]}"
[ "$(sort "$tmp/flat/trials.jsonl" | uniq -d | wc -l)" = 0 ] && [ -s "$tmp/flat/trials.jsonl" ] &&
    echo 'ok no trial was measured twice' || echo 'not ok no trial was measured twice'
# Somebody's figures among those that were measured; half a line, as a search that was killed leaves it, is none.
cp -r "$tmp/flat" "$tmp/forged"
sed -i '1s/"ratio":\[[^]]*\]/"ratio":[0]/' "$tmp/forged/trials.jsonl"
tune cloudos "$slice" instructions --resume "$tmp/forged"
expect 'a forged trial is refused by its line' 2 'forged/trials.jsonl: line 1: "ratio" must be a number above 0' "${cmd[@]}"
cp -r "$tmp/flat" "$tmp/half"
sed -i '1s/.$//' "$tmp/half/trials.jsonl"
tune cloudos "$slice" instructions --resume "$tmp/half"
expect 'half a line is measured again' 0 'No configuration beat the default' "${cmd[@]}"

# With another image, or other iterations, it is another search.
cp build/cloudos.elf "$tmp/kernel.elf"
mine=(--set kernels.slow.image="$tmp/kernel.elf")
tune slow "$clock" instructions -o "$tmp/image"
"${cmd[@]}" "${mine[@]}" >"$tmp/out" 2>&1 &
search=$!
first_trial "$tmp/image"
printf x >>"$tmp/kernel.elf"
wait $search
rc=$?
if verdict 'a search whose image changes meanwhile ends' "$rc" 5 '^cloudbench: Slow is not what this search began with'; then
    echo 'ok a search whose image changes meanwhile ends'
fi
tune slow "$clock" instructions --resume "$tmp/image"
expect 'and is not gone on with' 2 '^cloudbench: Slow is not what this search began with' "${cmd[@]}" "${mine[@]}"
cp build/cloudos.elf "$tmp/kernel.elf"
expect 'but by the old image' 0 '^winner' "${cmd[@]}" "${mine[@]}"
copy=$tmp/project
mkdir -p "$copy" && cp -r configs "$copy/" && ln -s "$PWD/build" "$PWD/.cache" "$PWD/bench" "$copy/"
sed -i '/^pipe:/,/^$/s/wall:.*/wall: 3000/' "$copy/configs/workloads.yaml"
tune slow "$clock" instructions --resume "$tmp/planted"
expect 'nor is one with another workload' 2 'the workload pipe is not what this search began with' env CLOUDBENCH_ROOT="$copy" "${cmd[@]}"

tune cloudos "$nothing" instructions -o "$tmp/nothing"
expect 'a knob that the guest lacks fails its trials: that is no answer' 6 \
    '^cloudbench: nothing could be measured: pipe instructions of trial: .*cannot set /proc/sys/kernel/nosuch' "${cmd[@]}"
expect 'nor is it when it is gone on with' 6 '^cloudbench: nothing could be measured: .*cannot set /proc/sys/kernel/nosuch' \
    "$cb" "${cmd[@]:1:${#cmd[@]}-3}" --resume "$tmp/nothing"
! grep -q 'No configuration beat' "$tmp/out" && [ ! -e "$tmp/nothing/result.json" ]
check 'and nothing else is said' $?
for few in 1 5 6; do
    tune cloudos '{k: {about: x, word: w, values: [1, 2, 3, 4], default: 1}}' p50_ns --tier kvm --set tune.t.budget=12 -b $few -o "$tmp/few"
    expect "too few boots of times to name a winner: $few" 2 'no winner could be named, 3 being measured again; the least is -b 7' "${cmd[@]}"
done
tune cloudos "$slice" p50_ns -o "$tmp/x1"
expect 'times are no objective of the det tier' 2 'times under emulation are no objective' "${cmd[@]}"
for space in cloudos cloudos-smp linux-sched linux-612; do # their latencies are what workloads measure themselves
    expect "the objectives of the space $space are taken" 0 'trials' "$cb" tune "$space" --dry-run -o "$tmp/dry"
done
tune cloudos "$slice" p50_ns --tier tcg -o "$tmp/x2"
expect 'nor of the tcg tier' 2 'emulated times are no objective' "${cmd[@]}"
tune cloudos '{k: {about: x, values: [1, 2], default: 1}}' instructions -o "$tmp/x3"
expect 'a knob without a place' 2 'knob k: either path or word' "${cmd[@]}"
tune cloudos '{k: {about: x, word: w, values: [1, 2], default: 3}}' instructions -o "$tmp/x4"
expect 'a default that is no value' 2 'the default is none of its values' "${cmd[@]}"
expect 'an unknown space' 2 'no space is called "nosuch"' $cb tune nosuch
expect 'a profile that is none' 2 'a profile is a list of texts' $cb list --profile configs/policy.yaml
expect 'a profile that is not there' 2 'No such file' $cb list --profile /nonexistent
