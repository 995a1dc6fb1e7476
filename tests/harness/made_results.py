#!/usr/bin/env python3
"""Results that nobody measured, for the tests of the site: `made_results.py DIR FIRST LAST WORKLOADS` writes runs of both kernels into DIR/runs,
`made_results.py DIR kinds` one document of each other kind and two runs with rows of every verdict. Texts hold what HTML must escape."""
import json
import os
import sys


def runs(base, first, last, workloads):
    """From run 20 on CloudOS needs 10 % more for w1."""
    for i in range(first, last):
        rows = []
        for w in range(workloads):
            for kernel, value in (('linux', 1000 + w), ('cloudos', (300 + w + i % 3) * (1.1 if i >= 20 and w == 1 else 1))):
                rows.append({'workload': f'w{w}' if w != 3 else 'w3/with-quite-a-long-name', 'kernel': kernel, 'metric': 'instructions', 'unit': 'instructions/op',
                             'status': 'ok', 'value': value, 'samples': [{'status': 'ok', 'value': value}]})
        run = {'schema': 'cloudbench-run/1', 'id': f'run-{i:05}', 'created': f'2026-01-01T{i // 3600:02}:{i // 60 % 60:02}:{i % 60:02}Z',
               'tier': 'det', 'tier_why': '<asked> & for', 'topology': {'name': '1', 'cpus': 1, 'memory_mb': 512, 'nodes': []},
               'identity': {'qemu': {'version': '7.2'}, 'kernels': {'linux': {'family': 'linux', 'label': 'Linux <b>'},
                            'cloudos': {'family': 'cloudos', 'label': 'CloudOS'}}}, 'boots': [], 'rows': rows}
        os.makedirs(f'{base}/run-{i:05}')
        json.dump(run, open(f'{base}/run-{i:05}/run.json', 'w'))


VERDICTS = (('improved', 3), ('unsupported', 1), ('regressed', 2), ('inconclusive', 4), ('failed', 5), ('same', 6)) # rows of each


def judged_rows(second):
    """Rows of each verdict; in the second run three of CloudOS have moved."""
    rows = []
    for verdict, count in VERDICTS:
        for i in range(count):
            name = ('pipe', 'fork')[i] if verdict == 'improved' and i < 2 else f'{verdict}-{i}'
            b = {'improved': 500.5, 'regressed': 1250.25, 'inconclusive': 1100.75}.get(verdict, 1000) + 0.125 * i + (170 if second and i == 1 else 0) + (130 if name == 'fork' else 0)
            for kernel, value in (('linux', 1000 + 0.125 * i), ('cloudos', b)):
                row = {'workload': name, 'kernel': kernel, 'metric': 'instructions', 'unit': 'instructions/op', 'status': 'ok', 'value': value,
                       'samples': [{'status': 'ok', 'value': value, 'spread': 100.5 if verdict == 'inconclusive' else 0.001, 'iters': [1000, 2000],
                                    'per_op': {'cr3_writes': 1.5 + (kernel == 'cloudos'), 'tlb_flushes': 0.0312345678}}]}
                if verdict in ('failed', 'unsupported') and kernel == 'cloudos':
                    row = {k: row[k] for k in ('workload', 'kernel', 'metric', 'unit')} | {'status': verdict, 'reason': f'exit code {130 + i}', 'samples': []}
                rows.append(row)
    return rows


