#!/usr/bin/env bash
# The site in headless Chromium, at 400 and 1400 pixels, in light and in dark (look_at_pages.js says what is looked for): no page is wider than
# its place, heavy, pale, asks for anything else or needs a script; all can be reached by keyboard, which real key presses show (press_keys.py). A page that
# does one of it wrong stands beside the site for each, so that the look itself is known to see it. Boots nothing.
prefix='browser: '
. "$(dirname "$0")/steps.bash"
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
[ -n "$browser" ] || { echo 'skip pages in a browser: none is installed'; exit 0; }

mkdir -p "$tmp/runs"
python3 tests/harness/made_results.py "$tmp" 0 50 40
python3 tests/harness/made_results.py "$tmp" kinds
timeout 100 $cb publish --runs "$tmp/runs" -o "$tmp/site" >"$tmp/out" 2>&1
check 'a site to look at' $?
first() { (cd "$tmp/site" && ls "$1"* | head -n 1); }
pages=(index.html compare.html scaling.html lines.html tuning.html method.html dist/times.html "$(first run/run)" run/judged-1.html run/times.html "$(first history/w1-)")

# wrong NAME FAULT: the page on stdin has that fault, and is seen to have it.
shopt -s lastpipe # so that `wrong` adds to the list
faults=()
wrong() {
    { echo '<!doctype html><html lang=en><meta charset=utf-8><title>x</title><style>a:focus,div:focus{outline:2px solid}body{color:#000;background:#fff}</style><h1>Wrong</h1>'; cat; } >"$tmp/site/wrong-$1.html"
    faults+=("wrong-$1.html: $2")
}
svg="<svg style='width:100px;height:50px;overflow:visible'>"
echo "<p style='width:3000px'>wide" | wrong wide 'is 3[0-9]* wide'
echo "<p style='color:#ccc;background:#ddd'>pale" | wrong pale 'low contrast: pale'
{ echo '<p>'; head -c 2200000 /dev/zero | tr '\0' x | fold -w 60; } | wrong heavy 'weighs 2[0-9]{6}'
echo '<link rel=stylesheet href=wrong.css>' | wrong style 'asks for wrong.css'
echo '<img alt=x src=http://127.0.0.1:9/picture.png>' | wrong picture 'asks for http://127.0.0.1:9/picture.png'
echo '<p style="background-image:url(http://127.0.0.1:9/ground.png)">x' | wrong ground 'asks for a style'
echo '<p id=x></p><script>document.getElementById("x").textContent = "only with a script"</script>' | wrong script 'needs a script'
echo '<a href=javascript:alert()>more</a>' | wrong link 'needs a script'
echo "<div class=chart>$svg<circle r=1 /><text x=10 y=20>over</text><text x=12 y=21>each other</text></svg></div>" | wrong overlap 'overlap: over and each other'
echo "<div class=chart style='width:100px'>$svg<circle r=1 /><text x=95 y=45>cut off</text></svg></div>" | wrong cut 'cut off: cut off'
echo "<div class=chart><svg viewBox='0 0 900 200' style='width:300px'><circle r=1 /><text x=20 y=45>small</text></svg></div>" | wrong tiny 'tiny: small'
echo "<div class=chart style='width:200px;overflow-x:auto' tabindex=0><svg style='width:600px;height:50px'><circle r=1 /></svg></div>" | wrong scrolls 'a chart that scrolls'
echo "<div class=chart>$svg<text x=10 y=20>nothing</text></svg></div>" | wrong empty 'an empty chart'
echo "<a href=index.html style='outline:none'>no ring</a>" | wrong ring 'no focus ring: no ring'
echo "<a href=index.html style='display:none'>hidden</a>" | wrong hidden 'not reached by keyboard: hidden'
echo "<a href=index.html tabindex=-1>passed over</a>" | wrong passed 'not reached by keyboard: passed over'
echo "<span onclick='1'>pointer only</span>" | wrong pointer 'not reached by keyboard: pointer only'
echo "<div class=x style='overflow-x:auto;width:100px'><div style='width:900px'>wide</div></div>" | wrong region 'not scrolled by keyboard: x'

# page FILE PAGE...: one that looks at those.
page() {
    local file=$1
    shift
    python3 -c 'import json, sys; print("<!doctype html><body><pre id=said></pre><script>const pages = %s</script><script src=%s></script>" % (json.dumps(sys.argv[2:]), sys.argv[1]))' \
        "$PWD/tests/harness/look_at_pages.js" "$@" >"$tmp/site/$file"
}
chromium() {
    timeout 240 "$browser" --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync \
        --allow-file-access-from-files --user-data-dir="$tmp/chrome" "$@" 2>/dev/null
}
page look.html "${pages[@]}" "${faults[@]%%: *}"
for scheme in 0 1; do # dark, light
    chromium --blink-settings=preferredColorScheme=$scheme --virtual-time-budget=60000 --dump-dom "file://$tmp/site/look.html" | sed -n '/<pre/,/<\/pre>/p' | sed 's/<pre[^>]*>//' >"$tmp/said"
    grep -q '^end' "$tmp/said"
    check "all are looked at, colour scheme $scheme" $? "$(tail -2 "$tmp/said")"
    for p in "${pages[@]}"; do
        [ "$(grep -cF "$p at " "$tmp/said")" = 2 ] && ! grep -F "$p at " "$tmp/said" | grep -qv ': fine$'
        check "$p, colour scheme $scheme" $? "$(grep -F "$p at " "$tmp/said" | tr '\n' ' ')"
    done
    for f in "${faults[@]}"; do
        grep -qE "^${f%%: *} at 400: .*${f#*: }" "$tmp/said"
        check "a page that is wrong is seen ($f), colour scheme $scheme" $? "$(grep "^${f%%: *}" "$tmp/said")"
    done
