"""query-oracle.py DIR [SEED] [RUNS]: what `resutil query` answers in the project
DIR, against the same questions to Python's sqlite3, whose tables are filled from
`read-exp --json`. Makes the experiments first: keys that SQL could stumble
over, values that change their type from run to run.
"""
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys

KEYS = ["lr", "LR", "Lr", "a.b", "a b", 'q"uote', "it's", "", "x;--",
        "'; DROP TABLE runs; --", "select", "\u65e5\u672c", "%", "_", "[x]",
        "back\\slash", "-1", "name", "depth"]
TEXTS = ["", "a", "A", "b c", "it's", '"', "NULL", "0.1", "\u00e9", "%a_",
         "line\nline", "\u65e5", "true"]

# ?K is one of the keys, as a text of SQL; ?R the name of a run.
QUERIES = [
    "SELECT * FROM params",
    "SELECT * FROM info",
    "SELECT * FROM results",
    "SELECT * FROM dependencies",
    "SELECT count(*), count(value), count(DISTINCT value) FROM params",
    "SELECT run, value FROM params WHERE key = ?K",
    "SELECT run, value FROM params WHERE key = ?K AND run = ?R",
    "SELECT key, value FROM info WHERE run = ?R",
    "SELECT key, value FROM info WHERE run = ?R OR key = ?K",
    "SELECT run FROM params WHERE key = ?K COLLATE NOCASE",
    "SELECT run FROM params WHERE key IN (?K, ?K, ?K)",
    "SELECT run FROM params WHERE key LIKE ?K",
    "SELECT run FROM params WHERE key > ?K",
    "SELECT run FROM params WHERE key = 1 OR key = NULL OR run = 0",
    "SELECT key, count(*), min(value), max(value), sum(iif("
    "typeof(value) = 'integer', value, 0)) FROM params"
    " GROUP BY key",
    "SELECT typeof(value), count(*) FROM params GROUP BY 1",
    "SELECT run, value FROM params WHERE typeof(value) = 'integer'"
    " ORDER BY value, run LIMIT 7",
    "SELECT p.run, p.value, i.value FROM params p JOIN info i"
    " ON p.run = i.run AND p.key = i.key",
    "SELECT p.run, i.key FROM params p LEFT JOIN info i"
    " ON p.run = i.run AND i.key = ?K WHERE p.key = ?K",
    "SELECT r.name, p.value FROM runs r LEFT JOIN params p"
    " ON p.run = r.name AND p.key = ?K",
    "SELECT name FROM runs WHERE name IN (SELECT run FROM params"
    " WHERE key = ?K AND value > 0)",
    "SELECT name FROM runs WHERE name = ?R",
    "SELECT name FROM runs WHERE name >= ?R ORDER BY name DESC",
    "SELECT d.needs, count(*) FROM dependencies d JOIN runs r"
    " ON r.name = d.needs GROUP BY d.needs",
    "SELECT run, key, rank() OVER (PARTITION BY key ORDER BY run) FROM params",
    "SELECT p.run, j.value FROM params p, json_each(p.value) j"
    " WHERE p.key = ?K AND json_valid(p.value)"
    " AND json_type(p.value) = 'array'",
    "SELECT name, state, \"params.depth\" FROM runs WHERE \"params.depth\" > 2",
    "SELECT avg(\"params.depth\"), state FROM runs GROUP BY state",
    "SELECT a.name, b.name FROM runs a JOIN runs b"
    " ON a.\"params.depth\" = b.\"params.depth\" AND a.name < b.name",
    "SELECT name, \"params.\"\"a b\"\"\" FROM runs",
    "SELECT key, count(*), typeof(median(value)), typeof(stddev(value)),"
    " printf('%.9g', median(value)), printf('%.9g', stddev(value)),"
    " printf('%.9g', quantile(value, 0.3)), quantile(value, 1)"
    " FROM params WHERE typeof(value) <> 'real' OR abs(value) < 1e15"
    " GROUP BY key",
]


class Sample:
    """Numbers alone, as resutil-query(1) says of its functions."""

    def __init__(self):
        self.found, self.part = [], None

    def step(self, given, part=None):
        self.part = part
        if isinstance(given, (int, float)):
            self.found.append(float(given))


class Median(Sample):
    def finalize(self):
        return statistics.median(self.found) if self.found else None


class Deviation(Sample):
    def finalize(self):
        return statistics.stdev(self.found) if self.found[1:] else None


class Quantile(Sample):
    def finalize(self):
        if not self.found:
            return None
        found = sorted(self.found)
        at = (len(found) - 1) * self.part
        low = found[int(at)]
        high = found[min(int(at) + 1, len(found) - 1)]
        return low + (high - low) * (at - int(at))