def boots_with_consoles(folder, files):
    """Three that went well and one that did not, each with a console; without files only what the result keeps of the one that failed."""
    boots = []
    for b in range(4):
        kernel, end = ('linux', 'cloudos')[b % 2], f'boot {b} <script>"says" & asks</script>\n'
        boot = {'boot': b, 'kernel': kernel, 'status': 'ok', 'wall_seconds': 2.5 + b, 'init_cpu_seconds': 0.21875 + b, 'console': f'boot-{b:03}-{kernel}.console'}
        if b == 3:
            end += 'panic <here> at 0xffffffff80123456\n'
            boot |= {'status': 'panic', 'reason': 'the kernel <panicked>', 'console_tail': end}
        if files:
            text = ''.join(f'[{n / 1000:9.6f}] line {n} of it\n' for n in range(200)) + '\x1b[1;31mred\x1b[0m, a bell \x07 and a byte \xff\n' + 'x' * 300 + '\n' + end
            open(f"{folder}/{boot['console']}", 'wb').write(text.encode('latin-1'))
        boots.append(boot)
    return boots


def judged(base):
    """Two runs of a board of their own, with every verdict and all that a run's page shows as raw JSON; of the second there are consoles."""
    image = lambda n, **more: {'path': f'/b<{n}>/image', 'sha256': f'{n:064x}', 'bytes': 12345 + n} | more
    for i in range(2):
        os.makedirs(f'{base}/judged-{i}')
        run = {'schema': 'cloudbench-run/1', 'id': f'judged-{i}', 'created': f'2026-01-03T00:0{i}:00Z', 'tier': 'det', 'tier_why': 'x',
               'topology': {'name': '2', 'cpus': 2, 'memory_mb': 2048, 'nodes': []},
               'identity': {'turn_ns': 200000, 'qemu': image(1, version='7.2'), 'initramfs': image(2, files={'bench/pipe': '7' * 64}), 'plugin': image(3),
                            'host': {'cpu': 'CPU', 'cpus': 2, 'load': 1.23456789},
                            'kernels': {'linux': image(0xabcdef0123, family='linux', label='Linux <b> 6.1', cmdline='quiet panic=-1'),
                                        'cloudos': image(5, family='cloudos', label='CloudOS', cmdline='console=ttyS0')},
                            'argv': {'linux': ['-m', '2048'], 'cloudos': ['-m', '2048']}, 'argv_diff': {'cloudos': [{'option': '-append', 'a': 'x 1', 'b': 'y 2'}]}},
               'boots': boots_with_consoles(f'{base}/judged-{i}', i == 1), 'rows': judged_rows(i == 1)}
        json.dump(run, open(f'{base}/judged-{i}/run.json', 'w'))


def families(base):
    """Two boards: CloudOS beside Linux, lost in both rows, and after it Linux beside Linux; three kernels of Linux alone. A third with fewer iterations,
    whose rows CloudOS no longer supports in the end."""
    labels = {'linux': 'Linux <b> 6.1', 'linux-612': 'Linux <b> 6.12', 'linux-stock': 'Linux <b> 6.1 stock', 'cloudos': 'CloudOS'}
    for i, (board, values) in enumerate((('both', {'linux': 1000.5, 'cloudos': 1500.25}), ('both', {'linux': 1000.5, 'linux-612': 750.125}),
                                         ('alone', {'linux': 1000.5, 'linux-612': 750.125, 'linux-stock': 1250.75}),
                                         *[('both', {'linux': 1001.5, 'cloudos': 500.25})] * 2)):
        rows = [{'workload': w, 'kernel': k, 'metric': 'instructions', 'unit': 'instructions/op', 'status': 'ok', 'value': v * of, 'samples': [{'status': 'ok', 'value': v * of}]}
                for w, of in (('pipe', 1), ('fork', 8)) for k, v in values.items()]
        run = {'schema': 'cloudbench-run/1', 'id': f'families-{i}', 'created': f'2026-01-04T00:0{i}:00Z', 'tier': 'det', 'tier_why': 'x',
               'topology': {'name': board, 'cpus': 1, 'memory_mb': 512, 'nodes': []},
               'identity': {'qemu': {'version': '7.2'}, 'kernels': {k: {'family': k.split('-')[0], 'label': labels[k]} for k in values}}, 'boots': [], 'rows': rows}
        if i >= 3:
            for row in rows[1::2] if i == 4 else []:
                del row['value']
                row |= {'status': 'unsupported', 'reason': 'no call 53'}
            run |= {'scale': 0.25, 'settings': ['workloads.pipe.det=400']}
        os.makedirs(f'{base}/families-{i}')
        json.dump(run, open(f'{base}/families-{i}/run.json', 'w'))


