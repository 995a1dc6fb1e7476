#!/usr/bin/env python3
"""Looks up every number that a reader of a published site meets: `look_up_numbers.py CLOUDBENCH RUNS TUNE SITE`. Prints `ok` and `not ok` lines.

A page falls into pieces: the words between two tags, the page's title, what an attribute says, a chart's titles and ticks, a block of raw JSON. A piece
with a digit must be a name of the result files that the page is made of, or be what site_numbers.py makes of their numbers, or fixed prose (PROSE); a
number in <data> must be a figure of those files or of `cloudbench compare`, and what is shown its rounding; raw JSON must be the same part of the file; the
dots and banners of a page must be all there and no other; a tick must stand where its axis has that number, which the dots tell.

Afterwards each number of one page of each kind is made another one, in place, one at a time: every such page must be found wrong."""
import collections
import glob
import json
import math
import os
import re
import sys

sys.dont_write_bytecode = True
from site_numbers import Results, roundings
from site_pages import SPOKEN, Page

# Numbers of fixed sentences, with the words that they belong to; they say how figures were made and are none.
PROSE = ['far from 1 its ratio', '95 % interval', '95 % band', '95 % bootstrap interval', '95 % from', '95 % to', 'from -1 to 1', '64-byte line', '10⁹ instructions', 'SHA-256', 'between N and 2N', 'with N and three times with 2N iterations',
         'I(2N)', 'N and 2N, both slopes', '1.5 times what the row differs', 'p 0.001', 'X(n) = lambda n / (1 + sigma (n-1) + kappa n (n-1))', 'below 1',
         'lines fork exec -k cloudos -k linux -t 2,4,8', 'scale WORKLOAD --cpus 1,2,4,8']


def without_prose(s):
    for phrase in PROSE:
        s = s.replace(phrase, '')
    return s


def allowed(e, text):
    bare = text.strip(' ;,.:()')
    return any(t in s for t in (text, bare) for s in (e.texts, e.names, e.mark_at)) or not re.search('[0-9]', without_prose(text))


def banner_faults(e, pieces):
    """Each banner once, with the names of rows that are not ahead after it, at most eight."""
    wanted, faults = list(e.exact['banner']), []
    for p in pieces:
        fits = [w for w in wanted if p.text == w[0] or w[1] and p.text.startswith(w[0] + ' Not ahead: ') and set(p.text[len(w[0]) + 12:-1].split(', ')) <= w[1]]
        if fits:
            wanted.remove(fits[0])
        else:
            faults.append(('banner', p.text))
    return faults + [('banner', 'missing: ' + w[0]) for w in wanted]


def exact_faults(e, place, pieces):
    """Each as often as there are results, dots above all. Whether a level changed at a mark is judged by publish.sh."""
    wanted = collections.Counter(t for t in e.exact[place] if re.search('[0-9]', t))
    said = collections.Counter(p.text for p in pieces if p.text not in e.mark_at and (p.text in wanted or p.text not in e.names))
    return [(place, f'{t}: {said[t]} times, wanted {wanted[t]}') for t in said | wanted if said[t] != wanted[t]]


def rounded(j):
    if isinstance(j, dict):
        return {k: rounded(v) for k, v in j.items()}
    if isinstance(j, list):
        return [rounded(v) for v in j]
    return '%.12g' % j if isinstance(j, float) else j


def json_faults(e, pieces):
    """Each part of the run once, whole and no other."""
    faults, left = [], {label: rounded(j) for label, j in e.json.items() if j is not None}
    for p in pieces:
        try:
            same = p.label in left and rounded(json.loads(p.text)) == left.pop(p.label)
        except ValueError:
            same = False
        faults += [] if same else [('raw JSON', f'{p.label}: {p.text[:60]}')]
    return faults + [('raw JSON', 'missing: ' + label) for label in left]


def tick_value(label):
    label = label.replace('\u00b5', 'u')
    if label.startswith('1/'):
        return 1 / float(label[2:])
    number, unit = (label.split(' ') + [''])[:2]
    return float(number) * {'': 1, '%': 0.01, 'M': 1e6, 'k': 1e3, 's': 1e9, 'ms': 1e6, 'us': 1e3, 'ns': 1}[unit]


SCALES = (lambda v: v, lambda v: math.log(v) if v > 0 else math.nan, lambda v: -math.log(1 - v) if v < 1 else math.nan)


def straight(points, scale, room=0.06):
    points = sorted((at, scale(v)) for at, v in points)
    (a, v), (b, w) = points[0], points[-1]
    return b > a and v != w and all(abs(a + (b - a) * (y - v) / (w - v) - at) < room for at, y in points)


DISTRIBUTION, TAIL = 'the empirical distribution of each boot and of all', 'the time by percentile, the tail stretched'
WHOLE = {(DISTRIBUTION, 'y'): [(100, 0), (0, 1)], (TAIL, 'x'): [(0, 0), (100, 0.9999)]} # what an axis begins and ends with


