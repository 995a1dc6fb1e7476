"""A page of the site as a reader meets it: pieces of text with the place they stand in, figures, charts. Used by look_up_numbers.py."""
import html.parser
import re

SPOKEN = ('title', 'aria-label', 'aria-description', 'alt', 'placeholder', 'content', 'summary') # attributes that are read out


class Piece:
    def __init__(self, place, text, at, label=None):
        self.place, self.text, self.at, self.label = place, text, at, label # label: a JSON block's summary


class Page(html.parser.HTMLParser):
    """The pieces, the figures (value, shown, offset) and the charts of a page."""
    def __init__(self, text):
        super().__init__()
        self.starts = [0]
        for line in text.split('\n'):
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.pieces, self.figures, self.charts = [], [], []
        self.place, self.words, self.at, self.value, self.svg, self.summary, self.banner, self.tick = '', '', None, None, 0, '', False, None
        self.dot, self.mark = None, None
        self.feed(text)
        self.close()
        self.flush()

    def spot(self):
        line, column = self.getpos()
        return self.starts[line - 1] + column

    def flush(self):
        words = ' '.join(self.words.split())
        if self.place == 'tick':
            self.charts[-1]['ticks'].append((*self.tick, words, self.at))
        elif self.place == 'raw JSON' and words or self.place != '<style>' and re.search('[0-9]', words):
            self.pieces.append(Piece('banner' if self.banner else self.place, words if self.place != 'raw JSON' else self.words, self.at, self.summary))
        if self.place == 'chart title' and self.charts:
            self.charts[-1]['dots'] += [(*self.dot, words)] if self.dot else []
            self.charts[-1]['marks'] += [(self.mark, words)] if self.mark else []
        if self.place == '<summary>':
            self.summary = words
        self.words, self.at = '', None

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        for name in SPOKEN:
            if re.search('[0-9]', a.get(name) or ''):
                self.pieces.append(Piece('attribute ' + name, a[name], self.spot() + self.get_starttag_text().index(a[name][:5].split('<')[0].split("'")[0].split('&')[0])))
        if tag == 'data':
            self.value = a['value']
            return
        if tag == 'b':
            return
        self.flush()
        self.banner = self.banner or 'banner' in (a.get('class') or '').split()
        self.svg += tag == 'svg'
        self.take_place(tag, a)

    def take_place(self, tag, a):
        css = (a.get('class') or '').split()
        self.place = f'<{tag}>'
        if tag == 'pre':
            self.place = 'console' if 'console' in css else 'raw JSON'
        elif tag == 'title':
            self.place = 'chart title' if self.svg else 'page title'
        elif 'plot' in css or 'ratios' in css:
            self.charts.append({'label': a.get('aria-label', 'ratios'), 'ticks': [], 'dots': [], 'marks': [], 'curves': [], 'one': None})
        elif tag == 'polyline' and 'line' in css and not {'thin', 'ideal'} & set(css) and self.charts:
            self.charts[-1]['curves'].append([tuple(map(float, xy.split(','))) for xy in a['points'].split()])
        elif tag == 'circle' and self.charts:
            self.dot = (a.get('cx', ''), a.get('cy', ''))
        elif tag == 'line' and 'change' in css and self.charts:
            self.mark = a['x1']
        elif tag == 'line' and 'one' in css and self.charts and self.charts[-1]['label'] == 'ratios':
            self.charts[-1]['one'] = a['x1']
        elif tag == 'text' and a.get('dy') == '4':
            self.place, self.tick = 'tick', ('y', a['y'])
        elif tag == 'text' and (a.get('dy') == '17' or a.get('y') == '17'):
            self.place, self.tick = 'tick', ('x', a['x'])

    def handle_endtag(self, tag):
        if tag == 'data':
            self.value = None
        if tag in ('data', 'b'):
            return
        self.flush()
        self.svg -= tag == 'svg'
        self.dot = None if tag == 'circle' else self.dot
        self.mark = None if tag == 'line' else self.mark
        self.banner = self.banner and tag != 'p'
        self.place = 'after a tag'

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)

    def handle_data(self, words):
        if self.place == '<style>':
            return
        if self.value is not None:
            self.figures.append((self.value, words, self.spot()))
            return
        self.at = self.spot() if self.at is None else self.at
        self.words += words
