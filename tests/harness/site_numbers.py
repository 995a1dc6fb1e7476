"""What the pages of a published site may say, computed from the result files alone: the sentences with their counts, the titles of dots, the figures, the
parts of raw JSON. Used by look_up_numbers.py."""
import collections
import glob
import hashlib
import json
import math
import os
import re
import subprocess

HEADS = ['p50', 'p90', 'p99', 'p99.9'] # of a table of boots


def load(path):
    try:
        return json.load(open(path))
    except ValueError:
        return None # damaged: the site leaves it out


def numbers(j):
    if isinstance(j, (dict, list)):
        return [n for v in (j.values() if isinstance(j, dict) else j) for n in numbers(v)]
    return ['%.12g' % j] if isinstance(j, (int, float)) and not isinstance(j, bool) else []


def names(j):
    """Texts and keys, as they are shown: runs of spaces are one."""
    if isinstance(j, dict):
        return [' '.join(k.split()) for k in j] + [n for v in j.values() for n in names(v)]
    if isinstance(j, list):
        return [n for v in j for n in names(v)]
    return [' '.join(j.split())] if isinstance(j, str) else []


def kolmogorov_smirnov(a, b):
    """The greatest distance of the two empirical distributions, and how many of all orders of these values have one as great."""
    n, m = len(a), len(b)
    def gap(i, j):
        return abs(i * m - j * n)
    far = max(gap(sum(v <= x for v in a), sum(v <= x for v in b)) for x in a + b)
    paths = [[0] * (m + 1) for _ in range(n + 1)] # that stay nearer
    for i in range(n + 1):
        for j in range(m + 1):
            before = (paths[i - 1][j] if i else 0) + (paths[i][j - 1] if j else 0)
            paths[i][j] = 0 if gap(i, j) >= far else before if i + j else 1
    return far / (n * m), 1 - paths[n][m] / math.comb(n + m, n) if far else 1


def thousands(v):
    return '%.2f' % v if abs(v) < 100 else f'{round(v):,}'


def roundings(v):
    return {thousands(v), '%.3f' % v, '%.2f' % v, '%.2f' % max(v, 0), '%.6g' % v, '%.2g' % v}


def host_of(run):
    identity, host = run['identity'], run['identity'].get('host', {})
    if 'imported' in run:
        return f"{run['imported']['tool']} {run['imported'].get('version') or '(version not given)'} on {host.get('name') or 'a host not named'}"
    name = f"QEMU {identity.get('qemu', {}).get('version', '')}" if run['tier'] == 'det' else f"{host.get('cpu', '')}, {host.get('cpus', 0)} CPUs"
    turn = identity.get('turn_ns')
    placed = run.get('placement')
    if placed:
        huge = placed.get('huge_page_kb')
        name += f", placed {placed['rule']}" + (f', huge pages of {huge} kB' if huge else '') + (', halts in the guest' if placed.get('halt') == 'guest' else '')
    name += f', turns of {turn} ns' if turn else ''
    name += f", scale {run['scale']:g}" if run.get('scale', 1) != 1 else ''
    return name + (f", set {', '.join(run['settings'])}" if run.get('settings') else '') # made-up runs have only such as change what is measured


def board_of(run):
    return f"tier {run['tier']}, topology {run['topology'].get('name', '')}, {' '.join(host_of(run).split())}"


def tier_line(run):
    t, turn = run['topology'], run['identity'].get('turn_ns')
    nodes, cpus = len(t.get('nodes', [])) or 1, t.get('cpus', 0)
    if 'imported' in run:
        i = run['imported']
        return f"imported: {i['tool']} {i.get('version') or '(version not given)'}, by its file {i['file']}; host: {run['identity'].get('host', {}).get('name') or 'not named'}"
    return (f"tier {run['tier']} ({run.get('tier_why', '')}); {cpus} CPU{'s' if cpus != 1 else ''}" + (f' in turns of {turn} ns' if turn else '') +
            f", {nodes} node{'s' if nodes > 1 else ''}, {t.get('memory_mb', 0)} MiB; QEMU {run['identity'].get('qemu', {}).get('version', '')}")


