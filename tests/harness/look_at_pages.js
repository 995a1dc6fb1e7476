// Looks at pages of the site in frames, as a reader of a telephone and of a desk would, and says what is wrong with each: run by browser.sh, whose planted
// pages show that each of these is seen. `pages` and the element #said come from the page that includes this.
const LIMIT = 2 << 20;

// Relative luminance of a colour (WCAG).
const light = c => {
    const [r, g, b] = c.match(/[0-9.]+/g).map(v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 });
    return .2126 * r + .7152 * g + .0722 * b;
};

const ground = (e, w) => {
    for (; e; e = e.parentElement) {
        const c = w.getComputedStyle(e).backgroundColor;
        if (!/, 0\)$/.test(c) && c != 'transparent' && c.startsWith('rgb'))
            return c;
    }
    return 'rgb(255, 255, 255)';
};

function contrast(d, w, bad) {
    for (const e of d.querySelectorAll('p,td,th,h1,h2,a,summary,li,span')) {
        if (!e.textContent.trim())
            continue;
        const a = light(w.getComputedStyle(e).color), b = light(ground(e, w));
        if ((Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4)
            return bad.push('low contrast: ' + e.textContent.slice(0, 30));
    }
}

const boxes = svg => [...svg.querySelectorAll('text')].map(t => ({t: t.textContent, r: t.getBoundingClientRect()})).filter(b => b.t.trim() && b.r.width);

// No words of a chart overlap or are cut, nothing scrolls, letters are as large as elsewhere, and there is something in it.
function charts(d, w, width, bad) {
    for (const chart of d.querySelectorAll('.chart,.ratios')) {
        const b = boxes(chart), frame = chart.getBoundingClientRect();
        for (let i = 0; i < b.length; i++) {
            const p = b[i].r;
            if (p.left < frame.left - 1 || p.right > frame.right + 1 || p.bottom > frame.bottom + 1)
                bad.push('cut off: ' + b[i].t);
            if (p.height < 11)
                bad.push('tiny: ' + b[i].t);
            for (let k = 0; k < i; k++) {
                const q = b[k].r;
                if (p.left < q.right + 1 && q.left < p.right + 1 && p.top < q.bottom - 3 && q.top < p.bottom - 3)
                    bad.push('overlap: ' + b[k].t + ' and ' + b[i].t);
            }
        }
        if (frame.right > width || chart.scrollWidth > chart.clientWidth + 1 || chart.closest('.scroll'))
            bad.push('a chart that scrolls');
        if (!chart.querySelector('polyline,circle,rect,path'))
            bad.push('an empty chart');
    }
}

// What is a link, folds or reacts to the pointer can be reached by keyboard and shows it; what scrolls too.
function keyboard(d, w, bad) {
    const wanted = e => !(e.closest('details:not([open])') && e.tagName != 'SUMMARY') && !(w.getComputedStyle(e).display == 'none' && e.classList.contains('extra'));
    for (const e of [...d.querySelectorAll('a[href],summary,[onclick]')].filter(wanted).slice(0, 400)) {
        e.focus();
        if (d.activeElement != e || e.tabIndex < 0)
            bad.push('not reached by keyboard: ' + e.textContent.slice(0, 20));
        else if (w.getComputedStyle(e).outlineStyle == 'none')
            bad.push('no focus ring: ' + e.textContent.slice(0, 20));
    }
    for (const e of d.querySelectorAll('*'))
        if (e.scrollWidth > e.clientWidth + 1 && /auto|scroll/.test(w.getComputedStyle(e).overflowX) && e.tabIndex < 0)
            return bad.push('not scrolled by keyboard: ' + (e.className || e.tagName));
}

// By what the page holds; what it really asked for is in the browser's own log (browser.sh).
function requests(d, bad) {
    for (const e of d.querySelectorAll('link[href],script[src],[src],[srcset],object,embed,iframe'))
        bad.push('asks for ' + (e.getAttribute('href') || e.getAttribute('src') || e.tagName));
    for (const e of d.querySelectorAll('style,[style]'))
        if (/url\(|@import/.test(e.tagName == 'STYLE' ? e.textContent : e.getAttribute('style')))
            bad.push('asks for a style');
}

// sandboxed: without scripts.
async function open(page, width, sandboxed) {
    const f = document.createElement('iframe');
    f.style.cssText = `width:${width}px;height:900px;border:0`;
    if (sandboxed)
        f.sandbox = 'allow-same-origin';
    f.src = page;
    document.body.append(f);
    await new Promise(r => f.onload = r);
    return f;
}

async function look(page, width) {
    const f = await open(page, width, false), bare = await open(page, width, true);
    const d = f.contentDocument, w = f.contentWindow, bad = [];
    if (d.documentElement.scrollWidth > width)
        bad.push('is ' + d.documentElement.scrollWidth + ' wide');
    if (d.title == '' || !d.querySelector('h1'))
        bad.push('no title');
    const whole = d.documentElement.outerHTML, weight = new TextEncoder().encode(whole).length;
    if (weight >= LIMIT)
        bad.push('weighs ' + weight);
    if (d.querySelector('script,[href^="javascript:"]') || whole != bare.contentDocument.documentElement.outerHTML || bare.contentDocument.body.innerText != d.body.innerText)
        bad.push('needs a script');
    contrast(d, w, bad);
    requests(d, bad);
    charts(d, w, width, bad);
    keyboard(d, w, bad);
    f.remove();
    bare.remove();
    return `${page} at ${width}: ${[...new Set(bad)].slice(0, 16).join('; ') || 'fine'}`;
}

(async () => {
    const said = [];
    for (const p of pages)
        for (const width of p.startsWith('wrong-') ? [400] : [400, 1400])
            said.push(await look(p, width));
    document.getElementById('said').textContent = said.join('\n') + '\nend';
})();
