"""The CPython job: sorts, hashes, throws and prints; reads itself, writes files.

Run as: python -S -B /jobs/job.py WORD... with PYTHONHASHSEED=0.
"""

import hashlib
import json
import os
import re
import struct
import sys
import zlib


def random_numbers(seed, count):
    for _ in range(count):
        seed = (seed * 1664525 + 1013904223) % 2**32
        yield seed


class JobError(Exception):
    """An error of ours."""

    def __init__(self, message, code):
        super().__init__(message)
        self.code = code


def throws_deep(depth, unwound):
    try:
        if depth == 0:
            raise JobError("from the bottom", 17)
        throws_deep(depth - 1, unwound)
    finally:
        unwound.append(depth)


def overflow():
    return 1 + overflow()


def sort_and_hash():
    numbers = list(random_numbers(42, 2000))
    ordered = sorted(numbers)
    digest = hashlib.sha256(struct.pack("<2000I", *ordered)).hexdigest()
    print("sorted", ordered[0], ordered[1000], ordered[-1], digest)
    words = "the quick brown fox jumps over the lazy dog".split()
    words.sort(key=lambda word: (len(word), word), reverse=True)
    print("words", *words)
    text = " ".join(words).encode() * 20
    for name in ("md5", "sha1", "sha512", "sha3_256", "blake2b"):
        print(name, hashlib.new(name, text).hexdigest()[:32])
    packed = zlib.compress(text, 9)
    print("zlib", zlib.crc32(text), zlib.adler32(packed), zlib.decompress(packed) == text)
    print("hash", hash("bimetal"), hash((1, 2.5, None is None)), list({"b", "a", "c"}))
    return ordered


def throw():
    unwound = []
    try:
        throws_deep(20, unwound)
    except JobError as error:
        print("caught", error, error.code, len(unwound), error.__traceback__.tb_lineno > 0)
    for bad in ("1 / 0", "missing", "[][1]", "{}['k']", "int('x')", "None.x", "'\\ud800'.encode()", "1 +"):
        try:
            eval(bad)
        except Exception as error:
            print("caught", type(error).__name__, error)
    try:
        overflow()
    except RecursionError as error:
        print("caught", type(error).__name__)


def print_things():
    print("numbers", 0.1 + 0.2, 1e21, 2**200, -7 // 2, -7 % 3, f"{1234.5678:,.2f}", 10**40 // 7**20)
    print("text", "Größe → 漢字 😀".encode().hex(), "ß".upper(), "%05d|%-6s|" % (42, "ab"))
    counts = {}
    for word in re.findall(r"\w+", "a rose is a rose is a rose"):
        counts[word] = counts.get(word, 0) + 1
    print("counts", json.dumps(counts, sort_keys=True))


def use_files(ordered):
    with open(__file__, encoding="utf-8") as source:
        print("source", source.readline().strip())
    os.mkdir("/out/folder")
    with open("/out/folder/draft.json", "w", encoding="utf-8") as out:
        json.dump(ordered[:100], out)
    os.rename("/out/folder/draft.json", "/out/numbers.json")
    os.rmdir("/out/folder")
    print("files", os.listdir("/out"), os.stat("/out/numbers.json").st_size)
    try:
        open("/out/../../etc/passwd", encoding="utf-8")
    except OSError as error:
        print("caught", type(error).__name__)


print("args", *sys.argv[1:], sys.version_info[:3], sys.platform)
numbers = sort_and_hash()
throw()
print_things()
use_files(numbers)
sys.stdout.write("end\n")
sys.exit(7)