def title_of(workload, metric):
    if metric in ('instructions', 'mean_ns'):
        return workload
    p = re.match(r'p(\d\d)(\d*)', metric)
    if p: # p999_ns: p99.9
        return f"{workload} p{p[1]}{'.' + p[2] if p[2] else ''}"
    return f"{workload} {metric.rsplit('_', 1)[0]}"


def file_name(workload, board):
    """Of a workload's history: what is not usual, or long, has a digest."""
    name = (workload + board).encode()
    looks = re.sub(rb'[^A-Za-z0-9.@-]', b'_', name[:200]).decode()
    looks = '_' + looks[1:] if looks[0] == '.' else looks
    n = len(workload.encode())
    meant = {'__': ', ', '_': ' ', '__version_not_given__': ' (version not given) '}
    usual = looks[:n].replace('_', '/') + re.sub('_R_|_TM_|_tm_|__version_not_given__|__|_', lambda m: meant.get(m[0]) or f'({m[0][1:-1]})', looks[n:])
    return looks + ('' if usual.encode() == name else '-' + hashlib.sha256(name).hexdigest()[:8])


def has_families(run):
    """Linux and CloudOS: then they are compared, else the first kernel with each other one."""
    return len({k.get('family') == 'cloudos' for k in run['identity']['kernels'].values()}) == 2


def one_family_sides(run):
    return f"a: {next(iter(run['identity']['kernels'].values())).get('label', '')}; b: each other kernel"


def verdicts(rows):
    return collections.Counter(c['verdict'] for c in rows)


def is_copies(workload):
    return workload.startswith('copies/')


def note_line(c):
    """The last cell of a row of a run's page."""
    notes = '; '.join(f"[{n['state']}] {n['text']}" + (f" ({n['link']})" if n.get('link') else '') for n in c.get('notes', []))
    more = c.get('more', [])
    return ' '.join((c.get('reason', '') + (' more ' + ', '.join(more) if more else '') + (' ' + notes if notes else '')).split())


def add_buckets(held, words):
    """Steps from bucket to bucket, each with how many laps it holds (docs/result-protocol.md, laps)."""
    at = 0
    for w in words:
        step, times = (w.split(':') + ['1'])[:2]
        at += int(step)
        held[at] += int(times)


def middle_of(held, ns):
    below, half = 0, sum(held.values()) / 2
    for bucket in sorted(held):
        below += held[bucket]
        if below >= half:
            shift = 0 if bucket < 2048 else bucket // 1024 - 1
            return max((bucket - 1024 * shift) << shift, 0.5) * ns, below / sum(held.values())


class Expected:
    """What a page may say. texts: pieces in full; exact: {place: pieces, each as often}; data: figures; json: {summary: value}; dot_at:
    title -> (x, y); mark_at: title -> where it may stand, in per cent; laps: of each workload that has a distribution, a point of each kernel's."""
    def __init__(self, *documents):
        self.names = {n for d in documents for n in names(d)}
        self.texts, self.exact, self.data, self.json = set(), {'chart title': [], 'banner': []}, {n for d in documents for n in numbers(d)}, {}
        self.dot_at, self.mark_at, self.laps = {}, {}, []

    def dot(self, title, x=None, y=None):
        self.exact['chart title'].append(title)
        self.dot_at[title] = (x, y)


