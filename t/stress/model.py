"""What was acknowledged, and which end states that allows.

A run is known by its token, which is its first comment and stands in its
files. A place is a clone or the store. A fact is something that a run got and
that a command said to be done: the files it was born with, that it ended, a key
of its record. For each place and run the model holds the facts that must be
there, at least; what a command learnt before it was killed may be there or not.

The rules that the end is compared with:

* facts that are in a place stay in it, as nobody uses --force: a push replaces
  in the store only what it grew from, a pull here likewise;
* what a push (a pull) that ended well began with is in the store (the clone),
  but for what others removed under its hands;
* a run that somebody began to remove may be gone from that place, and only
  such a one; one that was removed for good where nobody could bring it back is
  gone;
* no copy has a fact that nobody tried to give it, or a file that differs;
* a place has a run under one name, one that somebody wanted.
"""
import re
import threading

import places

BIRTH, FINAL = "birth", "final"
OWN_FILE = re.compile(r"^[mrt]\d+n\d+\.\d+$")


class Comment:
    def __init__(self, place, text, start):
        self.place, self.text, self.start = place, text, start
        self.end = None                 # None: it goes on
        self.done = self.killed = False


class Run:
    def __init__(self, token, born, files):
        self.token, self.born, self.files = token, born, files
        self.facts = {}                 # place -> frozenset, at least
        self.gone = {}                  # place -> when it was last removed
        self.going = {}                 # place -> how many remove it now
        self.settled = {}               # place -> removed, and nobody else has it
        self.tried = {}                 # key -> value
        self.comments = []
        self.ended_as = set()           # states that it may end in
        self.shaken = False             # it was removed from the store once

    @property
    def mortal(self):
        return self.token[0] == "m"

    @property
    def twin(self):
        return self.token[0] == "t"


