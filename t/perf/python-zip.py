"""python-zip.py VERB FROM TO: as the Python Resutil does it.

The base that packing, unpacking, pushing and pulling are compared with.

pack       the directory FROM becomes the zip TO
unpack     the other way round
pack-all   each directory in FROM becomes a zip in TO
push-all   the same by ten threads, into a temporary directory, then copied: its
           way to a store that is as near as can be
unpack-all each zip in FROM becomes a directory in TO
"""
from concurrent.futures import ThreadPoolExecutor
import os
import shutil
import sys
import tempfile
import zipfile


def pack(top, path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for root, _, names in os.walk(top):
            for name in names:
                full = os.path.join(root, name)
                z.write(full, os.path.relpath(full, top))


def unpack(path, top):
    with zipfile.ZipFile(path) as z:
        z.extractall(top)


def pack_all(source, target):
    for name in os.listdir(source):
        pack(os.path.join(source, name), os.path.join(target, name + ".zip"))


def push_all(source, target):
    def push(name):
        with tempfile.TemporaryDirectory() as scratch:
            path = os.path.join(scratch, name + ".zip")
            pack(os.path.join(source, name), path)
            shutil.copy(path, target)

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(push, os.listdir(source)))


def unpack_all(source, target):
    for name in os.listdir(source):
        unpack(os.path.join(source, name), os.path.join(target, name[:-4]))


VERBS = {"pack": pack, "unpack": unpack, "pack-all": pack_all,
         "push-all": push_all, "unpack-all": unpack_all}
VERBS[sys.argv[1]](sys.argv[2], sys.argv[3])
