#!/bin/sh

test_description='sync-keys against a model: random trees on both sides

RANDOM_SEED=N does one seed again.
'
rounds=12
test -z "${RESUTIL_TEST_EXPENSIVE:-}" || rounds=300
. ./test-lib.sh

test_expect_success PYTHON 'what is done is what the model does' '
	cat >model.py <<-\END &&
	import json, os, random, re, shutil, subprocess, sys

	HERE, THERE = "here", "there"
	NAMES = ["a", "b", "c.txt", "d-e", "d", "A", "a.b", "x y", "\u00e9"]
	PATTERNS = ["*", "a*", "a/*", "d/", "*.txt", "?", "[ab]*", "[!a]*",
	            "*/c.txt", "d*", "d/*/b", "x y", "*b", "a/b", "\u00e9*"]


	def matcher(pattern):
	    """The meaning of resutil-glob(7), by regular expressions."""
	    if pattern.endswith("/"):
	        pattern += "*"
	    text, i = "", 0
	    while i < len(pattern):
	        c = pattern[i]
	        if c == "*":
	            text += ".*"
	        elif c == "?":
	            text += "."
	        elif c == "[":
	            end = pattern.index("]", i + 2)
	            text += "[" + pattern[i + 1:end].replace("!", "^") + "]"
	            i = end
	        else:
	            text += re.escape(c)
	        i += 1
	    return re.compile(text + r"\Z", re.S).match


	def tree(r, share):
	    """Keys and contents; no key is a directory of another."""
	    out = {}
	    for _ in range(r.randrange(14)):
	        key = "/".join(r.choice(NAMES) for _ in range(r.randrange(1, 4)))
	        if any(k.startswith(key + "/") or key.startswith(k + "/")
	               for k in list(out) + list(share)):
	            continue
	        out[key] = share.get(key, "") if r.random() < .4 else \
	            "x" * r.randrange(3) + str(r.randrange(3))
	    return out


	def write(top, files):
	    shutil.rmtree(top, ignore_errors=True)
	    os.mkdir(top)
	    for key, text in files.items():
	        os.makedirs(os.path.dirname(os.path.join(top, key)), exist_ok=True)
	        with open(os.path.join(top, key), "w") as f:
	            f.write(text)


	def read(top):
	    out = {}
	    for at, dirs, files in os.walk(top):
	        assert files or dirs or at == top, "%s is empty" % at
	        for name in files:
	            if not name.startswith(".resutil-lock"):
	                path = os.path.join(at, name)
	                with open(path) as f:
	                    out[os.path.relpath(path, top)] = f.read()
	    return out


	def ask(*words, stdin=None):
	    p = subprocess.run(["resutil", "sync-keys", "--remote=dir:" + THERE,
	                        "--root=" + HERE, "--json", *words], input=stdin,
	                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
	    lines = [json.loads(l) for l in p.stdout.decode().splitlines()]
	    return p.returncode, {l["key"]: l["status"] for l in lines}, \
	        [l["key"] for l in lines], p.stderr.decode()


	def want_of(action, here, there, keep):
	    out = {}
	    for k in set(here) | set(there):
	        if action == "compare":
	            out[k] = "here" if k not in there else "there" \
	                if k not in here else "same" if here[k] == there[k] \
	                else "differs"
	        elif action in ("download", "upload"):
	            to, of = (here, there) if action == "download" else (there, here)
	            if k in of:
	                out[k] = "kept" if keep and k in to else "same" \
	                    if k in to and to[k] == of[k] else action + "ed"
	        elif k in (there if action == "remove" else here):
	            out[k] = action + "d"
	    return out


	def one(seed):
	    r = random.Random(seed)
	    here = tree(r, {})
	    there = tree(r, here)
	    pattern = r.choice(PATTERNS)
	    is_meant = matcher(pattern)
	    h = {k: v for k, v in here.items() if is_meant(k)}
	    t = {k: v for k, v in there.items() if is_meant(k)}
	    for action in "compare", "download", "upload", "remove", "delete":
	        write(HERE, here)
	        write(THERE, there)
	        keep = action in ("download", "upload") and r.random() < .3
	        words = ["--" + action, "-j%d" % r.choice([1, 2, 7]), "--", pattern]
	        stdin, hh, tt = None, h, t
	        if r.random() < .3:
	            named = [k for k in set(here) | set(there) if r.random() < .5]
	            r.shuffle(named)
	            stdin = "".join(k + "\n" for k in named).encode()
	            words.insert(0, "--stdin")
	            hh = {k: v for k, v in h.items() if k in named}
	            tt = {k: v for k, v in t.items() if k in named}
	        if keep:
	            words.insert(0, "--keep")
	        want = want_of(action, hh, tt, keep)
	        dry = ask("-n", *words, stdin=stdin)
	        assert read(HERE) == here and read(THERE) == there, words
	        code, got, keys, err = ask(*words, stdin=stdin)
	        context = (seed, words, here, there, got, err)
	        assert got == want, ("told", want) + context
	        assert code == (0 if want or stdin is not None else 10), context
	        assert dry[2] == sorted(dry[2], key=str.encode), context
	        would = {k: "would-" + action if v.startswith(action) else v
	                 for k, v in want.items()} if action != "compare" else want
	        assert dry[1] == would, ("would", would, dry[1]) + context
	        new_h, new_t = dict(here), dict(there)
	        for k, status in want.items():
	            if status == "downloaded":
	                new_h[k] = there[k]
	            elif status == "uploaded":
	                new_t[k] = here[k]
	            elif status == "removed":
	                del new_t[k]
	            elif status == "deleted":
	                del new_h[k]
	        assert read(HERE) == new_h, ("here", new_h) + context
	        assert read(THERE) == new_t, ("there", new_t) + context


	for seed in [int(os.environ["RANDOM_SEED"])] \
	        if "RANDOM_SEED" in os.environ else range(int(sys.argv[1])):
	    one(seed)
	END
	LC_ALL=C.UTF-8 python3 model.py $rounds
'

test_done