class Model:
    """Shared by all workers. Times are those of `clock`, which only grows."""

    def __init__(self, clones, private):
        self.clones, self.private = clones, private
        self.runs = {}
        self.lock = threading.Lock()
        self.ticks = 0
        self.renames = []               # (place, end) of pushes, pulls --rename

    def clock(self):
        with self.lock:
            self.ticks += 1
            return self.ticks

    # ---- what workers tell -----------------------------------------------------

    def born(self, token, place, files):
        with self.lock:
            self.runs[token] = Run(token, place, files)
            return self.runs[token]

    def learn(self, place, token, facts, start):
        """`token` has these in `place`, by a command that began at `start`."""
        with self.lock:
            run = self.runs[token]
            if run.going.get(place) or run.gone.get(place, 0) >= start:
                return
            run.facts[place] = run.facts.get(place, frozenset()) | facts

    def snapshot(self, place, token=None):
        with self.lock:
            runs = [self.runs[token]] if token else self.runs.values()
            return {r.token: r.facts[place] for r in runs if place in r.facts}

    def kept(self, place, tokens, start):
        """Those of them that nobody began to remove there, or ended, since."""
        with self.lock:
            return {t for t in tokens if not self.runs[t].going.get(place) and
                    self.runs[t].gone.get(place, 0) < start}

    def try_key(self, token, key, value):
        with self.lock:
            self.runs[token].tried[key] = value

    def removal(self, token, where):
        """Begins; ends with removed()."""
        with self.lock:
            run = self.runs[token]
            for place in where:
                run.going[place] = run.going.get(place, 0) + 1
                run.facts.pop(place, None)
                run.settled.pop(place, None)
            if "store" in where:
                run.shaken = True

    def removed(self, token, where, done):
        with self.lock:
            self.ticks += 1
            run = self.runs[token]
            for place in where:
                run.going[place] -= 1
                run.gone[place] = self.ticks
                if done and place == self.private == run.born:
                    run.settled[place] = True

    def comment(self, token, place, text):
        found = Comment(place, text, self.clock())
        with self.lock:
            self.runs[token].comments.append(found)
        return found

    def commented(self, comment, done, killed):
        comment.end = self.clock()
        comment.done, comment.killed = done, killed

    # ---- the end ---------------------------------------------------------------

    def compare(self, store):
        """All that is wrong, as sentences."""
        wrong = []
        for place in list(self.clones) + ["store"]:
            wrong += self.compare_place(place, store)
        return wrong

    def compare_place(self, place, store):
        if place == "store":
            names = places.names_there(store)
        else:
            names = places.names_here(self.clones[place])
        copies, wrong = {}, []
        for name in names:
            token = places.run_of(name)
            if token is None and not name.endswith("_twin"):
                wrong.append("%s: '%s' is nobody's" % (place, name))
                continue
            copy = (places.read_there(store, name) if place == "store"
                    else places.read_here(self.clones[place], name))
            if token is None:
                token = twin_of(copy)
            if token not in self.runs:
                wrong.append("%s: '%s' is of no run" % (place, name))
                continue
            copies.setdefault(token, []).append(copy)
        for token, run in sorted(self.runs.items()):
            wrong += ["%s: %s: %s" % (place, token, text) for text in
                      self.compare_run(place, run, copies.get(token, []))]
        return wrong

    def compare_run(self, place, run, copies):
        facts = run.facts.get(place)
        if not copies:
            if facts is not None:
                yield "lost; it had %s" % sorted(facts)
            return
        if run.settled.get(place):
            yield "is there again"
        # Two clones may bring back at once what was removed, each as it
        # calls it.
        if len(copies) > 1 and not (place == "store" and run.shaken):
            yield "has several names: %s" % [c.name for c in copies]
        for copy in copies:
            yield from compare_files(run, copy, facts)
            yield from self.compare_facts(run, copy, facts)
            yield from self.compare_name(place, run, copy)

    def compare_facts(self, run, copy, facts):
        for key, value in copy.facts.items():
            if key.startswith("k") and run.tried.get(key) != value:
                yield "'%s: %s' in '%s' is not its own" % (
                    key, value, copy.name)
        if run.shaken:
            return
        for fact in facts or ():
            if fact == FINAL:
                if copy.facts["state"] not in run.ended_as:
                    yield "its state is '%s', not %s" % (
                        copy.facts["state"], run.ended_as)
            elif fact != BIRTH and fact not in copy.facts:
                yield "'%s' lacks %s" % (copy.name, fact)

    def compare_name(self, place, run, copy):
        if run.twin:
            return
        texts = {c.text for c in run.comments} | {run.token}
        name = copy.name.split("_", 2)[2]
        if name not in texts:
            yield "nobody called it '%s'" % copy.name
        last = self.last_comment(run)
        if last and place == last.place and name != last.text:
            yield "it is called '%s', not '%s'" % (copy.name, last.text)

    def last_comment(self, run):
        """The one that was done after all others, if there is one."""
        if run.mortal or any(c.killed for c in run.comments):
            return None
        done = [c for c in run.comments if c.done]
        if not done:
            return None
        last = max(done, key=lambda c: c.start)
        if any(c is not last and c.end > last.start for c in run.comments):
            return None
        if any(end > last.start for place, end in self.renames
               if place == last.place):
            return None
        return last


def twin_of(copy):
    """Twins share their name; what they hold tells which is which."""
    for name in list(copy.files) + copy.words:
        if OWN_FILE.match(name):
            return name.split(".")[0]
    return None


def content(name, size):
    return ((name + "\n") * size).encode()


def compare_files(run, copy, facts):
    for name, size in run.files.items():
        if name not in copy.files:
            if facts and BIRTH in facts:
                yield "'%s' lacks the file '%s'" % (copy.name, name)
        elif not content(name, size).startswith(copy.files[name]):
            yield "'%s' in '%s' is not what was written" % (name, copy.name)
        elif (facts and BIRTH in facts and
              len(copy.files[name]) != len(content(name, size))):
            yield "'%s' in '%s' is cut off" % (name, copy.name)
    for name in copy.files:
        if OWN_FILE.match(name) and name not in run.files:
            yield "'%s' in '%s' is not its own" % (name, copy.name)
