"""python-zip.py pack DIR ZIP | unpack ZIP DIR: as the Python Resutil does it.

The base that packing and unpacking are compared with.
"""
import os
import sys
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


{"pack": pack, "unpack": unpack}[sys.argv[1]](sys.argv[2], sys.argv[3])
