#!/usr/bin/env python3
"""Goes through pages as one without a mouse would, by real key presses in a headless browser (its own protocol over a pipe, no network):
`press_keys.py BROWSER PROFILE SITE WIDTH PAGE...` prints one line a page, "PAGE at WIDTH: fine, N stops" or what is wrong. browser.sh runs it, also on
pages that are wrong.

Tab must stop at everything that can be operated or scrolled, in the order of the document, and nowhere else, then leave the page; Shift+Tab the same
way back. Each stop is on the screen and has a ring that is seen: of each kind of element a picture with the focus differs from one without. Space and
Enter fold and unfold what folds; then all of it is open, and Tab goes through it once more. An arrow scrolls what scrolls. Enter on each link is a click,
and on one of each kind leads where it says."""
import base64
import json
import os
import subprocess
import sys
import time

HEIGHT = 900
KEYS = {'Tab': (9, ''), 'Enter': (13, '\r'), ' ': (32, ' '), 'ArrowRight': (39, '')}
SHIFT = 8

# What the page is asked. A stop is the number of its element in the document, or -1: nothing has the focus.
ASK = '''
const all = () => [...document.querySelectorAll('*')];
const seen = e => e.checkVisibility({visibilityProperty: true}) && (!e.closest('details:not([open])') || e.tagName == 'SUMMARY' && !e.parentElement.parentElement.closest('details:not([open])'));
const operable = 'a[href],area[href],button,input,select,textarea,summary,iframe,[tabindex],[contenteditable],[onclick],[role=button],[role=link]';
const scrolls = e => e.scrollWidth > e.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(e).overflowX);
window.wanted = () => { const l = all(); return l.filter(e => (e.matches(operable) || scrolls(e)) && seen(e)).map(e => l.indexOf(e)) };
window.named = i => { const e = all()[i]; return e ? (e.textContent.trim() || e.tagName).slice(0, 24) : 'nothing' };
window.stop = () => {
    const e = document.activeElement;
    if (!e || e == document.body || e == document.documentElement)
        return {at: -1};
    const r = e.getBoundingClientRect(), s = getComputedStyle(e);
    return {at: all().indexOf(e), kind: e.namespaceURI.slice(-3) + ' ' + e.tagName + ' ' + (e.matches('nav *') ? 'nav' : e.matches('td *') ? 'td' : e.getAttribute('class') || '') + s.outline, folds: e.tagName == 'SUMMARY', link: e.matches('a[href]'), scrolls: scrolls(e),
        ring: s.outlineStyle != 'none' && parseFloat(s.outlineWidth) >= 1, shown: r.right > 0 && r.bottom > 0 && r.left < innerWidth && r.top < innerHeight && r.width > 0,
        box: {x: r.left + scrollX - 6, y: r.top + scrollY - 6, width: Math.min(r.width + 12, 400), height: Math.min(r.height + 12, 300)}};
};
window.address = e => e.href.baseVal ? new URL(e.href.baseVal, location).href : e.href;
let clicked = null;
window.listen = () => addEventListener('click', e => { clicked = e.defaultPrevented ? null : e.target.closest('a'); e.preventDefault() });
window.took = () => { const c = clicked; clicked = null; return c == document.activeElement };
window.open_ones = () => [...document.querySelectorAll('details')].map(d => d.open);
'''


