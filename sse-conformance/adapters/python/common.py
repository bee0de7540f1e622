"""Shared by all adapters: see docs/protocol.md."""

import json
import sys


def chunks():
    """Standard input in chunks of `--chunk N` bytes, or in one."""
    match sys.argv[1:]:
        case []:
            size = None
        case ["--chunk", number]:
            size = int(number)
        case other:
            sys.exit(f"unknown arguments {other}")
    stream = sys.stdin.buffer.read()
    size = size or len(stream) or 1
    return [stream[at : at + size] for at in range(0, len(stream), size)]


def say(line):
    print(json.dumps(line))
