#!/usr/bin/env python3
"""Runs the parsing cases on a parser, without a network: python3 vectors.py [--wrong line-ends|bom|space|chunks|end|types] CASES

CASES is the folder with parsing.json, fields.json and dispatching.json (node_modules/truesource/dist/cases).
Exit code 0: every case passed; 1: the cases that did not are named; 2: mistake in the command line.
"""
import argparse
import codecs
import json
import pathlib
import sys


class Parser:
    """Bytes in, in pieces of any size; (type, data, last event ID) out. One object for each connection."""

    def __init__(self, last_event_id, wrong):
        self.decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self.last_event_id_buffer = self.last_event_id = last_event_id
        self.data, self.type = [], ""
        self.line, self.at_start, self.after_cr = [], True, False
        self.events, self.wrong = [], wrong

    def feed(self, chunk):
        if self.wrong == "chunks":
            self.decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        for character in self.decode(chunk):
            if self.at_start and character == "\ufeff" and self.wrong != "bom":
                self.at_start = False
                continue
            self.at_start = False
            if character == "\n" and self.after_cr:
                self.after_cr = False
            elif character in ("\n" if self.wrong == "line-ends" else "\r\n"):
                self.after_cr = character == "\r"
                self.interpret("".join(self.line))
                self.line = []
            else:
                self.after_cr = False
                self.line.append(character)

    def interpret(self, line):
        if line == "":
            return self.dispatch()
        field, _, value = line.partition(":")
        value = value.lstrip(" ") if self.wrong == "space" else value[1:] if value.startswith(" ") else value
        if field == "data":
            self.data.append(value)
        elif field == "event":
            self.type = value
        elif field == "id" and "\0" not in value:
            self.last_event_id_buffer = value

    def dispatch(self):
        self.last_event_id = self.last_event_id_buffer
        if self.data and not (self.wrong == "types" and self.type in ("open", "error")):
            self.events.append((self.type or "message", "\n".join(self.data), self.last_event_id))
        self.data, self.type = [], ""

    def end(self):
        if self.wrong == "end":
            self.dispatch()


def writes(items):
    """The notation of a stream: one bytes object per write; pauses do not matter to a parser."""
    for item in items:
        if isinstance(item, str):
            yield item.encode()
        elif "hex" in item:
            yield bytes.fromhex(item["hex"])
        elif "repeat" in item:
            yield b"".join(writes(item["repeat"])) * item["times"]


def pieces(size):
    def cut(chunks):
        whole = b"".join(chunks)
        if len(whole) > 2000:
            return [whole]
        return [whole[i : i + size] for i in range(0, len(whole), size)]

    return cut


chunkings = {"as-written": list, "whole": lambda chunks: [b"".join(chunks)], "one-byte": pieces(1), "two-bytes": pieces(2)}


def is_for_parsers(case):
    client, plain = case.get("client", {}), {"stream", "end"}
    return not client.keys() - {"listen"} and all(not c.keys() - plain for c in case["connections"])


def observe(case, cut, wrong):
    """The events of all connections, one after the other; the last event ID lives on."""
    events, last_event_id = [], ""
    for connection in case["connections"]:
        parser = Parser(last_event_id, wrong)
        for chunk in cut(list(writes(connection.get("stream", [])))):
            parser.feed(chunk)
        parser.end()
        events += parser.events
        last_event_id = parser.last_event_id
    heard = ["open", "message", "error", *case.get("client", {}).get("listen", [])]
    return [event for event in events if event[0] in heard]


def differs(expected, event):
    type, data, last_event_id = event
    length = len(data.encode("utf-16-le")) // 2
    observed = {"type": type, "data": data, "dataLength": length, "lastEventId": last_event_id}
    return any(expected[member] != observed[member] for member in observed if member in expected)


def passes(expectation, events):
    expected = [event for event in expectation["events"] if event["type"] not in ("open", "error") or "data" in event]
    return len(expected) == len(events) and not any(map(differs, expected, events))


arguments = argparse.ArgumentParser()
arguments.add_argument("--wrong", choices=["line-ends", "bom", "space", "chunks", "end", "types"])
arguments.add_argument("cases", type=pathlib.Path)
options = arguments.parse_args()
count, failed = 0, False
for section in ["parsing", "fields", "dispatching"]:
    for case in json.loads((options.cases / (section + ".json")).read_text("utf-8"))["cases"]:
        if not is_for_parsers(case):
            continue
        count += 1
        for name, cut in chunkings.items():
            events = observe(case, cut, options.wrong)
            if not any(passes(answer, events) for answer in [case["expect"], *case.get("alternatives", [])]):
                failed = True
                print(f"FAIL {case['id']} ({name}): {case['title']}\n  observed {events!r:.300}")
                break
print(f"{count} cases in {len(chunkings)} chunkings")
sys.exit(failed)