class Browser:
    """One page of a headless browser."""
    def __init__(self, path, profile, width):
        to_browser, self.to = os.pipe()
        self.back, from_browser = os.pipe()
        def ends(): # 3: what the browser reads, 4: what it writes
            a, b = os.dup(to_browser), os.dup(from_browser)
            os.dup2(a, 3)
            os.dup2(b, 4)
        flags = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
                 '--hide-scrollbars', '--remote-debugging-pipe', f'--user-data-dir={profile}', 'about:blank']
        self.process = subprocess.Popen([path, *flags], preexec_fn=ends, close_fds=False, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.read, self.count, self.session = b'', 0, None
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        self.session = self.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        self.call('Page.enable')
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=HEIGHT, deviceScaleFactor=1, mobile=False)
        self.call('Emulation.setFocusEmulationEnabled', enabled=True)
        self.call('Page.addScriptToEvaluateOnNewDocument', source=f'(() => {{{ASK}}})()')

    def message(self):
        while b'\0' not in self.read:
            more = os.read(self.back, 1 << 16)
            if not more:
                sys.exit('the browser ended')
            self.read += more
        one, self.read = self.read.split(b'\0', 1)
        return json.loads(one)

    def send(self, method, **params):
        self.count += 1
        ask = {'id': self.count, 'method': method, 'params': params} | ({'sessionId': self.session} if self.session else {})
        os.write(self.to, json.dumps(ask).encode() + b'\0')
        return self.count

    def answer(self, number):
        while True: # events stand between
            m = self.message()
            if m.get('id') == number and 'navigated' in m.get('error', {}).get('message', ''):
                return {'result': {}} # the page that was asked is gone: no answer
            if m.get('id') == number:
                if 'error' in m:
                    sys.exit(f"the browser: {m['error']}")
                return m['result']

    def call(self, method, **params):
        return self.answer(self.send(method, **params))

    def ask(self, expression):
        return self.call('Runtime.evaluate', expression=expression, returnByValue=True)['result'].get('value')

    def wait(self, expression):
        """Until the page says yes; two seconds at most."""
        for _ in range(100):
            if self.ask(expression):
                return True
            time.sleep(0.02)
        return False

    def open(self, url):
        self.ask('window.of_before = true')
        self.call('Page.navigate', url=url)
        if not self.wait(f'!window.of_before && document.readyState == "complete" && location.href == {json.dumps(url)}'):
            sys.exit(f'{url} does not come')

    def press(self, key, modifiers=0):
        code, text = KEYS[key]
        about = {'key': key, 'code': 'Space' if key == ' ' else key, 'windowsVirtualKeyCode': code, 'modifiers': modifiers}
        down = self.send('Input.dispatchKeyEvent', type='keyDown' if text else 'rawKeyDown', **about, **({'text': text} if text else {}))
        up = self.send('Input.dispatchKeyEvent', type='keyUp', **about)
        self.answer(down)
        self.answer(up)

    def picture(self, box):
        return base64.b64decode(self.call('Page.captureScreenshot', clip=box | {'scale': 1}, captureBeyondViewport=True)['data'])

    def close(self):
        self.call('Browser.close')
        self.process.wait(30)


def after_tab(b, modifiers):
    """Where the focus is then. To leave the page the browser is asked by the page, which takes a moment."""
    before = b.ask('stop()')['at']
    b.press('Tab', modifiers)
    for _ in range(50):
        s = b.ask('stop()')
        if s['at'] != before:
            break
        time.sleep(0.02)
    return s


def stops(b, modifiers, limit):
    """From where nothing has the focus until that is so again, at most limit; True: the page was left. A headless browser has nothing beside the page and
    sometimes begins anew at once: then two more rounds are gone, in one of which the page must be left."""
    found, rounds = [], 0
    for _ in range(3 * limit):
        s = after_tab(b, modifiers)
        if s['at'] < 0:
            return found, True
        stuck = found and s['at'] == found[-1]['at'] and len(found) > 1
        rounds += bool(found) and s['at'] == found[0]['at']
        if rounds == 3 or stuck and not rounds or len(found) > limit:
            return found, False
        if not rounds:
            found.append(s)
    return found, False


def order_faults(b, wanted, found, left, way):
    name = lambda i: b.ask(f'named({i})')
    at = [s['at'] for s in found]
    missed, more = [i for i in wanted if i not in at], [i for i in at if i not in wanted]
    if not left:
        return [f'{way}: a trap at {name(at[-1])}']
    if missed:
        return [f'{way}: passed over: {name(missed[0])}']
    if more:
        return [f'{way}: stops at {name(more[0])}']
    wrong = [(i, j) for i, j in zip(at, wanted) if i != j]
    return [f'{way}: out of order: {name(wrong[0][0])} before {name(wrong[0][1])}'] if wrong else []


