"""Checks a trail with aics-tlog from PyPI, which nobody here wrote.

Usage: verify_tlog.py TRAIL_DIR VERIFIER_KEY [KEPT_DIR]

KEPT_DIR holds what somebody kept of the log: receipts (*.tlog-proof) and older checkpoints
(*.checkpoint). Prints what it verified as one line of JSON, or the first fault, and ends with 1.
"""

import base64
import json
import pathlib
import sys

import aics_tlog as tlog

TILE = 256
TRIES = 10


class Fault(Exception):
    """What does not hold."""


class Folder:
    """A log's folder. A log at work replaces its partial tiles: a wider one has the same hashes."""

    def __init__(self, root):
        self.root = root

    def read_tile(self, level, index, width):
        found, have = self.read(tlog.tiles.tile_path(level, index), width)
        if found is not None and len(found) != have * 32:
            raise Fault(f"tile {level}/{index} has {len(found)} bytes, not {have} hashes")
        return found and found[: (width or TILE) * 32]

    def read_entry_bundle(self, index, width):
        found, have = self.read(tlog.tiles.entry_bundle_path(index), width)
        if found is None or have == (width or TILE):
            return found
        entries = tlog.tiles.parse_entry_bundle(found)
        if len(entries) != have:
            raise Fault(f"bundle {index} has {len(entries)} records, not {have}")
        return tlog.tiles.build_entry_bundle(entries[:width])

    def read(self, full, width):
        """Returns a file or a wider one, and how wide it is."""
        for _ in range(TRIES):
            for have in self.widths(full, width):
                partial = "" if have == TILE else f".p/{have}"
                try:
                    return (self.root / (full + partial)).read_bytes(), have
                except FileNotFoundError:
                    continue
        return None, 0

    def widths(self, full, width):
        if width is None:
            return [TILE]
        try:
            names = [int(path.name) for path in (self.root / (full + ".p")).iterdir()]
        except FileNotFoundError:
            names = []
        return [width, *(have for have in names if width < have), TILE]


def open_checkpoint(text, key):
    """Returns a checkpoint whose signature holds."""
    note = tlog.parse_note(text)
    if note.to_bytes() != text:
        raise Fault("note is not spelled as notes are")
    verified = tlog.verify_checkpoint(note, key, expected_origin=key.name)
    if not verified.ok:
        raise Fault(verified.error)
    if tlog.parse_checkpoint(note.text).extension_lines:
        raise Fault("checkpoint has extension lines")
    return verified


def check_receipt(text, key, log):
    """Checks a receipt by itself, and that the log still has its record; returns its checkpoint."""
    head, parted, checkpoint = text.partition(b"\n\n")
    lines = head.decode().split("\n")
    if not parted or lines[0] != "c2sp.org/tlog-proof@v1":
        raise Fault("no c2sp.org/tlog-proof@v1")
    record = base64.b64decode(lines[1].removeprefix("extra "), validate=True)
    index = int(lines[2].removeprefix("index "))
    path = [base64.b64decode(line, validate=True) for line in lines[3:]]
    old = open_checkpoint(checkpoint, key)
    if not tlog.verify_leaf_inclusion(record, index, old.size, path, old.root):
        raise Fault(f"record {index} is not proven")
    if log.entry(index) != record:
        raise Fault(f"the log has another record at {index}")
    return old


def check_growth(old, newest, log):
    proof = tlog.consistency_proof_from_tiles(log, old.size, newest.size)
    if not tlog.verify_consistency(old.size, newest.size, old.root, newest.root, proof):
        raise Fault(f"the log did not only grow from {old.size} to {newest.size} records")


def verify(trail, vkey, kept):
    key = tlog.parse_vkey(vkey)
    newest = open_checkpoint((trail / "checkpoint").read_bytes(), key)
    if newest.size == 0:
        raise Fault("checkpoint is of an empty log, nothing can be verified")
    report = tlog.audit_tiles(Folder(trail), newest.size, newest.root)
    log = tlog.VerifiedTileReader(Folder(trail), newest.size, newest.root)
    done = {"records": report.size, "bundles": report.bundles, "tiles": report.tiles}
    done |= {"receipts": 0, "checkpoints": 0}
    for path in (path for folder in kept for path in sorted(folder.iterdir())):
        try:
            if path.suffix == ".tlog-proof":
                old = check_receipt(path.read_bytes(), key, log)
                done["receipts"] += 1
            else:
                old = open_checkpoint(path.read_bytes(), key)
                done["checkpoints"] += 1
            check_growth(old, newest, log)
        except (Fault, ValueError) as fault:
            raise Fault(f"{path}: {fault}") from fault
    return done


def main():
    trail, vkey, *kept = sys.argv[1:]
    try:
        print(json.dumps(verify(pathlib.Path(trail), vkey, map(pathlib.Path, kept))))
    except (Fault, ValueError, OSError) as fault:
        sys.exit(f"fault: {fault}")


main()