def axis_points(e, chart, axis):
    points = [(float(at.rstrip('%')), tick_value(label)) for a, at, label, _ in chart['ticks'] if a == axis]
    for cx, cy, title in chart['dots']:
        at, v = (cx, cy)[axis == 'y'], e.dot_at.get(title, (None, None))[axis == 'y']
        if v is not None and points:
            points.append((float(at.rstrip('%')), v))
    if chart['label'] == 'ratios' and points and chart['one']:
        points.append((float(chart['one'].rstrip('%')), 1))
    return points + (WHOLE.get((chart['label'], axis), []) if points else [])


def lap_points(points, chart):
    """Where the thick lines pass the middle of the laps: (position on the axis of times, time). A line is drawn on 450 times 218."""
    for (time, share), curve in zip(points, chart['curves']):
        if chart['label'] == DISTRIBUTION:
            yield 100 * min((x for x, y in curve if abs(1 - y / 218 - share) < 0.006), default=math.inf) / 450, time
        else:
            nines = math.log(1 / (1 - share)) / math.log(1e4)
            yield 100 * min((y for x, y in curve if abs(x / 450 - nines) < 0.006), default=math.inf) / 218, time


def is_round(v):
    return round(v / 10 ** math.floor(math.log10(v) + 1e-9), 6) in (1, 2, 5)


def tidy(values):
    """A reader takes a tick's number for exact: round ones, multiples of a round step to the last of the six digits that are shown, nines, or powers of
    two."""
    mean = (max(values) - min(values)) / max(1, len(values) - 1)
    steps = [s * 10 ** k for k in range(-12, 16) for s in (1, 2, 5) if abs(s * 10 ** k / mean - 1) < 0.01] if mean else []
    multiples = lambda s: all(abs(v - round(v / s) * s) < 5e-6 * abs(v) + 1e-9 * s for v in values)
    kinds = (lambda v: any(math.isclose(v, n) for n in (0, 0.9, 0.99, 0.999, 0.9999)), lambda v: v > 0 and is_round(v), lambda v: v > 0 and math.log2(v).is_integer())
    return any(all(map(k, values)) for k in kinds) or any(map(multiples, steps))


def times_fault(points, chart):
    """The axis of times has no dots: its ticks are round numbers and lie where the lines have that time, as nearly as those are drawn."""
    ticks = [(float(at.rstrip('%')), tick_value(label)) for a, at, label, _ in chart['ticks'] if a == 'xy'[chart['label'] == TAIL]]
    where = list(lap_points(points, chart))
    return not where or not all(is_round(v) for _, v in ticks) and len(ticks) < 3 or not any(straight(ticks + where, s, 0.6) for s in SCALES)


def tick_faults(e, chart, laps):
    faults = []
    for axis in 'xy':
        points, ticks = axis_points(e, chart, axis), [tick_value(label) for a, _, label, _ in chart['ticks'] if a == axis]
        of_times = (chart['label'], axis) in ((DISTRIBUTION, 'x'), (TAIL, 'y'))
        astray = times_fault(laps, chart) if of_times else len(points) < 3 or not any(straight(points, s) for s in SCALES)
        if ticks and (astray or not tidy(ticks)):
            faults.append(('tick', f"{chart['label']}, {axis}: {points}"))
    return faults


def mark_faults(e, chart):
    return [('mark', f'{title} stands at {at}') for at, title in chart['marks'] if title in e.mark_at and all(abs(float(at.rstrip('%')) - x) > 0.01 for x in e.mark_at[title])]


def chart_faults(e, page):
    faults, seen = [], collections.Counter()
    for c in page.charts:
        laps = e.laps[seen[c['label']]:][:1] if c['label'] in (DISTRIBUTION, TAIL) else []
        seen[c['label']] += 1
        faults += tick_faults(e, c, laps[0] if laps else []) + mark_faults(e, c)
    return faults


def faults_of(e, page):
    of = lambda place: [p for p in page.pieces if p.place == place]
    faults = banner_faults(e, of('banner')) + [f for place in e.exact if place != 'banner' for f in exact_faults(e, place, of(place))]
    faults += json_faults(e, of('raw JSON'))
    faults += [(p.place, p.text) for p in page.pieces if p.place not in ('raw JSON', *e.exact) and not allowed(e, p.text)]
    faults += [('figure', f'{v}, shown {s}') for v, s, _ in page.figures if v not in e.data or s not in roundings(float(v))]
    return faults + chart_faults(e, page)


def another(number):
    """The number with its last digit another one."""
    i = max(k for k, c in enumerate(number) if c.isdigit())
    return number[:i] + str((int(number[i]) + 1) % 10) + number[i + 1:]


