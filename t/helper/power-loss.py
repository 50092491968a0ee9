#!/usr/bin/env python3
"""What a power failure leaves of a directory.

    power-loss.py JOURNAL OUT K POLICY     make OUT, the directory after call K
    power-loss.py --each JOURNAL OUT       make OUT/K.POLICY, all that differ
    power-loss.py --show JOURNAL K POLICY  print its files instead
    power-loss.py --count JOURNAL          the number of calls
    power-loss.py --list JOURNAL           what each call has changed or synced
    power-loss.py --states JOURNAL POLICY  each K that differs from the one
                                           before, and the last

K is 0 (before the first call) to their number, or "last".

JOURNAL was written by programs with fault points (RESUTIL_TEST_JOURNAL, see
lib/base/sys.h). POLICY says what of the unsynced has reached the disk:

    none   nothing: no name, no byte
    names  all names, renames and removals; of the content only what was synced
           (a new file is empty)
    data   all content; names only of directories that were synced
    zeros  all names and sizes; unsynced bytes are zeros
    cut    all names; of unsynced content the first half
    all    everything, as after SIGKILL
    odd, even
           all content; names of each second level of directories, the others as
           in "data": no order of the unsynced is kept

fsync(2) of a file makes its content, mode and times durable, but not its name;
fsync(2) of a directory makes the names in it durable, but not what they
contain, nor the directory's own name; syncfs(2) makes everything durable, and
so is what was there before the first call. A file that was renamed from one
directory to another has both names, or none, when only one of the two was
synced. File systems keep more than that; POSIX does not promise it.

The journal: records of lines, their fields split by TAB. In names bytes up to
0x20, from 0x7f and '%' are %XX. ID is inode number and birth time.

    record PID           begins a record; the first one is what was there before
    sync ID              this file or directory was synced
    syncfs               everything was
    content ID BLOB      what the file ID holds
    d ID MODE MTIME - PATH        a directory that is there after the call
    f ID MODE MTIME BLOB PATH     a file; JOURNAL.blobs/BLOB is its content
    l ID MODE MTIME TARGET PATH   a symbolic link
    end                  a record without it does not count: a process died

BLOB is made of size and times, which are no finer than a clock tick; so a line
"content" goes before that, and holds until size or times of the file change.
A file that has no name and is synced has such a line, too.

As a module (by importlib): Journal(path) with .count, .build(k, policy, out),
.states_of(policy), .digest(k, policy), equal for equal states, .describe(k).
"""
import os
import re
import sys

POLICIES = ("none", "names", "data", "zeros", "cut", "odd", "even", "all")


class Node:
    """A file, directory or link, for as long as it has this inode."""

    def __init__(self, kind, attributes):
        self.kind = kind
        self.attributes = attributes    # (mode, mtime), last known
        self.plain = None               # the blob by size and times
        self.blob = None                # the content, last known
        self.target = None              # of a link


class State:
    """The tree after a call: last known, and durable.

    names and kept_names: {directory: {name: node}}; kept: {node: (blob,
    attributes)}. Nodes are IDs.
    """

    def __init__(self):
        self.root = None
        self.names = {}
        self.contents = {}
        self.kept_names = {}
        self.kept = {}


def unquote(text):
    return re.sub(rb"%([0-9A-F]{2})",
                  lambda m: bytes([int(m.group(1), 16)]), text.encode())


def read_records(path):
    record = None
    with open(path, encoding="ascii") as lines:
        for line in lines:
            fields = line.rstrip("\n").split("\t")
            if fields[0] == "record":
                record = []
            elif fields[0] == "end" and record is not None:
                yield record
                record = None
            elif record is not None and line.endswith("\n"):
                record.append(fields)


