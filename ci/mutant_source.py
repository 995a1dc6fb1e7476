"""mutant_source.py: mechanical mutants of the C that ships. For each call of an operation of lockfree/atomic.h: one step weaker, a plain
access, deleted where nothing uses its result; each pair of adjacent steps of a protocol swapped. Only text goes in and out: a mutant
is a name that survives edits elsewhere in the file, and the text of the file with one change. Used by ci/mutants."""
import collections, os, re

ORDERS = {"relaxed": "__ATOMIC_RELAXED", "acquire": "__ATOMIC_ACQUIRE", "release": "__ATOMIC_RELEASE", "full": "__ATOMIC_SEQ_CST"}
WEAKER = {"full": ["acquire", "release"], "acquire": ["relaxed"], "release": ["relaxed"], "relaxed": []}
CALL = re.compile(r"\b(atomic_(load|store|xchg|cas|fetch_add|fetch_sub|fetch_or|fetch_and|inc|dec|dec_and_test|fence)_"
                  r"(relaxed|acquire|release|full))\(")
# Not steps of a protocol: what only a debug build has.
CHECKS = re.compile(r"\b(LF_DEBUG_ASSERT|LF_ASSERT|LF_MISUSE\w*|LF_SITE\w*|QLOCK_NOTE|rq_assert_owner)\(")
ALTERNATIVE = re.compile(r"^[ \t]*#[ \t]*(else|elif)", re.M)

Mutant = collections.namedtuple("Mutant", "file function kind what text line")
Statement = collections.namedtuple("Statement", "start end kind")


def blank(text, macros):
    """Same length; comments, strings and (macros) the head of each #define become spaces, other directives too."""
    def spaces(m):
        return re.sub(r"[^\n]", " ", m.group())
    text = re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", spaces, text, flags=re.S)
    if not macros:
        return text
    text = re.sub(r"^[ \t]*#[ \t]*define[ \t]+\w+(?:\([^)]*\))?", spaces, text, flags=re.M)
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", spaces, text, flags=re.M)
    return text.replace("\\\n", " \n")


