"""Fills a directory store as the Python Resutil fills a bucket.

python-store.py push STORE PROJECT RESULTS NAME...
    RESULTS/NAME becomes the object PROJECT/NAME.zip: no root folder, deflate,
    in the order of os.walk; regular files only, so no empty directory; what a
    link to a file leads to is stored as that file, linked directories are not
    entered. What was there is written over. A name without a directory gives
    an empty zip, as it does there.
python-store.py litter STORE PROJECT
    What else lies about in a bucket that people use, none of it an experiment.
"""
import os
import sys
import zipfile


def push(store, project, results, names):
    os.makedirs(os.path.join(store, project), exist_ok=True)
    for name in names:
        top = os.path.join(results, name)
        path = os.path.join(store, project, name + ".zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
            for root, _, files in os.walk(top):
                for file in files:
                    full = os.path.join(root, file)
                    z.write(full, os.path.relpath(full, top))


# Keys below the project's folder. They begin with the fixture's names, so that
# a reader who only cuts the last four bytes off would take them for those.
LITTER = [
    b".zip",                                    # a placeholder of the folder
    b"foo.txt",
    b"_debug.zip",                              # of an interrupted debugging run
    b"resutil-conf.yaml",
    b"aakuqj_20240511T174522_my data.zip.tmp",
    b"aakuqj_20240511T174522_my data.tar",
    b"aakuqj_20240511T174522_my data.ZIP",
    b"aakuqj_20240511T174522_my data",
    b"aakuqj_20240511T174522_sub/folder.zip",   # an unchecked comment: sub/folder
    b"aakuqj_20240511T174523_\x1b[31mred.zip",
    b"aakuqj_20240511T174524_two\nlines.zip",
    b"aakuqj_20240511T174525_not utf-8 \xff.zip",
    b"aakuqj_20240511T174526_bell\x07.zip",
    b"aakuqj_20241311T174522_no such month.zip",
    b"aakuq_20240511T174522_short.zip",
    b"AAKUQJ_20240511T174522_upper.zip",
    b"..zip",
    b"...zip",
    b"nested/aakuqj_20240511T174522_deep.zip",
]


def litter(store, project):
    store = os.fsencode(store)
    keys = [os.path.join(os.fsencode(project), key) for key in LITTER]
    keys += [b"aakuqj_20240511T174522_top.zip",
             b"OtherProj/aakuqj_20240511T174522_other.zip",
             os.fsencode(project) + b"2/aakuqj_20240511T174522_next.zip"]
    for key in keys:
        path = os.path.join(store, key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(b"litter\n")


if sys.argv[1] == "push":
    push(sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:])
else:
    litter(sys.argv[2], sys.argv[3])
