#!/usr/bin/env bash
# Kernels of one's own and several at once: Linux against Linux, images that configs/ does not have, one of them the bzImage, what it was built with.
prefix='kernels: '
. "$(dirname "$0")/steps.bash"

linux=$(readlink -f "${CLOUDOS_CACHE:-.cache}/linux/6.1")
mine=(--set kernels.mine.label=Mine --set kernels.mine.family=linux --set "kernels.mine.image=$linux/vmlinux"
    --set 'kernels.mine.cmdline=console=ttyS0 quiet panic=-1 mitigations=off')
packed=(--set kernels.packed.label=Packed --set kernels.packed.family=linux --set "kernels.packed.image=$linux/vmlinuz"
    --set 'kernels.packed.cmdline=console=ttyS0 quiet panic=-1 init_on_alloc=0 mitigations=off randomize_kstack_offset=off audit=0 lsm=capability tsc=reliable nokaslr')
cp "$linux/config" "$tmp/my-config"
timeout 500 "$cb" run syscall -k linux -k linux-stock -k mine -k packed "${mine[@]}" "${packed[@]}" --set "kernels.mine.config=$tmp/my-config" --tier det --scale 0.02 \
    -o "$tmp/runs" --format json >"$tmp/run.json" 2>"$tmp/out"
check 'four Linux in one run' $?
"$cb" compare "$tmp/run.json" --format json >"$tmp/compare.json" 2>/dev/null
check 'Linux is compared with Linux' $?
expect 'a build configuration that is not there' 5 'the build configuration of Mine is missing: .*/nosuch' \
    "$cb" run syscall -k mine "${mine[@]}" --set kernels.mine.config=/nosuch --tier det -o "$tmp/runs"
expect 'an image that is not there' 5 'the image of Mine is missing: /nosuch' \
    "$cb" run syscall -k mine "${mine[@]}" --set kernels.mine.image=/nosuch --tier det -o "$tmp/runs"
python3 - "$tmp" "$linux" <<'P'
import hashlib, json, sys
tmp, linux = sys.argv[1:]
def check(name, ok, why=''):
    print(f'ok kernels: {name}' if ok else f'not ok kernels: {name}: {why}')
run, rows = (json.load(open(f'{tmp}/{f}.json')) for f in ('run', 'compare'))
check('the first against each other', sorted((r['kernel_a'], r['kernel_b']) for r in rows) == [('linux', k) for k in ('linux-stock', 'mine', 'packed')], rows)
check('stock costs more', next(r['ratio'] for r in rows if r['kernel_b'] == 'linux-stock') > 1.02, rows)
kernels, digest = run['identity']['kernels'], hashlib.sha256(open(linux + '/config', 'rb').read()).hexdigest()
check('what each was built with', all(k['config']['sha256'] == digest for k in kernels.values()) and kernels['mine']['config']['path'] == tmp + '/my-config', kernels)
check('and which image', kernels['mine']['sha256'] == kernels['linux']['sha256'] and len(kernels['linux']['sha256']) == 64)
# The bzImage unpacks itself and is then the same kernel by another file: nearly the same counts, of so few iterations.
packed = next(r for r in rows if r['kernel_b'] == 'packed')
check('a bzImage', packed['verdict'] in ('same', 'inconclusive') and abs(packed['ratio'] - 1) < 0.01 and kernels['packed']['path'] == linux + '/vmlinuz'
      and kernels['packed']['sha256'] == hashlib.sha256(open(linux + '/vmlinuz', 'rb').read()).hexdigest() != kernels['linux']['sha256'], (packed, kernels))
P