def closing(text, at):
    """Index behind the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(text)):
        if text[i] in "([{":
            depth += 1
        elif text[i] in ")]}":
            depth -= 1
            if not depth:
                return i + 1
    raise ValueError("bracket without end")


def arguments(text, start, end):
    """Spans of the arguments between the brackets [start, end)."""
    depth, first, spans = 0, start, []
    for i in range(start, end):
        if text[i] in "([{":
            depth += 1
        elif text[i] in ")]}":
            depth -= 1
        elif text[i] == "," and not depth:
            spans.append((first, i))
            first = i + 1
    return spans + [(first, end)] if text[start:end].strip() else []


def functions(text):
    """(name, start of body, end of body) of each function and each macro with a body."""
    found, at = [], 0
    flat = blank(text, True)
    for m in re.finditer(r"#[ \t]*define[ \t]+(\w+)\([^\n]*\\\n", text):
        end = m.end()
        while text.rfind("\\\n", 0, end) == end - 2:
            end = text.find("\n", end) + 1 or len(text)
        found.append((m.group(1), m.end(), end))
    while (at := flat.find("{", at)) >= 0:
        end = closing(flat, at)
        head = flat[max(flat.rfind(";", 0, at), flat.rfind("}", 0, at), 0):at].rstrip()
        m = re.search(r"(\w+)\s*\([^{}]*\)$", head)
        if m and not re.search(r"\b(struct|union|enum)\s*\w*$", head) and m.group(1) not in ("while", "do", "aligned"):
            found.append((m.group(1), at, end))
        at = end
    return found


def one_statement(text, at, end, out):
    """Appends the statement that starts at `at` to the list of lists `out`; returns where it ends. Blocks inside become further lists."""
    while at < end and text[at].isspace():
        at += 1
    if at >= end:
        return end
    start, kind = at, "simple"
    word = re.match(r"\w+", text[at:end])
    word = word.group() if word else ""
    label = re.match(r"(case\b[^:;{]*|default\s*|\w+\s*):(?!:)", text[at:end])
    if text[at] == "{":
        stop = closing(text, at)
        block(text, at + 1, stop - 1, out)
        at, kind = stop, "compound"
    elif label and word not in ("if",) and "?" not in label.group():
        at, kind = at + label.end(), "label"
    elif word in ("if", "for", "while", "switch") or re.match(r"\w*for_each\w*\s*\(", text[at:end]):
        at = closing(text, text.index("(", at))
        at = body(text, at, end, out)
        kind = "compound"
        rest = re.match(r"\s*else\b", text[at:end])
        if word == "if" and rest:
            at = body(text, at + rest.end(), end, out)
    elif word == "do":
        at = body(text, at + 2, end, out)
        at = text.index(";", closing(text, text.index("(", at))) + 1 if re.match(r"\s*while\s*\([^;]*\)\s*;", text[at:end]) else end
        kind = "compound"
    else:
        while at < end and text[at] != ";":
            at = closing(text, at) if text[at] in "([{" else at + 1
        at += 1
        if word in ("return", "break", "continue", "goto"):
            kind = "jump"
    out[0].append(Statement(start, min(at, end), kind))
    return at


def body(text, at, end, out):
    inner = [[]]
    at = one_statement(text, at, end, inner)
    out.extend(inner[1:])
    return at


def block(text, start, end, out):
    inner, at = [[]], start
    while at < end:
        at = one_statement(text, at, end, inner)
    out.extend(inner)


def squeeze(text):
    return re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/|\\\n", " ", text, flags=re.S)).strip()


def plain_form(op, args):
    p = f"*({args[0]})" if args else ""
    binary = {"fetch_add": "+", "fetch_sub": "-", "fetch_or": "|", "fetch_and": "&"}
    if op == "load":
        return f"({p})"
    if op == "store":
        return f"({p} = ({args[1]}))"
    if op == "xchg":
        return f"({{ __typeof__({p}) old_ = {p}; {p} = ({args[1]}); old_; }})"
    if op == "cas":
        return (f"({{ __typeof__({p}) old_ = {p}; bool same_ = old_ == *({args[1]}); if (same_) {p} = ({args[2]}); "
                f"else *({args[1]}) = old_; same_; }})")
    if op in binary:
        return f"({{ __typeof__({p}) old_ = {p}; {p} = old_ {binary[op]} ({args[1]}); old_; }})"
    if op in ("inc", "dec"):
        return f"((void)({p} = {p} {'+' if op == 'inc' else '-'} 1))"
    return f"(({p} = {p} - 1) == 0)" if op == "dec_and_test" else None


def ordered_form(op, order, args):
    o, p = ORDERS[order], args[0] if args else ""
    if op == "fence":
        return f"__atomic_thread_fence({o})"
    if op == "load":
        return f"__atomic_load_n(({p}), {o})"
    if op == "store":
        return f"__atomic_store_n(({p}), ({args[1]}), {o})"
    if op == "xchg":
        return f"__atomic_exchange_n(({p}), ({args[1]}), {o})"
    if op == "cas":
        fails = ORDERS["relaxed" if order in ("relaxed", "release") else "acquire"]
        return f"__atomic_compare_exchange_n(({p}), ({args[1]}), ({args[2]}), false, {o}, {fails})"
    if op == "dec_and_test":
        return f"(__atomic_sub_fetch(({p}), 1, {o}) == 0)"
    return f"__atomic_{op}(({p}), ({args[1]}), {o})"


def call_mutants(text, flat, call):
    """(kind, replacement of the whole statement or of the call, start, end) for one call of atomic.h."""
    op, order = call.group(2), call.group(3)
    end = closing(flat, call.end() - 1)
    args = [squeeze(text[a:b]) for a, b in arguments(flat, call.end(), end - 1)]
    if op not in ("inc", "dec"):
        for weaker in WEAKER[order]:
            if op == "fence" and order != "full":
                continue # the next step of an acquire or release fence is none: deleted below
            if not (op == "load" and weaker == "release") and not (op == "store" and weaker == "acquire"):
                yield f"weaken to {weaker}", ordered_form(op, weaker, args), call.start(), end
    if op != "fence":
        yield "plain", plain_form(op, args), call.start(), end
    alone = re.search(r"(?:^|[;{})]|\belse|\bdo)\s*(?:\(void\)\s*)?$", flat[:call.start()])
    if alone and re.match(r"\s*;", flat[end:]) and not re.search(r"\b(?:while|if|for)\s*\([^;{}]*\)\s*$", flat[:call.start()]) or \
            op in ("store", "fence", "inc", "dec") and re.match(r"\s*[;)]", flat[end:]):
        yield "delete", "((void)0)", call.start(), end


def mutants_of(path, text, steps):
    """All mutants of one file. `steps`: names of functions that are steps of a protocol (they reach an atomic operation)."""
    flat, inner = blank(text, False), blank(text, True)
    places = functions(text)
    seen = collections.Counter()

    def make(start, kind, what, changed):
        owner = [name for name, a, b in places if a <= start < b]
        key = (owner[-1] if owner else "-", kind, what)
        seen[key] += 1
        if seen[key] > 1:
            what = f"{what} #{seen[key]}"
        return Mutant(path, key[0], kind, what, changed, text.count("\n", 0, start) + 1)

    for call in CALL.finditer(flat):
        line = flat[flat.rfind("\n", 0, call.start()) + 1:call.start()]
        if CHECKS.search(line) or not any(a <= call.start() < b for _, a, b in places) and "#define" not in line:
            continue
        what = squeeze(text[call.start():closing(flat, call.end() - 1)])
        for kind, new, a, b in call_mutants(text, flat, call):
            yield make(call.start(), kind, what, text[:a] + new + text[b:])
    yield from swaps(text, inner, places, steps, make)


def swaps(text, inner, places, steps, make):
    step = re.compile(r"\b(atomic_\w+|" + "|".join(sorted(map(re.escape, steps))) + r")\(")
    write = re.compile(r"(?:->|\.)\w+(?:\[[^\]]*\])?\s*(?:[-+|&^]?=(?!=)|\+\+|--)|^\s*\*\w[^=;]*=(?!=)|(?:\+\+|--)[\w>.-]+(?:->|\.)")
    for _, a, b in places:
        lists = [[]]
        start = inner.find("{", a, b)
        if start < 0:
            continue
        block(inner, start + 1, closing(inner, start) - 1, lists)
        for statements in lists:
            for one, two in zip(statements, statements[1:]):
                x, y = inner[one.start:one.end], inner[two.start:two.end]
                if ALTERNATIVE.search(text[one.end:two.start]): # of two builds: never one after the other
                    continue
                if {"label", "jump"} & {one.kind, two.kind} or CHECKS.match(x.strip()) or CHECKS.match(y.strip()):
                    continue
                if not (step.search(x) or step.search(y)) and not (write.search(x) and write.search(y)):
                    continue
                changed = (text[:one.start] + text[two.start:two.end] + text[one.end:two.start] +
                           text[one.start:one.end] + text[two.end:])
                yield make(one.start, "swap", f"{short(text, one)} <-> {short(text, two)}", changed)


def short(text, s):
    t = squeeze(text[s.start:s.end])
    return t if len(t) <= 70 else t[:67] + "..."


def protocol_functions(sources):
    """Names of the functions in {path: text} that reach an atomic operation."""
    bodies = collections.defaultdict(str)
    for text in sources.values():
        flat = blank(text, False)
        for name, a, b in functions(text):
            bodies[name] += flat[a:b]
    reach = {n for n, t in bodies.items() if CALL.search(t)}
    while True:
        more = {n for n, t in bodies.items() if n not in reach and any(c in reach for c in re.findall(r"\b(\w+)\(", t))}
        if not more:
            return reach
        reach |= more


def is_source(path):
    name = os.path.basename(path)
    return bool(re.search(r"\.[ch]$", name)) and not re.search(r"_(test|explore|host|bench|fuzz|torture)\.c$|^(check|explore)", name) \
        and name not in ("atomic.h", "env.h") and "explore" not in path
