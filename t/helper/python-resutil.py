"""Reads and keeps a store by the algorithms of the Python Resutil.

The bucket is a directory, keys are paths below it. Nothing is checked that the
Python tool does not check.

python-resutil.py list STORE PROJECT
    Every object below PROJECT/: the last component of its key, less its last
    four characters; sorted.
python-resutil.py pull STORE PROJECT RESULTS NAME...
    Each is taken out of the store and unpacked over RESULTS/NAME; then what
    its record names as dependencies and is not there, and so on. Prints
    "Downloaded NAME".
python-resutil.py rename STORE PROJECT NAME COMMENT
    Copy and delete; the first two parts of the name stay.
python-resutil.py missing STORE PROJECT RESULTS
    Names in RESULTS that `push -A` would send.
"""
import os
import shutil
import sys
import zipfile

import yaml


def keys(store, prefix):
    for root, _, files in os.walk(store):
        for file in files:
            key = os.path.relpath(os.path.join(root, file), store)
            if key.startswith(prefix):
                yield key


def names(store, project):
    return sorted(key.split("/")[-1][:-4] for key in keys(store, project + "/"))


def pull(store, project, results, name):
    target = os.path.join(results, name)
    with zipfile.ZipFile(os.path.join(store, project, name + ".zip")) as z:
        z.extractall(target)
    print("Downloaded " + name)
    with open(os.path.join(target, "resutil-exp.yaml"), encoding="utf-8") as f:
        record = yaml.safe_load(f)
    for needed in record["dependency"]:
        if not os.path.exists(os.path.join(results, needed)):
            pull(store, project, results, needed)


def rename(store, project, name, comment):
    parts = name.split("_")
    new = parts[0] + "_" + parts[1] + "_" + comment
    source = os.path.join(store, project, name + ".zip")
    shutil.copy(source, os.path.join(store, project, new + ".zip"))
    os.remove(source)
    print("Renamed %s to %s" % (name, new))


def main(command, store, project, *rest):
    if command == "list":
        print("\n".join(names(store, project)))
    elif command == "pull":
        for name in rest[1:]:
            pull(store, project, rest[0], name)
    elif command == "rename":
        rename(store, project, *rest)
    else:
        there = names(store, project)
        for name in sorted(os.listdir(rest[0])):
            if name != "_debug" and name not in there and os.path.isdir(
                    os.path.join(rest[0], name)):
                print(name)


main(*sys.argv[1:])
