#!/usr/bin/env python3
"""Draws docs/speed.svg from what the peers program measured:

    cargo run --release --manifest-path sse-codec/benches/peers/Cargo.toml -- --json target/peers.json
    python3 docs/speed.py target/peers.json
"""

import json
import pathlib
import sys
from html import escape

# Whose bars there are. Where a crate was measured in several ways, the fastest counts.
DECODERS = {
    "sse-codec, borrowed": ["borrowed"],
    "sse-codec, owned": ["owned", "decode_bytes"],
    "sse-core": ["sse-core", "sse-core, slices"],
    "sse-stream": ["sse-stream", "sse-stream, slices"],
    "sseer": ["sseer"],
    "eventsource-stream": ["eventsource-stream"],
}
ENCODERS = {
    "sse-codec": ["encode"],
    "russe": ["russe", "russe, static"],
    "sse-stream": ["sse-stream"],
    "axum": ["axum"],
    "warp": ["warp", "warp body"],
}
SENDERS = {"sse-hyper": ["events"], "sse-stream": ["sse-stream"], "axum": ["axum"]}

# Section of the measurements, kind of chunks, title, whose bars, and the streams that are shown.
SECTIONS = [
    (
        "Decode",
        "event",
        "Decoding, one event in each chunk",
        DECODERS,
        ["ping", "llm", "tokens", "comments", "utf8", "large"],
    ),
    (
        "Decode",
        16384,
        "Decoding, in chunks of 16 KiB",
        DECODERS,
        ["ping", "llm", "tokens", "comments", "utf8", "large"],
    ),
    ("Encode", None, "Encoding", ENCODERS, ["ping", "llm", "tokens", "multiline", "utf8", "large"]),
    (
        "Loopback",
        None,
        "Sending, over a connection on the same machine",
        SENDERS,
        ["10B", "250B", "4KiB"],
    ),
]

CORPORA = {
    "ping": "id, type, 10 digits",
    "llm": "a line of 300 bytes of JSON",
    "tokens": "type, 120 bytes",
    "multiline": "10 lines of 80 bytes",
    "large": "a line of 64 KiB",
    "comments": "keep-alives between small events",
    "utf8": "Chinese, Japanese, emoji",
    "10B": "data of 10 bytes",
    "250B": "data of 250 bytes",
    "4KiB": "data of 4 KiB",
}

COLUMNS, WIDTH, MARGIN, GAP = 3, 1080, 32, 32
PANEL = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GAP) / COLUMNS
NAMES, VALUES = 138, 44  # left and right of the bars
BAR, STEP = 11, 17

STYLE = """
  svg { --page: #ffffff; --frame: #d9dee5; --text: #1a1f27; --quiet: #626b79; --ours: #2456d6; --second: #7ea0f0; --peer: #b9c0ca; }
  @media (prefers-color-scheme: dark) {
    svg { --page: #12161c; --frame: #2c333e; --text: #e6eaf0; --quiet: #98a2b1; --ours: #6e9bff; --second: #3f5fa8; --peer: #4d5663; }
  }
  text { font: 11.5px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: var(--text); }
  .page { fill: var(--page); stroke: var(--frame); }
  .section { font-size: 18px; font-weight: 650; }
  .corpus { font-size: 13px; font-weight: 650; }
  .quiet { fill: var(--quiet); font-weight: 400; font-size: 11.5px; }
  .name, .value { text-anchor: end; font-size: 11px; }
  .value { font-variant-numeric: tabular-nums; fill: var(--quiet); }
  .is-ours { font-weight: 650; fill: var(--text); }
  .ours { fill: var(--ours); } .second { fill: var(--second); } .peer { fill: var(--peer); }
"""


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    measured = json.loads(pathlib.Path(sys.argv[1]).read_text())
    svg, y = [], MARGIN + 14
    for section, chunk, title, shown, corpora in SECTIONS:
        of_section = [cell for cell in measured["cells"] if (cell["section"], cell["chunk"]) == (section, chunk)]
        cells = [cell for corpus in corpora for cell in of_section if cell["corpus"] == corpus]
        if not cells:
            continue
        note = "MB/s, each group on a scale of its own"
        svg.append(text(MARGIN, y, f'{title} <tspan class="quiet" dx="8">{note}</tspan>', "section"))
        y += 30
        height = 26 + len(shown) * STEP + 20
        for index, cell in enumerate(cells):
            column, row = index % COLUMNS, index // COLUMNS
            svg += panel(cell, shown, MARGIN + column * (PANEL + GAP), y + row * height)
        y += -(-len(cells) // COLUMNS) * height + 26
    for line in footer(measured):
        svg.append(text(MARGIN, y - 10, escape(line), "quiet"))
        y += 17
    print_svg(svg, y + 2)


def panel(cell, shown, x, y):
    """One corpus: its name, and a bar for each crate."""
    medians = {c["name"]: c["median"] or 0 for c in cell["contestants"] if not c["problem"]}
    speeds = {label: max(medians.get(way, 0) for way in ways) for label, ways in shown.items()}
    most = max(speeds.values())
    corpus = cell["corpus"]
    about = escape(CORPORA.get(corpus, ""))
    svg = [text(x, y, f'{escape(corpus)} <tspan class="quiet" dx="4">{about}</tspan>', "corpus")]
    for row, (label, speed) in enumerate(speeds.items()):
        top = y + 12 + row * STEP
        is_ours = label.startswith(("sse-codec", "sse-hyper"))
        emphasis = " is-ours" if is_ours else ""
        svg.append(text(x + NAMES - 8, top + BAR - 1.5, escape(label), "name" + emphasis))
        if speed:
            length = max(1, speed / most * (PANEL - NAMES - VALUES))
            kind = "ours" if is_ours and row == 0 else "second" if is_ours else "peer"
            size = f'width="{length:.1f}" height="{BAR}"'
            svg.append(f'<rect class="{kind}" x="{x + NAMES:.1f}" y="{top:.1f}" {size} rx="2"/>')
        value = digits(speed) if speed else "cannot"
        svg.append(text(x + PANEL, top + BAR - 1.5, value, "value" + emphasis))
    return svg


def digits(speed):
    return f"{speed:.0f}" if speed >= 100 else f"{speed:.1f}"


def footer(measured):
    """Where and when, and of which versions."""
    rustc = measured["rustc"].split(" (")[0]
    yield f'{measured["cpu"]}, {rustc}, {measured["date"][:10]}. CPU time of one thread, interleaved, medians of rounds.'
    peers = ["axum", "eventsource-stream", "russe", "sse-core", "sse-stream", "sseer", "warp"]
    versions = ", ".join(f'{name} {measured["crates"][name]}' for name in peers if name in measured["crates"])
    yield f"{versions}."
    yield "Longer bars are faster. Where a crate was measured in several ways, the fastest counts. A crate that cannot write such a stream has no bar."


def text(x, y, content, kind):
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{content}</text>'


def print_svg(svg, height):
    path = pathlib.Path(__file__).with_name("speed.svg")
    size = f'viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    title = "<title>How fast each crate decodes and encodes event streams</title>"
    page = f'<rect class="page" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1:.0f}" rx="12"/>'
    path.write_text("\n".join([head, title, f"<style>{STYLE}</style>", page, *svg, "</svg>"]) + "\n")


main()