def value(rand):
    return rand.choice([
        lambda: rand.choice(TEXTS), lambda: rand.randint(-5, 5),
        lambda: rand.choice([0.5, -0.5, 1e300, 1e-05, 3.0]),
        lambda: rand.random() < 0.5, lambda: None,
        lambda: [1, rand.choice(TEXTS), [True, None]],
        lambda: 2**53 + rand.randint(0, 9),
    ])()


def params(rand):
    found = {key: value(rand) for key in rand.sample(KEYS[:-2], 5)}
    if rand.random() < 0.8:
        found["depth"] = rand.randint(0, 4)
    return found


def record(rand, nr, names):
    needs = rand.sample(names, min(len(names), rand.randint(0, 2)))
    if rand.random() < 0.1:
        needs.append("aaaaaa_20240101T000000_gone")
    return {"state": rand.choice(["done", "fail", "added"]),
            "params": params(rand), "info": params(rand),
            "result": value(rand) if nr % 2 else params(rand),
            "dependency": sorted(needs)}


def make(rand, runs):
    names = []
    for nr in range(runs):
        name = "aapf%s_20240704T%02d%02d00_%s" % (
            chr(97 + nr // 26) + chr(97 + nr % 26), nr // 60, nr % 60,
            rand.choice(["a", "B", "it's", "x y"]))
        os.makedirs("results/" + name)
        # JSON is YAML.
        with open("results/%s/resutil-exp.yaml" % name, "w") as out:
            json.dump(record(rand, nr, names), out)
        names.append(name)
    return names


def plain(given):
    if isinstance(given, bool):
        return int(given)
    if isinstance(given, (list, dict)):
        return json.dumps(given, ensure_ascii=False, separators=(",", ":"))
    return given


def path_word(key):
    """A component of a field's path, as resutil-fields(7) writes it."""
    if key and all(ord(c) >= 0x80 or c.isalnum() or c in "_-" for c in key):
        return key
    return '"%s"' % key.replace("\\", "\\\\").replace('"', '\\"')


def fill(names):
    db = sqlite3.connect(":memory:")
    db.create_aggregate("median", 1, Median)
    db.create_aggregate("stddev", 1, Deviation)
    db.create_aggregate("quantile", 2, Quantile)
    for table in "params", "info", "results":
        db.execute("CREATE TABLE %s (run, key, value)" % table)
    db.execute("CREATE TABLE dependencies (run, needs, needs_id)")
    db.execute("CREATE TABLE runs (name, state, \"params.depth\","
               " \"params.\"\"a b\"\"\")")
    for name in names:
        run = json.loads(subprocess.run(
            ["resutil", "read-exp", "--json", name], check=True,
            stdout=subprocess.PIPE).stdout)
        given = run.get("params", {})
        db.execute("INSERT INTO runs VALUES (?, ?, ?, ?)",
                   (name, run["state"], plain(given.get("depth")),
                    plain(given.get("a b"))))
        for table, key in ("params", "params"), ("info", "info"), \
                ("results", "result"):
            found = run.get(key, {})
            if not isinstance(found, dict):
                db.execute("INSERT INTO %s VALUES (?, '', ?)" % table,
                           (name, plain(found)))
                continue
            for word, item in found.items():
                db.execute("INSERT INTO %s VALUES (?, ?, ?)" % table,
                           (name, path_word(word), plain(item)))
        for needs in run.get("dependency", []):
            db.execute("INSERT INTO dependencies VALUES (?, ?, NULL)",
                       (name, needs))
    return db


def quoted(text):
    return "'%s'" % text.replace("'", "''")


def order(row):
    return [(str(type(x)), str(x)) for x in row]


def ask(sql):
    out = subprocess.run(["resutil", "query", "--json", "-"],
                         input=sql.encode(), check=True,
                         stdout=subprocess.PIPE).stdout
    return [list(json.loads(line).values())
            for line in out.decode().split("\n")[:-1]]


def main():
    os.chdir(sys.argv[1])
    rand = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    names = make(rand, int(sys.argv[3]) if len(sys.argv) > 3 else 60)
    db = fill(names)
    rows = 0
    for query in QUERIES:
        while "?K" in query:
            query = query.replace(
                "?K", quoted(path_word(rand.choice(KEYS))), 1)
        while "?R" in query:
            query = query.replace("?R", quoted(rand.choice(names)), 1)
        want = [list(row) for row in db.execute(query)]
        got = ask(query)
        rows += len(got)
        assert sorted(got, key=order) == sorted(want, key=order), \
            "%s\ngot %s\nwant %s" % (query, got[:5], want[:5])
    print("%d queries, %d rows" % (len(QUERIES), rows))


main()
