#!/usr/bin/env bash
# Which parts of ci/verify stand (ci/verified.sh), in a repository made for it: a part stands while what it checks is what it was, and no longer.
. "$(dirname "$0")/steps.bash"

inputs=" $(. ci/lib.sh && . ci/verified.sh && verified_inputs tune) "
needed=$(grep -ho '#include "perf/[a-z]*/' perf/tune/*.[ch] perf/verbs/*tune*.[ch] | sed 's/.*"//; s/.$//' | sort -u)
lacks=$(for folder in $needed; do case $inputs in *" $folder "*) ;; *) echo "$folder" ;; esac; done)
[ -n "$needed" ] && [ -z "$lacks" ]
check 'a search is checked with each folder that its sources name' $? "$lacks"

repo=$tmp/repo
mkdir -p "$repo"/{ci,lockfree,percpu,kernel}
cp ci/lib.sh ci/verified.sh "$repo/ci/"
cd "$repo" || exit 1
touch ci/verified.list ci/verify ci/explore ci/host-stress lockfree/a.h percpu/b.h kernel/c.c
git init -q . && git add -A && git -c user.name=x -c user.email=x commit -q -m x

note() { (work=$tmp && . ci/lib.sh && . ci/verified.sh && for p in "$@"; do verified_note "$p" "$(verified_hash "$p")"; done); }
line() { (. ci/lib.sh && . ci/verified.sh && verified_line "$1"); }
stands() { line "$1" | grep -qE '^[0-9a-f]{7} of [0-9]{4}-[0-9]{2}-[0-9]{2}$'; }
no() { ! "$@"; }
commit() { git add -A && git -c user.name=x -c user.email=x commit -q -m "$1"; }

no stands explore
check 'what never passed does not stand' $?
note explore host-stress explore
stands explore && stands host-stress && [ "$(grep -c '^explore ' ci/verified.list)" = 1 ]
check 'what passed stands, by one line' $? "$(cat ci/verified.list)"
(work=$tmp && . ci/lib.sh && . ci/verified.sh && verified_note models 0123456789abcdef) && no stands models
check 'what was changed while it ran is not noted' $?
no stands models
check 'another part does not' $?
echo x >ci/verify && echo x >kernel/c.c && commit other
stands explore
check 'nothing that it checks has changed' $?
echo x >lockfree/a.h
no stands explore
check 'what it checks is changed and not committed' $?
note explore && [ "$(grep -c '^explore ' ci/verified.list)" = 1 ] && no stands explore
check 'then it is not noted either' $?
commit changed && no stands explore && no stands host-stress
check 'nor does it stand once that is committed' $?
git revert -q --no-edit HEAD 2>/dev/null || git -c user.name=x -c user.email=x revert --no-edit HEAD >/dev/null
stands explore
check 'until it is what it was' $?
echo x >ci/explore && commit tool && no stands explore && stands host-stress
check 'its own tool counts, that of another part does not' $?
echo x >percpu/new.h && no stands host-stress
check 'nor with a file more' $?