def walk(b, seen_kinds):
    """Through the page and back; what is wrong, and the stops."""
    wanted = b.ask('wanted()')
    found, left = stops(b, 0, len(wanted) + 2)
    bad = order_faults(b, wanted, found, left, 'Tab')
    if not bad:
        back, left = stops(b, SHIFT, len(wanted) + 2)
        bad = order_faults(b, wanted[::-1], back, left, 'Shift+Tab')
    for s in found:
        if not s['ring']:
            bad.append(f"no ring: {b.ask('named(%d)' % s['at'])}")
        elif not s['shown']:
            bad.append(f"not on the screen: {b.ask('named(%d)' % s['at'])}")
    for s in [] if bad else found:
        if s['kind'] not in seen_kinds:
            seen_kinds.add(s['kind'])
            bad += ring_faults(b, s['at'])
    return bad, found


def go_to(b, at):
    """By Tab, from where nothing has the focus."""
    b.ask('document.activeElement.blur(); getSelection().removeAllRanges()')
    s = {'at': -1}
    for _ in range(len(b.ask('wanted()')) + 1):
        s = after_tab(b, 0)
        if s['at'] == at:
            break
    return s


def ring_faults(b, at):
    s = go_to(b, at)
    b.ask('document.activeElement.scrollIntoView({block: "center"})')
    box = b.ask('stop()').get('box') or s['box']
    with_focus = b.picture(box)
    b.ask('document.activeElement.blur()')
    return [f"a ring that is not seen: {b.ask('named(%d)' % at)}"] if b.picture(box) == with_focus else []


def fold_faults(b, folds):
    """Space unfolds, Enter folds, Space unfolds again: each of what folds, where it stands in the order."""
    bad = []
    for s in folds:
        go_to(b, s['at'])
        state = [b.ask('open_ones()')]
        for key in (' ', 'Enter', ' '):
            b.press(key)
            state.append(b.ask('open_ones()'))
        changes = [sum(x != y for x, y in zip(p, q)) for p, q in zip(state, state[1:])]
        if changes != [1, 1, 1]:
            bad.append(f"{'Space' if changes[0] != 1 else 'Enter'} does nothing: {b.ask('named(%d)' % s['at'])}")
        if b.ask('open_ones()').count(False) > state[0].count(False):
            b.press('Enter')
    return bad


def scroll_faults(b, found):
    bad = []
    for s in [s for s in found if s['scrolls']]:
        go_to(b, s['at'])
        b.press('ArrowRight')
        if not b.wait('document.activeElement.scrollLeft > 0'):
            bad.append(f"does not scroll: {b.ask('named(%d)' % s['at'])}")
    return bad


def link_faults(b, url, found):
    """Enter on each link is a click that nothing takes away; of one of each kind, that the page is then there."""
    bad, kinds = [], {}
    links = {s['at']: s for s in found if s['link']}
    b.ask('document.activeElement.blur(); listen()')
    for _ in range(len(found)):
        s = after_tab(b, 0)
        if s['at'] in links:
            kinds.setdefault(s['kind'], s['at'])
            b.press('Enter')
            if not b.ask('took()'):
                bad.append(f"Enter does nothing: {b.ask('named(%d)' % s['at'])}")
    for at in [] if bad else kinds.values():
        bad += lead_faults(b, url, at)
    return bad


def lead_faults(b, url, at):
    b.open(url)
    b.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
    go_to(b, at)
    name, wanted = b.ask('named(stop().at)'), b.ask('address(document.activeElement)')
    b.press('Enter')
    there = b.wait(f'document.readyState == "complete" && location.href == {json.dumps(wanted)}')
    return [] if there else [f'Enter does not lead there: {name}']


def look(b, url):
    kinds = set()
    b.open(url)
    bad, found = walk(b, kinds)
    folds = [s for s in found if s['folds']]
    if folds and not bad:
        bad = fold_faults(b, folds)
        b.open(url)
        b.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
        opened_bad, found = walk(b, kinds)
        bad += opened_bad
    bad += [] if bad else scroll_faults(b, found) + link_faults(b, url, found)
    return '; '.join(dict.fromkeys(bad)) or f'fine, {len(found)} stops'


def main():
    browser, profile, site, width = sys.argv[1:5]
    b = Browser(browser, profile, int(width))
    for page in sys.argv[5:]:
        print(f'{page} at {width}: {look(b, f"file://{site}/{page}")}', flush=True)
    b.close()


main()