done

# By real key presses: each kind of page, and pages that are wrong in one way, with a link before and one after it.
keys=()
astray() { # NAME FAULT
    { echo '<!doctype html><html lang=en><meta charset=utf-8><title>x</title><style>a:focus,div:focus{outline:2px solid}body{color:#000;background:#fff}</style><h1>Wrong</h1><p><a href=index.html>before</a><p>'
      cat; echo '<p><a href=compare.html>after</a>'; } >"$tmp/site/keys-$1.html"
    keys+=("keys-$1.html: $2")
}
echo '<a href=method.html>fine</a>' | astray fine 'fine, 3 stops'
echo '<a href=method.html tabindex=3>jumps ahead</a>' | astray order 'out of order: jumps ahead before before'
echo '<a href=method.html tabindex=-1>passed over</a>' | astray passed 'passed over: passed over'
echo '<span onclick=1>pointer only</span>' | astray pointer 'passed over: pointer only'
echo '<details><summary>fold</summary><a href=method.html tabindex=-1>inside</a></details>' | astray inside 'passed over: inside'
echo '<a href=method.html onkeydown="if (event.key == &quot;Tab&quot;) event.preventDefault()">holds</a>' | astray trap 'a trap at holds'
echo '<a href=method.html id=a>one</a><a href=lines.html onkeydown="if (event.key == &quot;Tab&quot;) { event.preventDefault(); a.focus() }">two</a>' | astray round 'a trap at two'
echo '<a href=method.html style="outline:none">bare</a>' | astray bare 'no ring: bare'
echo '<a href=method.html style="outline:2px solid #fff">white</a>' | astray white 'a ring that is not seen: white'
echo '<a href=method.html style="position:absolute;left:-900px">away</a>' | astray away 'not on the screen: away'
echo '<a href=method.html onclick="return false">dead</a>' | astray dead 'Enter does nothing: dead'
echo '<a href=method.html onclick="this.href = &quot;lines.html&quot;">elsewhere</a>' | astray elsewhere 'Enter does not lead there: elsewhere'
echo '<details><summary onkeyup="if (event.key == &quot; &quot;) event.preventDefault()">stiff</summary>x</details>' | astray stiff 'Space does nothing: stiff'
echo '<details><summary onkeydown="if (event.key == &quot;Enter&quot;) event.preventDefault()">deaf</summary>x</details>' | astray deaf 'Enter does nothing: deaf'
echo '<div style="overflow-x:auto;width:100px" tabindex=0 onkeydown="event.key != &quot;Tab&quot; && event.preventDefault()"><div style="width:900px">fixed</div></div>' | astray fixed 'does not scroll: fixed'
pressed() { # WIDTH PAGE...
    timeout 500 python3 tests/harness/press_keys.py "$browser" "$tmp/chrome-keys" "$tmp/site" "$@" >"$tmp/said" 2>"$tmp/out"
    check "keys are pressed at $1" $?
}
pressed 400 "${keys[@]%%: *}"
for f in "${keys[@]}"; do
    grep -qE "^${f%%: *} at 400: (Tab: )?${f#*: }" "$tmp/said"
    check "by keys: $f" $? "$(grep "^${f%%: *}" "$tmp/said")"
done
# A history of few runs: with 200 dots nothing else is seen, and it takes a minute.
each=("${pages[@]:0:9}" "$(first history/fork-det-2)")
by_keys() { # WIDTH PAGE...
    local width=$1
    shift
    pressed "$width" "$@"
    for p in "$@"; do
        grep -qE "^$p at $width: fine, [0-9]+ stops$" "$tmp/said"
        check "by keys: $p at $width" $? "$(grep "^$p at" "$tmp/said")"
    done
}
by_keys 400 "${each[@]}"
by_keys 1400 index.html run/judged-1.html

# What is really asked for, by the browser's own log: of the site nothing, of a page that loads a picture that picture.
asked() { # PAGE
    chromium --log-net-log="$tmp/net.json" --dump-dom "file://$tmp/site/$1" >"$tmp/dom" && python3 -c '
import re, sys
log = open(sys.argv[1], errors="replace").read()
print("\n".join(sorted({u for u in re.findall(r"\"url\":\"([a-z]+://[^\"]*)\"", log) if "127.0.0.1" in u or re.search(r"\"initiator\":\"(?!not an origin)[^\"]*\",[^{}]*" + re.escape(u), log)})))' "$tmp/net.json"
}
asked wrong-picture.html | grep -q 'http://127.0.0.1:9/picture.png'
check 'the log shows what a page asks for' $? "$(head -c 300 "$tmp/net.json")"
asked wrong-ground.html | grep -q 'http://127.0.0.1:9/ground.png'
check 'also by its style' $?
for p in index.html dist/times.html "$(first history/w1-)"; do
    said=$(asked "$p" | grep -v '^file://' | grep .)
    [ -s "$tmp/dom" ] && [ -z "$said" ]
    check "$p asks for nothing" $? "$said"
done
