#!/usr/bin/env bash
# The manual page and the completions say what the verbs' own --help says, all of it and nothing else; they are well formed; bash and fish complete.
prefix='manual: '
. "$(dirname "$0")/steps.bash"

$cb manual >"$tmp/cloudbench.1"
cmp -s "$tmp/cloudbench.1" build/share/man/man1/cloudbench.1
check 'the build keeps this very page' $?
if command -v groff >/dev/null; then
    groff -man -Tutf8 -ww "$tmp/cloudbench.1" >"$tmp/page" 2>"$tmp/out"
    [ ! -s "$tmp/out" ] && grep -q 'inconclusive, with' "$tmp/page"
    check 'groff has nothing to say about it' $?
fi
$cb manual --bash >"$tmp/bash" && $cb manual --zsh >"$tmp/zsh" && $cb manual --fish >"$tmp/fish"
check 'completions are made' $?
for verb in $($cb --help | sed -n 's/^  \([a-z]*\)  *.*/\1/p'); do $cb "$verb" --help >"$tmp/help.$verb"; done
python3 - "$tmp" <<'P'
import glob, re, sys
tmp = sys.argv[1]
def check(name, ok, why=''):
    print(f'ok manual: {name}' if ok else f'not ok manual: {name}: {why}')
page, bash, zsh, fish = (open(f'{tmp}/{f}').read() for f in ('cloudbench.1', 'bash', 'zsh', 'fish'))
parts = dict(re.findall(r'^\.SS (\w+)\n(.*?)(?=^\.S[SH])', page, re.S | re.M))
helps = {f.rsplit('.', 1)[1]: open(f).read() for f in glob.glob(tmp + '/help.*')}
check('a section for each verb', set(parts) == set(helps) and len(parts) > 15, set(parts) ^ set(helps))
own, common = {'help', 'usage', 'version'}, {'set', 'profile'}
for name, find in (('page', lambda v: re.findall(r'\\fB\\-\\-([a-z\\-]+)\\fR', parts[v])),
                   ('bash', lambda v: re.findall(r'[ \']--([a-z-]+)(?=[ \']|$)', re.search(rf'_cloudbench_{v}\(\) .*?-\*\) (.*?) ;;', bash, re.S).group(1))),
                   ('zsh', lambda v: re.findall(r"'\*--([a-z-]+)", re.search(rf'^    {v}\) _arguments(.*?);;', zsh, re.S | re.M).group(1))),
                   ('fish', lambda v: re.findall(rf"^complete -c cloudbench -n '__cloudbench_verb {v}'.* -l ([a-z-]+)", fish, re.M))):
    bad = {}
    for v, h in helps.items():
        want = set(re.findall(r'^ +(?:-\w, +)?--([a-z-]+)', h, re.M)) - own
        got = {o.replace('\\', '') for o in find(v)} - own
        if got - common != want - common:
            bad[v] = (got ^ want) - common
    check(f'{name}: the options of --help, all and no other', not bad, bad)
codes = re.findall(r'^\.B (\d+)\n', page, re.M)
check('every exit code', codes == ['0', '1', '2', '3', '4', '5', '6', '77', '130'], codes)
P

# complete WANTED WORD...: what bash offers for the last word.
# shellcheck source=/dev/null
complete() {
    local want=$1 got
    shift
    got=$(bash -c '. "$1"; shift; compopt() { :; }; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _cloudbench; echo "${COMPREPLY[*]}"' x "$tmp/bash" "$cb" "$@" 2>&1)
    [ "$got" = "$want" ]
    check "bash completes: $*" $? "\"$got\", wanted \"$want\""
}
complete 'publish profile' p
complete 'det tcg kvm auto' run --tier ''
complete 'det tcg' trace --tier ''
complete 'linux linux-stock linux-612' run -k l
complete '--folded --format' profile --fo
complete 'openmetrics' export --format o
complete 'text md json csv junit' compare --format ''
complete 'hackbench' import --from h
complete 'pipe pipe/hog pipe/fifo' profile pip
complete 'process' run proc
complete 'latest' compare lat
complete 'runs' list ru
complete 'configs/suites' import configs/su
expect 'words of nothing' 2 'nothing is called "frobs"' $cb manual --words frobs
if command -v zsh >/dev/null; then
    zsh -n "$tmp/zsh"
    check 'zsh reads it' $?
else
    echo 'skip manual: zsh is not installed'
fi
# fish WANTED LINE: what fish offers at the end of the line.
fish_completes() {
    local got
    got=$(PATH=$(dirname "$cb"):$PATH HOME=$tmp fish --no-config -c "source $tmp/fish; complete -C '$2'" 2>&1 | cut -f 1 | tr '\n' ' ')
    [ "$got" = "$1 " ]
    check "fish completes: $2" $? "\"$got\", wanted \"$1\""
}
if command -v fish >/dev/null; then
    fish --no-execute "$tmp/fish"
    check 'fish reads it' $?
    fish_completes 'profile publish' 'cloudbench p'
    fish_completes 'auto det kvm tcg' 'cloudbench run --tier '
    fish_completes 'linux linux-612 linux-stock' 'cloudbench run -k l'
    fish_completes 'process' 'cloudbench run proc'
    fish_completes '--folded --format' 'cloudbench profile --fo'
else
    echo 'skip manual: fish is not installed'
fi