def plants(text, page, each):
    """(place, page with one number changed): the places of a page, `each` numbers of each of them at most, spread over them."""
    spots = collections.defaultdict(list)
    for p in page.pieces:
        end = text.index('<', p.at) if not p.place.startswith('attribute') else text.index('>', p.at)
        spots[p.place] += [(p.at + m.start(), m[0]) for m in re.finditer(r'(?<![&#])[0-9][0-9.]*', text[p.at:end])]
    for v, s, at in page.figures:
        spots['figure, shown'].append((at, s))
    for chart in page.charts:
        spots['tick'] += [(at, re.match(r'[0-9./]+', label)[0]) for _, _, label, at in chart['ticks'] if re.match(r'[0-9]', label) and at is not None]
    for place, list_of in spots.items():
        for at, number in list_of[::max(1, len(list_of) // each)][:each]:
            yield place, text[:at] + another(number) + text[at + len(number):], text[max(0, at - 30):at + 30]


def adders(text):
    """(what, page with a number too many or a thing too few): places that have no number today, and what no single number shows."""
    yield 'a number in a paragraph', text.replace('<h1>', '<p>417 rows</p><h1>', 1)
    yield 'a number in the title', text.replace('</title>', ' 417</title>', 1)
    for name in SPOKEN:
        yield 'an attribute ' + name, text.replace('<h1>', f"<h1 {name}='417 rows'>", 1)
    yield 'a figure more', text.replace('</h1>', "</h1><data value='123.456'>123.46</data>", 1)
    yield 'a wrong rounding', re.sub(r"<data value='([^']*)'>[^<]*</data>", r"<data value='\1'>305,305</data>", text, count=1)
    yield 'a wrong figure, as shown', re.sub(r"<data value='[^']*'>([^<]*)</data>", r"<data value='305305'>\1</data>", text, count=1)
    yield 'a number in raw JSON', text.replace('<pre>{', '<pre>{&quot;more&quot;: 417,', 1)
    yield 'a part of raw JSON too few', re.sub(r'<details><summary>(QEMU)</summary><pre>.*?</pre>', r'<details><summary>\1</summary><pre>{}</pre>', text, count=1, flags=re.S)
    yield 'raw JSON that is another part', text.replace('<summary>Boots</summary>', '<summary>Host</summary>', 1)
    yield 'a banner twice', re.sub(r"(<p class='banner.*?</p>)", r'\1\1', text, count=1, flags=re.S)
    yield 'a banner too few', re.sub(r"<p class='banner.*?</p>", '', text, count=1, flags=re.S)
    yield 'a dot too few', re.sub(r'<circle[^>]*><title>.*?</title></circle>', '', text, count=1, flags=re.S)
    yield 'a tick elsewhere', re.sub(r"(dy=4 y=')[0-9.]+", r'\g<1>41.70', text, count=1)
    yield 'a mark elsewhere', re.sub(r"(<line class='change' x1=')[0-9.]+", r'\g<1>41.70', text, count=1)


def prove(pages, looked_at):
    planted, missed = collections.Counter(), collections.defaultdict(list)
    def judge(kind, place, changed, around):
        text, page, e = pages[kind]
        now = Page(changed)
        if len(faults_of(e, now)) > len(faults_of(e, page)):
            planted[place] += 1
        elif not another_name(e, page, now):
            missed[place].append(f'{kind}: {around}')
    for relative in looked_at:
        text, page, e = pages[relative]
        for place, changed, around in plants(text, page, 12):
            judge(relative, place, changed, around)
        for what, changed in adders(text):
            if changed != text and (what != 'a mark elsewhere' or e.mark_at):
                judge(relative, what, changed, what)
    for place in sorted(set(planted) | set(missed) | {what for what, _ in adders('')}):
        m = missed[place]
        print(f'ok a wrong number is seen, {place}: {planted[place]} planted' if planted[place] and not m else f'not ok a wrong number is seen, {place}: {planted[place]} planted, {len(m)} not: {m[:3]}')


def another_name(e, was, now):
    """Is what changed but one name of the results for another (w1 for w2)?"""
    old = collections.Counter((p.place, p.text) for p in was.pieces)
    new = collections.Counter((p.place, p.text) for p in now.pieces)
    return bool(new - old) and all(t.strip(' ;,.:()') in e.names for _, t in new - old)


def main():
    cloudbench, runs_dir, tune_dir, site = sys.argv[1:5]
    results = Results(cloudbench, runs_dir, tune_dir)
    pages, counted, richest = {}, collections.Counter(), {}
    faults = collections.defaultdict(list)
    for path in sorted(glob.glob(glob.escape(site) + '/**/*.html', recursive=True)):
        relative = os.path.relpath(path, site)
        text = open(path).read()
        page, e = Page(text), results.page(relative)
        pages[relative] = (text, page, e)
        kind, size = os.path.dirname(relative) or relative, (len({p.place for p in page.pieces}), len(page.pieces), relative)
        richest[kind] = max(richest.get(kind, (0,)), size)
        for p in page.pieces:
            counted[p.place] += len(re.findall(r'[0-9][0-9.,]*', p.text))
        counted['figure'] += len(page.figures)
        counted['tick'] += sum(len(c['ticks']) for c in page.charts)
        for place, what in faults_of(e, page):
            faults[place].append(f'{relative}: {what}')
    for place in sorted(set(counted) | set(faults)):
        f = faults[place]
        print(f'ok numbers, {place}: {counted[place]} looked up' if not f else f'not ok numbers, {place}: {len(f)}: {f[:3]}')
    prove(pages, [size[-1] for size in richest.values()])


main()