class Results:
    def __init__(self, cloudbench, runs_dir, tune_dir):
        self.cloudbench, self.runs_dir = cloudbench, runs_dir
        found = [(load(path), os.path.basename(os.path.dirname(path))) for path in glob.glob(glob.escape(runs_dir) + '/*/run.json')]
        self.runs = sorted((r | {'id': name} for r, name in found if r), key=lambda r: (r['created'], r['id']))
        self.own = {r['id']: self.compare(r['id']) for r in self.runs}
        document = lambda pattern, schema: [d for d in map(load, sorted(glob.glob(pattern))) if d and d.get('schema') == schema][-20:]
        self.scale = document(glob.escape(runs_dir) + '/scale/*.json', 'cloudbench-scale/1')
        self.lines = document(glob.escape(runs_dir) + '/lines/*.json', 'cloudbench-lines/1')
        self.tune = document(glob.escape(tune_dir) + '/*/result.json', 'cloudbench-tune/1')
        self.boards = {}
        for r in reversed(self.runs):
            self.boards.setdefault(board_of(r), []).append(r) # the newest first
        self.history_pages = self.histories()

    def compare(self, *ids):
        """The verdicts are the program's own; tests of them are elsewhere (perf/result/)."""
        said = subprocess.run([self.cloudbench, 'compare', '--runs', self.runs_dir, *ids, '--format', 'json'], capture_output=True, text=True)
        return json.loads(said.stdout) if said.stdout else []

    def boards_of(self, e):
        for board in self.boards:
            e.texts |= {board, ': ' + board, board + ':'}

    def overview(self):
        e = Expected([{k: r[k] for k in ('id', 'tier')} for r in self.runs])
        self.boards_of(e)
        e.data = set()
        for runs in self.boards.values():
            rows, families = {}, any(map(has_families, runs[:20]))
            for r in runs[:20]:
                second = any(k.endswith('-again') for k in r['identity']['kernels'])
                for c in [] if second or families and not has_families(r) else self.own[r['id']]:
                    if not is_copies(c['workload']):
                        rows.setdefault((c['workload'], c['metric'], c['kernel_b']), c)
            rows = list(rows.values())
            if rows:
                e.exact['banner'].append(self.overview_banner(rows))
            if not families:
                e.texts |= {f'. {one_family_sides(r)}; below 1 b is ahead. A row that it does not have is that of an earlier run.' for r in runs[:20]}
            for c in rows:
                e.names |= set(names(c))
                e.texts |= {title_of(c['workload'], c['metric'])}
                e.data |= set(numbers([c['a'], c['b'], c['ratio'], c['interval'], c.get('noise_floor')]))
        e.texts.add(f'{len(self.runs)} in all' + (', the last 50:' if len(self.runs) > 50 else ':'))
        return e

    def overview_banner(self, rows):
        n = verdicts(rows)
        not_ahead = {title_of(c['workload'], c['metric']) for c in rows if c['verdict'] in ('regressed', 'failed', 'unsupported')}
        return (f"{n['improved']} of {len(rows)} rows ahead; {n['unsupported']} unsupported, {n['failed']} failed, {n['regressed']} lost, {n['same']} same, "
                f"{n['inconclusive']} inconclusive.", not_ahead)

    def pair(self):
        e = Expected([{k: r[k] for k in ('id', 'tier')} for r in self.runs])
        self.boards_of(e)
        e.data = set()
        for runs in self.boards.values():
            for before in runs[1:21]:
                rows = [c for c in self.compare(before['id'], runs[0]['id']) if not is_copies(c['workload']) and
                        c['a'] is not None and c['kernel_b']]
                if rows:
                    self.of_pair(e, rows)
                    break
        return e

    def of_pair(self, e, rows):
        n = verdicts(rows)
        e.exact['banner'].append((f"{n['regressed']} of {len(rows)} rows slower, {n['improved']} faster, {n['same']} the same, {n['inconclusive']} inconclusive, "
                                  f"{n['failed'] + n['unsupported']} without a number.", None))
        e.texts.add(f"Rows that did not move: {n['same'] + n['inconclusive']}")
        for c in rows:
            e.names |= set(names(c))
            e.texts |= {title_of(c['workload'], c['metric']), f"{c['verdict']}: {' '.join(c.get('reason', '').split())}"}
            e.data |= set(numbers([c['a'], c['b'], c['ratio'], c['interval'], c.get('noise_floor')]))

    def run(self, r):
        rows, identity = self.own[r['id']], r['identity']
        e = Expected(r, rows)
        e.texts |= {f"run {r['id']}, {r['created']}", tier_line(r).strip()}
        for c in rows:
            e.texts |= {title_of(c['workload'], c['metric']), note_line(c)}
            e.texts.add(' ; '.join(f'{name} \u2192' for name, (a, b) in c.get('hidden', {}).items() if a > 0.005 or b > 0.005))
        if not has_families(r):
            e.texts.add(one_family_sides(r) + '.')
        if rows:
            e.exact['banner'].append((self.run_banner(rows), None))
        reached = {b['kernel'] for b in r.get('boots', []) if b.get('init_cpu_seconds', 0) >= 0}
        e.texts.add("Boot to the first program, seconds of QEMU's CPU time: " +
                    ' '.join('; '.join(f"{k['label']} {'' if name in reached else 'not reached'}" for name, k in identity['kernels'].items()).split()) + ' .')
        e.texts |= {t.replace('not reached .', 'not reached.') for t in e.texts}
        e.texts |= {k.get('sha256', '')[:16] + '\u2026' for k in identity['kernels'].values()}
        e.json = {'File, tool, version': r.get('imported'), 'Argument lists that differ': identity.get('argv_diff'), 'Argument lists': identity.get('argv'),
                  'QEMU, initramfs and every program in it (SHA-256)': identity.get('initramfs'), 'QEMU': identity.get('qemu'), 'Counting plugin': identity.get('plugin'),
                  'Host': identity.get('host'), 'Boots': r.get('boots'), 'Every sample: N and 2N, both slopes, counts per operation': r.get('rows')}
        e.texts |= {f"{row['status']}: {row.get('reason', '')}" for row in r['rows'] if 'value' not in row} # of one kernel
        e.exact['console'] = [self.console(r, b) for b in r.get('boots', [])]
        e.texts.add('The last 40 lines of each boot, those that failed first.')
        for b in r.get('boots', []):
            e.texts.add(f"Boot {b['boot']}, {b['kernel']}: {b['status']}" + (f", {b['reason']}" if b.get('reason') else ''))
        return e

    def console(self, r, boot):
        """The last 40 lines of at most 4,096 bytes of its file, or what the result keeps of it, as words."""
        path = f"{self.runs_dir}/{r['id']}/{boot.get('console')}"
        text = open(path, 'rb').read()[-4096:] if boot.get('console') and os.path.exists(path) else boot.get('console_tail', '').encode()
        text = re.sub(rb'\x1b(\[[ -?]*[@-~])?', b'', b'\n'.join(text.rstrip(b'\n').split(b'\n')[-40:]))
        return ' '.join(re.sub(rb'[^\n\t -~]', lambda m: b'?' if m[0] > b'~' else b'', text).decode().split())

    def run_banner(self, rows):
        n = verdicts(rows)
        aimed, more = [c for c in rows if c.get('target') is not None], sum(bool(c.get('more')) for c in rows)
        return (f"{len(rows)} rows: {n['unsupported']} unsupported, {n['failed']} failed, {n['regressed']} lost, {n['same']} same, {n['inconclusive']} inconclusive, {n['improved']} ahead." +
                (f" {sum(c['reached'] for c in aimed)} of {len(aimed)} reach the first target." if aimed else '') +
                (f' {more} use more of what an instruction count cannot see (named in the table).' if more else ''))

    def distribution(self, r):
        e = Expected(r)
        e.texts |= {f"Distribution of {r['id']}"}
        e.exact |= {'<td>': [], '<th>': []}
        workloads = []
        for row in r['rows']:
            if row['metric'] == 'mean_ns' and len(row['samples']) > 1 and not row['workload'].startswith('canary') and row['workload'] not in workloads:
                workloads.append(row['workload'])
        e.laps = [points for points in (self.laps_of(r, w) for w in workloads[:64]) if points]
        for w in workloads[:64]:
            e.exact['<th>'] += HEADS
            e.texts |= self.apart(r, w)
            for row in r['rows']:
                if row['workload'] == w and row['metric'] == 'mean_ns':
                    e.exact['<td>'] += [str(i + 1) for i in range(len(row['samples']))]
                    for i, s in enumerate(row['samples']):
                        if s.get('value', 0) > 0:
                            e.dot(f"{row['kernel'][:60]}, boot {i + 1}: {s['value']:.6g} ns", x=s['value'])
        return e

    def apart(self, r, workload):
        """What is said of the boots' means of the run's first kernel and each other."""
        means = [(k, [s['value'] for row in r['rows'] if (row['workload'], row['metric'], row['kernel']) == (workload, 'mean_ns', k)
                      for s in row['samples'] if s.get('value', 0) > 0]) for k in r['identity']['kernels']]
        said = set()
        for k, values in means[1:]:
            if min(len(values), len(means[0][1])) < 2:
                continue
            d, p = kolmogorov_smirnov(means[0][1], values)
            are = 'are distributed differently' if p < 0.05 else 'cannot be told apart by their distribution'
            said.add(f'The means of the boots of {means[0][0]} and of {k} {are} (Kolmogorov and Smirnov: their distributions are up to {d:.2g} apart, p {p:.2g}, of this row alone).')
        return said

    def laps_of(self, r, workload):
        """Of each kernel, from its boots' histograms: (time, share at or below) where half of the laps are reached."""
        points = []
        for kernel in r['identity']['kernels']:
            held, ns = collections.Counter(), 1
            for b in r.get('boots', []):
                path = f"{self.runs_dir}/{r['id']}/boot-{b['boot']:03}-{b['kernel']}.laps"
                lines = [l.split() for l in open(path)] if b['kernel'] == kernel and os.path.exists(path) else []
                for l in lines:
                    if l[0] == workload and re.fullmatch('[0-9. :]+', ' '.join(l[1:])):
                        ns = float(l[1]) / float(l[2])
                        add_buckets(held, l[6:])
            if held:
                points.append(middle_of(held, ns))
        return points

    def histories(self):
        """{file: what it may say}: the rows of a workload on a board."""
        found = {}
        for board, runs in self.boards.items():
            of_workload = {}
            for r in reversed(runs):
                for row in r['rows']:
                    if isinstance(row.get('value'), (int, float)):
                        of_workload.setdefault(row['workload'], []).append((r, row))
            for w, points in of_workload.items():
                r = points[0][0]
                found[file_name(w, f"-{r['tier']}-{r['topology'].get('name', '')}-{host_of(r)}") + '.html'] = self.history(board, w, points)
        return found

    def history(self, board, workload, points):
        e = Expected([{'run': r['id'], 'workload': workload, 'kernel': row['kernel'], 'unit': row.get('unit', '')} for r, row in points])
        e.data = {'%.12g' % row['value'] for _, row in points}
        e.texts.add(board + '. A dashed upright line: the level changed there (E-divisive, p 0.001).')
        for metric in dict.fromkeys(row['metric'] for _, row in points):
            mine = [(r, row) for r, row in points if row['metric'] == metric]
            name = mine[0][1].get('unit', '') if metric == 'instructions' else f"{metric.rsplit('_', 1)[0]}, {mine[0][1].get('unit', '')}"
            e.texts |= {name, 'history of ' + name}
            ids = list(dict.fromkeys(r['id'] for r, _ in mine))
            e.texts |= {mine[0][0]['created'][:10], mine[-1][0]['created'][:10], f"{len(ids)} run{'s' if len(ids) != 1 else ''}"}
            for kernel in dict.fromkeys(row['kernel'] for _, row in mine):
                line = [(r, row) for r, row in mine if row['kernel'] == kernel]
                for r, row in line[-100:]:
                    e.dot(f"{r['id']}: {row['value']:.6g}", ids.index(r['id']), row['value'])
                for (before, _), (r, _) in zip(line, line[1:]):
                    middle = (ids.index(before['id']) + ids.index(r['id'])) / 2
                    e.mark_at.setdefault(f"level changed at {r['id']}", []).append(100 * middle / (len(ids) - 1))
        return e

    def scaling(self):
        e = Expected(*self.scale)
        for d in self.scale:
            e.texts.add(f"tier {d['tier']}, {d['host']}" + ('.' if d['tier'] == 'tcg' else ''))
            e.texts |= {'no law: ' + f['reason'] for f in d['fits'] if 'reason' in f}
            for p in d['points']:
                if p.get('throughput', 0) > 0:
                    e.dot(f"{p['kernel'][:60]}, {p['cpus']:.0f} CPUs: {p['throughput']:.6g}, efficiency {p.get('efficiency', 0):.3f}", p['cpus'], p['throughput'])
        return e

    def line_documents(self):
        e = Expected(*self.lines)
        for d in self.lines:
            e.texts.add(d['host'] + (f", commit {d['commit'][:12]}" if d.get('commit') else ''))
            sizes = {}
            for r in d['rows']:
                if 'transfers' in r:
                    sizes.setdefault(r['workload'], set()).add(r['cpus'])
            for r in d['rows']:
                if 'transfers' in r and len(sizes[r['workload']]) > 1 and r['kernel'] in d['kernels'][:4]:
                    e.dot(f"{r['kernel']}, {r['cpus']} CPUs: {r['transfers']:.4g} transfers an operation", r['cpus'], r['transfers'])
            for m in d['matrices']:
                known = [c['transfers'] for c in m['cells'] if 'transfers' in c]
                machine = f", {m['topology']} CPUs" if 'topology' in m else ''
                missing = f'; {len(m["cells"]) - len(known)} not measured' if len(known) < len(m['cells']) else ''
                e.texts.add(f"{m['kernel']}{machine}: {sum(n >= 0.05 for n in known)} of {len(known)} pairs of operations on unrelated objects share lines{missing}")
            for one in d['top']:
                e.texts.add('Places that meet: ' + one['title'])
                for s in one['sites']:
                    e.texts |= {f'bytes {at}-{at + size - 1}' for at, size in (s['bytes'], s['met_bytes'])}
        return e

    def searches(self):
        e = Expected(*self.tune)
        for d in self.tune:
            e.texts.add(f"space {d['space']}, kernel {d['kernel']}, tier {d['tier']}, {d['trials']} trials")
            winner = [h['configuration'] for h in d.get('held_out', []) if h['winner'] == 'yes'][:1]
            if winner and re.search('[0-9]', winner[0]):
                e.exact['banner'].append((winner[0] + ' beats the default.', None))
            first, *others = d['objectives']
            if len(others) > 1:
                e.texts.add(f"no other trial is as good in all {len(d['objectives'])} objectives")
            for t in d['whole']:
                for o in others:
                    e.dot(f"{t['configuration']}: {t['score']:.4f} ({first} {t[first]:.4f}, {o} {t[o]:.4f})", t[first], t[o])
                if not others:
                    e.dot(f"{t['configuration']}: {t['score']:.4f}", t[first])
            e.texts |= {f'trials by their ratios to the default: {first} and {o}' for o in others}
        return e

    def page(self, relative):
        """What the page of that name may say."""
        folder, name = os.path.split(relative)
        if folder in ('run', 'dist'):
            r = next(r for r in self.runs if r['id'] + '.html' == name)
            return self.run(r) if folder == 'run' else self.distribution(r)
        if folder == 'history':
            return self.history_pages[name]
        make = {'index.html': self.overview, 'compare.html': self.pair, 'scaling.html': self.scaling, 'lines.html': self.line_documents, 'tuning.html': self.searches,
                'method.html': Expected}
        return make[name]()
