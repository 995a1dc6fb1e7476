# verified.sh: which parts of ci/verify stand: they passed, and what they check is the same to the byte since, with the same tools. ci/verify sources it.
# ci/verified.list has a line a part: its name, the commit and day of its last whole run, the hash of what it checks.
# shellcheck shell=bash

# Paths that decide what a part says. A tool's own text is one of them. ci/verify is none: whoever changes how it judges a part takes that part's line away.
verified_inputs() {
    local host="lockfree percpu CMakeLists.txt CMakePresets.json"
    local image="$host kernel bench tests/guest configs/busybox.lock ci/build ci/boot-test"
    local measuring="configs perf/CMakeLists.txt perf/config perf/place perf/plugin perf/result perf/stats perf/util perf/verbs perf/vm"
    case $1 in
    explore) echo "$host" ci/explore ;;
    mutants) echo "$host" ci/mutants ci/mutant_source.py ci/mutants.equivalent ;;
    models) echo tests/models ci/models ;;
    host-stress) echo "$host" ci/host-stress ;;
    fuzz) echo lockfree percpu kernel perf configs ci/fuzz tests/harness/made_results.py ;;
    builds | forks | big | kvm) echo "$image" ;;
    stress | torture) echo "$image" ci/stress ;;
    judges) echo "$image" ci/judges tests/boot/judges.init ci/linux configs/linux.lock ;;
    section) echo "$image" ci/longest-section ci/switch-path ci/switch-cpus perf/plugin ;;
    full) echo "$image" "$measuring" ci/linux ;;
    permille) echo "$image" "$measuring" ci/permille ;;
    repeat) echo "$image" "$measuring" ci/repeat ;;
    aa) echo "$image" "$measuring" ci/aa ;;
    tune) echo "$image" "$measuring" perf/tune perf/view ;;
    site) echo perf configs tests/harness ;;
    bare) echo . :!docs ;;
    *) die "no part $1" ;;
    esac
}

# The hash of a part's inputs and of the tools; nothing where they are not as they were committed.
verified_hash() {
    local paths
    paths="$(verified_inputs "$1") :!ci/verify :!ci/verified.sh :!ci/verified.list"
    # shellcheck disable=SC2086 # a list of paths
    git -C "$ROOT" rev-parse -q --verify HEAD >/dev/null && [ -z "$(git -C "$ROOT" status --porcelain -- $paths)" ] || return 0
    {
        # shellcheck disable=SC2086
        git -C "$ROOT" ls-files -s -- $paths
        for tool in 'gcc --version' 'clang --version' 'qemu-system-x86_64 --version' 'spin -V'; do $tool 2>/dev/null | head -n 1; done
    } | sha256sum | cut -c1-16
}

# verified_line PART: "COMMIT of DAY" where it stands.
verified_line() {
    local hash
    hash=$(verified_hash "$1")
    [ -z "$hash" ] || awk -v part="$1" -v hash="$hash" '$1 == part && $4 == hash {print $2 " of " $3}' "$ROOT/ci/verified.list"
}

# verified_note PART HASH: it has just passed, whole; HASH is what verified_hash said before it began. Two halves may note at once.
verified_note() {
    local hash list
    hash=$(verified_hash "$1")
    [ -n "$hash" ] && [ "$hash" = "$2" ] || return 0
    exec 9<"$ROOT/ci"
    flock 9
    list=$(grep -v "^$1 " "$ROOT/ci/verified.list" || true)
    printf '%s\n' "$list" "$1 $(git -C "$ROOT" rev-parse --short=7 HEAD) $(date +%F) $hash" | grep . | sort >"$work/verified"
    cat "$work/verified" >"$ROOT/ci/verified.list"
    exec 9<&-
}