class Journal:
    def __init__(self, path):
        self.blobs = path + ".blobs"
        self.nodes = {}
        self.states = []
        self.notes = []
        self.cache = {}
        for record in read_records(path):
            self.add(record)
        if not self.states:
            raise SystemExit(f"power-loss.py: no record in '{path}'")

    @property
    def count(self):
        return len(self.states) - 1

    # ---- reading ----------------------------------------------------------

    def add(self, record):
        before = self.states[-1] if self.states else None
        state = State()
        forced = {f[1]: f[2] for f in record if f[0] == "content"}
        dirs = {}
        for fields in record:
            if fields[0] in ("d", "f", "l"):
                self.add_object(state, dirs, forced, fields)
        contents = {i: (self.nodes[i].blob, self.nodes[i].attributes)
                    for i in set(dirs.values()) | {
                        n for d in state.names.values() for n in d.values()}}
        state.contents = dict(before.contents) if before else {}
        state.contents.update(contents)
        # without a name: known by the line alone
        for node, blob in forced.items():
            if node not in contents:
                state.contents[node] = (blob, (0o600, "0.0"))
        state.kept_names = before.kept_names if before else {}
        state.kept = before.kept if before else {}
        synced = [f[1] for f in record if f[0] == "sync"]
        if not before or ["syncfs"] in record:
            synced = list(state.contents)
        if synced:
            self.keep(state, synced)
        self.states.append(state)
        self.notes.append([f for f in record
                           if f[0] in ("sync", "syncfs", "content")])

    def add_object(self, state, dirs, forced, fields):
        kind, node_id, mode, mtime, extra, path = fields
        path = unquote(path)
        attributes = (int(mode, 8), mtime)
        node = self.nodes.setdefault(node_id, Node(kind, attributes))
        node.attributes = attributes
        if kind == "f":
            if node_id in forced:
                node.blob = forced[node_id]
            elif node.plain != extra:
                node.blob = extra
            node.plain = extra
        elif kind == "l":
            node.target = unquote(extra)
        else:
            dirs[path] = node_id
            state.names.setdefault(node_id, {})
        if not path:
            state.root = node_id
            return
        parent, _, name = path.rpartition(b"/")
        state.names[dirs[parent]][name] = node_id

    def keep(self, state, synced):
        state.kept = dict(state.kept)
        state.kept_names = dict(state.kept_names)
        for node in synced:
            if node in state.contents:
                state.kept[node] = state.contents[node]
            if node in state.names:
                state.kept_names[node] = state.names[node]

    # ---- a tree -----------------------------------------------------------

    def blob(self, name):
        if name is None:
            return b""
        with open(os.path.join(self.blobs, name), "rb") as f:
            return f.read()

    def content(self, state, node, policy):
        """The bytes of a file, as a key that costs no reading."""
        last = state.contents[node][0]
        kept = state.kept.get(node, (None,))[0]
        if policy in ("all", "data", "odd", "even"):
            return ("whole", last)
        if policy in ("none", "names") or kept == last:
            return ("whole", kept)
        return (policy, kept, last)

    def bytes_of(self, key):
        if key[0] == "whole":
            return self.blob(key[1])
        kept, last = self.blob(key[1]), self.blob(key[2])
        same = len(os.path.commonprefix((kept, last)))
        if key[0] == "cut":
            return last[:same + (len(last) - same) // 2]
        return last[:same] + bytes(
            b if i < len(kept) and kept[i] == b else 0
            for i, b in enumerate(last[same:], same))

    def attributes(self, state, node, policy):
        if policy == "none" and node in state.kept:
            return state.kept[node][1]
        return state.contents[node][1]

    def walk(self, state, policy):
        """(path, node) of all that is there, directories before theirs."""
        kept = [policy in ("none", "data", other) for other in ("even", "odd")]
        todo = [(b"", state.root, ())]
        while todo:
            path, node, above = todo.pop()
            yield path, node
            # half a rename could put a directory into itself
            if node in above or self.nodes[node].kind != "d":
                continue
            names = state.kept_names if kept[len(above) % 2] else state.names
            for name, child in sorted(names.get(node, {}).items()):
                todo.append((path + b"/" + name if path else name, child,
                             above + (node,)))

    def digest(self, k, policy):
        import hashlib                  # slow, and most do not need it
        state, text = self.states[k], hashlib.sha256()
        for path, node in self.walk(state, policy):
            mode, mtime = self.attributes(state, node, policy)
            what = (path, node, mode)
            # nobody asks for the time of a directory
            if self.nodes[node].kind == "f":
                what += (mtime, self.content(state, node, policy))
            text.update(repr(what).encode())
        return text.hexdigest()

    def states_of(self, policy):
        """Each k that differs from the one before, and the last."""
        last = None
        for k in range(self.count + 1):
            digest = self.digest(k, policy)
            if digest != last or k == self.count:
                yield k
            last = digest

    def build(self, k, policy, out):
        """Makes the directory `out`, which must be missing."""
        state, made, later = self.states[k], {}, []
        out = os.fsencode(out)
        for path, node in self.walk(state, policy):
            path = os.path.join(out, path) if path else out
            kind = self.nodes[node].kind
            if kind == "d":
                os.mkdir(path)
                later.append((path, node))
            elif kind == "l":
                os.symlink(self.nodes[node].target, path)
            elif node in made:
                os.link(made[node], path)
            else:
                with open(path, "wb") as f:
                    f.write(self.bytes_of(self.content(state, node, policy)))
                made[node] = path
                self.set_attributes(path, self.attributes(state, node, policy))
        for path, node in reversed(later):
            self.set_attributes(path, self.attributes(state, node, policy))

    @staticmethod
    def set_attributes(path, attributes):
        mode, mtime = attributes
        seconds, _, nano = mtime.partition(".")
        ns = int(seconds) * 10**9 + int(nano)
        os.utime(path, ns=(ns, ns))
        os.chmod(path, mode)

    # ---- for people -------------------------------------------------------

    def show(self, k, policy):
        """Lines, sorted: a/  a/file=CONTENT  a/link -> TARGET"""
        lines = []
        for path, node in self.walk(self.states[k], policy):
            kind = self.nodes[node].kind
            if kind == "d":
                line = path + b"/"
            elif kind == "l":
                line = path + b" -> " + self.nodes[node].target
            else:
                line = path + b"=" + self.bytes_of(
                    self.content(self.states[k], node, policy))
            if path:
                lines.append(line.replace(b"\0", b"0").decode(errors="replace"))
        return sorted(lines)

    def paths(self, k):
        found = {}
        for path, node in self.walk(self.states[k], "all"):
            found.setdefault(node, []).append(os.fsdecode(path) or ".")
        return found

    def describe(self, k):
        """One line: what call k has done."""
        if not k:
            return "(before)"
        old, new = self.paths(k - 1), self.paths(k)
        said = []
        for note in self.notes[k]:
            if note[0] == "syncfs":
                said.append("syncfs")
            elif note[0] == "sync":
                said.append("sync " + " ".join(new.get(note[1], ["(no name)"])))
        for node in sorted(old.keys() | new.keys(),
                           key=lambda n: (new.get(n) or old[n])):
            gone = sorted(set(old.get(node, ())) - set(new.get(node, ())))
            come = sorted(set(new.get(node, ())) - set(old.get(node, ())))
            if gone and come:
                said.append(f"{' '.join(gone)} -> {' '.join(come)}")
            elif come:
                said.append("+ " + " ".join(come))
            elif gone:
                said.append("- " + " ".join(gone))
            elif self.nodes[node].kind == "f" and \
                    self.states[k - 1].contents[node][0] != \
                    self.states[k].contents[node][0]:
                said.append("write " + " ".join(new[node]))
        return "; ".join(said) or "(nothing)"


def read_call(journal, text):
    k = journal.count if text == "last" else int(text)
    if not 0 <= k <= journal.count:
        raise SystemExit(f"power-loss.py: call {k} of {journal.count}")
    return k


def main(args):
    if len(args) == 2 and args[0] == "--count":
        print(Journal(args[1]).count)
    elif len(args) == 2 and args[0] == "--list":
        journal = Journal(args[1])
        for k in range(journal.count + 1):
            print(f"{k}\t{journal.describe(k)}")
    elif len(args) == 3 and args[0] == "--states" and args[2] in POLICIES:
        for k in Journal(args[1]).states_of(args[2]):
            print(k)
    elif len(args) == 3 and args[0] == "--each":
        journal, seen = Journal(args[1]), set()
        os.mkdir(args[2])
        for policy in POLICIES:
            for k in journal.states_of(policy):
                # after the last call all must be there
                state = (journal.digest(k, policy), k == journal.count)
                if state not in seen:
                    journal.build(k, policy,
                                  os.path.join(args[2], f"{k}.{policy}"))
                seen.add(state)
    elif len(args) == 4 and args[0] == "--show" and args[3] in POLICIES:
        journal = Journal(args[1])
        for line in journal.show(read_call(journal, args[2]), args[3]):
            print(line)
    elif len(args) == 4 and args[3] in POLICIES:
        journal = Journal(args[0])
        journal.build(read_call(journal, args[2]), args[3], args[1])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