def kinds(tmp):
    """A run with histograms of single iterations, two with every verdict, three of one family or both, a scale and a lines document, three finished searches."""
    def sample(i):
        return {'status': 'ok', 'value': 1234.5 + i, 'p50_ns': 200.25 + i, 'p99_ns': 3000.125 + i, 'max_ns': 70000.0 + i, 'laps': 1000, 'steady': i != 1}
    judged(tmp + '/runs')
    families(tmp + '/runs')
    rows = [{'workload': 'pipe', 'kernel': k, 'metric': 'mean_ns', 'unit': 'ns (emulated)', 'status': 'ok', 'value': 1235.5 + 7 * n,
             'samples': [sample(i + 7 * n) for i in range(3)]} for n, k in enumerate(('linux', 'cloudos'))]
    os.makedirs(tmp + '/runs/times')
    json.dump({'schema': 'cloudbench-run/1', 'id': 'times', 'created': '2026-01-02T00:00:00Z', 'tier': 'tcg', 'tier_why': 'x',
               'topology': {'name': '1', 'cpus': 1, 'memory_mb': 512, 'nodes': []},
               'identity': {'host': {'cpu': 'CPU', 'cpus': 2}, 'kernels': {'linux': {'family': 'linux', 'label': 'Linux <b>'}, 'cloudos': {'family': 'cloudos', 'label': 'CloudOS'}}},
               'boots': [{'boot': b, 'kernel': ('linux', 'cloudos')[b % 2], 'status': 'ok'} for b in range(6)], 'rows': rows}, open(tmp + '/runs/times/run.json', 'w'))
    for b in range(6):
        text = 'garbage\npipe 1 1 not a histogram\npipe 2.5 1 100 400 0 100:600 100:300 200:100\n'
        open(f"{tmp}/runs/times/boot-{b:03}-{('linux', 'cloudos')[b % 2]}.laps", 'w').write(text)
    os.makedirs(tmp + '/runs/scale')
    point = lambda k, n, x: {'workload': 'fork<', 'kernel': k, 'cpus': n, 'value': 1e9 * n / x, 'unit': 'instructions/op', 'throughput': x, 'efficiency': x / n / 60000.5, 'latency': 17.25 * n, 'run': 'run-00001'}
    json.dump({'schema': 'cloudbench-scale/1', 'id': 's<1>', 'tier': 'det', 'host': 'QEMU <x>', 'kernels': {'linux': 'L <i>', 'cloudos': 'C'},
               'points': [point(k, n, 60000.5 * n * 0.97 ** n) for k in ('linux', 'cloudos') for n in (1, 2, 4)] +
                         [{'workload': 'fork<', 'kernel': 'linux', 'cpus': 8, 'run': 'r', 'status': 'failed', 'reason': 'why <not>'}],
               'fits': [{'workload': 'fork<', 'kernel': 'linux', 'lambda': 60000.5, 'sigma': 0.0123456789, 'kappa': 1.5e-5, 'knee': 3.25, 'knee_low': 2.125, 'knee_high': None,
                         'curve': [[1, 6e4, 5e4, 7e4], [4, 2e5, 1e5, 3e5]]}, {'workload': 'fork<', 'kernel': 'cloudos', 'reason': 'too few'},
                        {'workload': 'fork<', 'kernel': 'third', 'lambda': 50000.5, 'sigma': 0.1, 'kappa': 2.5e-3, 'knee': None, 'knee_low': None, 'knee_high': None,
                         'no_band': 'as <many>', 'curve': [[1, 5e4, None, None], [4, 1e5, None, None]]}]},
              open(tmp + '/runs/scale/s.json', 'w'))
    open(tmp + '/runs/scale/bad.json', 'w').write('{')
    os.makedirs(tmp + '/runs/lines')
    line = lambda w, k, n, v: {'workload': w, 'kernel': k, 'topology': str(n), 'cpus': n, 'ops': 100, 'transfers': v, 'user_transfers': 1, 'far': 0.25, 'invalidations': v + 0.5,
                               'locked': 3.125, 'instructions': 1234.5 * n}
    site = {'kind': 'read', 'per_op': 2.345678, 'lines': 3, 'windows': 1, 'data': 'd<1>', 'code': 'f < g a.c:1', 'bytes': [0, 8], 'met_code': 'h<2>', 'met_bytes': [8, 4], 'apart': True}
    json.dump({'schema': 'cloudbench-lines/1', 'id': 'n<1>', 'created': 'x', 'commit': 'c<1>', 'host': 'QEMU <y>', 'kernels': ['CloudOS', 'Lin<u>x'],
               'rows': [line(w, k, n, 10.125 * n + len(k)) for w in ('fork', 'pipe<@cross-cpu') for k in ('CloudOS', 'Lin<u>x') for n in (2, 4, 8)] +
                       [{'workload': 'exec', 'kernel': 'CloudOS', 'topology': '2', 'cpus': 2, 'reason': 'why <not>'}],
               'matrices': [{'kernel': 'Lin<u>x', 'topology': '4x2<', 'operations': ['a<', 'b'], 'cells': [{'a': 'a<', 'b': 'a<', 'transfers': 0}, {'a': 'a<', 'b': 'b', 'transfers': 12.5678},
                                                                                       {'a': 'b', 'b': 'b', 'reason': 'why <not>: exit code 137'}]}],
               'top': [{'title': 'fork on <it>', 'sites': [site]}]}, open(tmp + '/runs/lines/n.json', 'w'))
    searches(tmp)


def is_pareto(trial, trials, objectives):
    """No other trial is as good in all objectives and better in one."""
    beats = lambda other: all(other[o] <= trial[o] for o in objectives) and any(other[o] < trial[o] for o in objectives)
    return not any(map(beats, trials))


def searches(tmp):
    """Three that have ended: of one objective, with a winner; of two; of three, in which a trial that no other beats is beaten in the first two."""
    names = ('pipe p50_ns', 'fork p50_ns', 'request p99_ns')
    figures = ((0.9, 1.1, 1.0625), (1.042857, 0.988889, 1.03), (1.185714, 0.877778, 0.94), (1.328571, 1.4, 0.89), (1.25, 1.3, 1.125)) # of each trial
    for name, count, n in (('a', 1, 3), ('b', 2, 3), ('c', 3, 5)):
        objectives, winner = names[:count], 'yes' if count == 1 else ''
        trials = [{'configuration': f'k<{i}>', 'score': 0.98765 + i / 7} | dict(zip(names, figures[i])) for i in range(n)]
        for t in trials:
            t['pareto'] = 'yes' if is_pareto(t, trials, objectives) else ''
        os.makedirs(f'{tmp}/tune/{name}')
        json.dump({'schema': 'cloudbench-tune/1', 'id': name + '<', 'space': 's', 'kernel': 'cloudos', 'tier': 'det', 'trials': n, 'objectives': objectives,
                   'whole': trials, 'sensitivity': [{'knob': 'k<', 'rank_correlation': -0.4567891}], 'winner': bool(winner),
                   'held_out': [{'configuration': 'k<1>', 'low': 0.91234567, 'high': 0.95, 'p_after_holm': 0.0312345, 'winner': winner}]}, open(f'{tmp}/tune/{name}/result.json', 'w'))


if sys.argv[2] == 'kinds':
    kinds(sys.argv[1])
else:
    runs(sys.argv[1] + '/runs', *map(int, sys.argv[2:5]))
