"""The programs of votakvot's README, with the module ``votakvot`` of resutil.

RESUTIL_BIN, or ``resutil`` on PATH, is the program under test.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from typing import Any

SHIM = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(
    __file__))), "votakvot-shim")

BASIC = '''
import votakvot

@votakvot.track()
def my_experiment(one, two):
    print(one, two)
    return one + two

votakvot.init(
    path="./my-results",  # path, where to store results, "." by default
)

assert my_experiment(1, 2) == 3
assert my_experiment(one=3, two=4) == 7
'''

INFORM = '''
import votakvot

@votakvot.track()
def my_experiment(one, two):
    ...
    votakvot.inform(
        any_custom_field="any-value",
        other_custom_field=["structured", "data"],
    )
    ...

votakvot.init(path="./my-results")
my_experiment(1, 2)
'''

REPORTS = '''
import datetime
import subprocess
import sys

import votakvot
from votakvot import load_trials

sys.path.insert(0, "code")
subprocess.check_call(["git", "init", "-q"])
subprocess.check_call(["git", "-c", "user.name=x", "-c", "user.email=x@x",
                       "commit", "-q", "--allow-empty", "-m", "one"])
import my_module

votakvot.init(path="results")
for one in range(3):
    my_module.function_name(one, two=2)

root = "results"
day = datetime.datetime.now().strftime("%y-%m-%d")
hour = datetime.datetime.now().strftime("%H")

def count(report):
    return len(report)

# load all experiments from `root`
assert count(votakvot.load_report(root)) == 3
# load all experiments with additinoal fields
assert count(votakvot.load_report(root, full=True)) == 3
# load all experiemnts for specified function only
assert count(votakvot.load_report(f"{root}/my_module/function_name")) == 3
assert count(votakvot.load_report(f"{root}/my_module/another")) == 0
# load experiments for a single day (any function)
assert count(votakvot.load_report(f"{root}/**/{day}")) == 3
assert count(votakvot.load_report(f"{root}/**/20-05-20")) == 0
# load exprriments for a particular hour (any function)
assert count(votakvot.load_report(f"{root}/**/{day}/{hour}:*")) in range(4)
assert count(votakvot.load_report(f"{root}/**/{day}/*:*")) == 3

try:
    import pandas
except ImportError:
    rows = votakvot.load_report(root)
else:
    df = pandas.concat(
        votakvot.load_report(f"{root}/**/{day}/**")
        for day in [day, "21-05-21", "21-05-22"]
    )
    assert len(df) == 3
    assert sorted(df.result) == [2, 3, 4]
    rows = df.to_dict("records")
assert sorted(row["one"] for row in rows) == [0, 1, 2]

# load dict of {id -> votakvot.Trial}
vs = load_trials(root)
print("count", len(vs))
print("ids:", vs.keys())
# print raw content of `votakvot.yaml` files
print("data", [v.data for v in vs.values()])
# print only git related information
print("git commits", [v.meta.git.commit for v in vs.values()])
'''

MY_MODULE = '''
import votakvot

@votakvot.track()
def function_name(one, two):
    return one + two
'''

METRICS = '''
import votakvot

@votakvot.track()
def my_experiment():
    for n in range(5):
        votakvot.meter(
            metric_name="metric value",
        )
        votakvot.meter("timing", n, unit="s")

votakvot.init()
my_experiment()
rep = votakvot.load_report()
try:
    tid = rep.loc[0]['tid']             # trial id
except AttributeError:
    tid = rep[0]['tid']
made = votakvot.metrics.load_metrics(tid)
assert len(made) == 10, made
import votakvot.metrics
trial = votakvot.load_trials()[tid]
assert len(trial.load_metrics()) == 10
'''

ATTACH = '''
import votakvot

@votakvot.track()
def my_experiment(one, two):
    ...
    with votakvot.attach("my-file-name.txt", mode='tw') as f:
        f.write("some text ...")

votakvot.init()
my_experiment(1, 2)
[trial] = votakvot.load_trials().values()
assert trial.attached == ["my-file-name.txt"], trial.attached
assert trial.attach("my-file-name.txt").read() == b"some text ..."
'''

META = '''
import subprocess
import votakvot

# make copy of all providers
my_proivders = dict(votakvot.meta.providers)

# add information about k8s
my_proivders['k8s.version'] = lambda: subprocess.getoutput("kubectl version")
my_proivders['k8s.cluster_info'] = lambda: subprocess.getoutput("kubectl cluster-info")

# include list of all python libraries
my_proivders['python.pip_freeze'] = lambda: subprocess.getoutput("echo pip freeze")

# delete deafult medatata for 'git'
my_proivders = {
    k: v
    for k, v in my_proivders.items()
    if not k.startswith("git.")
}
assert any(k.startswith("git.") for k in votakvot.metadata_providers)

# here 'kubectl' command is invoked, but 'git' does not
votakvot.init(
    meta_providers=my_proivders,  # use custom set of meta providers
)

@votakvot.track()
def fn():
    pass

fn()
[trial] = votakvot.load_trials().values()
assert "git" not in trial.meta
assert trial.meta.k8s.version == "Client Version: v1"
assert trial.meta["k8s"]["cluster_info"] == "Client Version: v1"
assert trial.meta.python.pip_freeze == "pip freeze"
assert trial.meta.python.version
'''

RESUMABLE = '''
import random
import sys
import votakvot

class my_function(votakvot.resumable_fn):

    snapshot_period = 0  # only in-between `self.loop()` calls

    def init(self, n, seed):
        self.n, self.hits, self.done = n, 0, 0
        self.random = random.Random(seed)

    def loop(self):
        if self.done < self.n:
            x, y = self.random.random(), self.random.random()
            self.hits += x * x + y * y < 1
            self.done += 1
            if self.done == int(sys.argv[1]):
                raise KeyboardInterrupt
            return None      # repeat `self.loop()` one more time
        else:
            return 4.0 * self.hits / self.n

votakvot.init("trials")
n, s = 20, 1
# autoresume when there is a snapshot for this id on the filesystem
trial = votakvot.run(
    f"resumable_pi/n={n}/seed={s}",   # id must be explicitly specified for resumable tasks
    my_function,
    n=n,
    seed=s,
)
print(trial.result, trial.state, trial.tid)
'''

MODULES = '''
import votakvot
import votakvot.core, votakvot.data, votakvot.hook
import votakvot.meta, votakvot.metrics, votakvot.runner
from votakvot.meta import providers
import resutil

assert votakvot.meta is resutil.meta
assert providers is votakvot.metadata_providers
assert votakvot.data.Trial is votakvot.Trial
assert votakvot.core.track is votakvot.track is resutil.track
assert votakvot.__version__ == resutil.__version__
for name in votakvot.__all__:
    getattr(votakvot, name)
'''


class ReadmeTest(unittest.TestCase):
    def setUp(self) -> None:
        above = tempfile.TemporaryDirectory()
        self.addCleanup(above.cleanup)
        self.dir = above.name
        os.mkdir(self.path("bin"))
        self.write("bin/kubectl", "#!/bin/sh\necho Client Version: v1\n")
        os.chmod(self.path("bin/kubectl"), 0o755)
        self.env = dict(os.environ)
        self.env["PYTHONPATH"] = SHIM + os.pathsep + \
            os.environ.get("PYTHONPATH", "")
        self.env["PATH"] = self.path("bin") + os.pathsep + os.environ["PATH"]

    def path(self, name: str) -> str:
        return os.path.join(self.dir, name)

    def write(self, name: str, text: str) -> None:
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)

    def run_program(self, text: str, *words: str, status: int = 0) -> Any:
        self.write("program.py", text)
        done = subprocess.run(
            [sys.executable, *_flags(), "program.py", *words], cwd=self.dir,
            env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            check=False, timeout=180)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, status, said)
        if not status:
            self.assertEqual(said, "")
        return done.stdout.decode()

    def test_basic_usage(self) -> None:
        self.assertEqual(self.run_program(BASIC), "1 2\n3 4\n")
        names = os.listdir(self.path("my-results"))
        self.assertEqual(names, ["__main__.my_experiment"])

    def test_inform(self) -> None:
        self.run_program(INFORM)

    def test_load_reports(self) -> None:
        self.write("code/my_module.py", MY_MODULE)
        said = self.run_program(REPORTS)
        self.assertIn("count 3", said)
        self.assertRegex(said, r"git commits \['[0-9a-f]{40}', ")

    def test_metrics(self) -> None:
        self.run_program(METRICS)

    def test_attached_files(self) -> None:
        self.run_program(ATTACH)

    def test_metadata(self) -> None:
        self.run_program(META)

    def test_resumable_tasks(self) -> None:
        straight = self.run_program(
            RESUMABLE.replace('"trials"', '"straight"'), "99")
        self.run_program(RESUMABLE, "7", status=-2)
        self.run_program(RESUMABLE, "13", status=-2)
        self.assertEqual(self.run_program(RESUMABLE, "99"), straight)
        self.assertEqual(self.run_program(RESUMABLE, "3"), straight)

    def test_modules(self) -> None:
        self.run_program(MODULES)


def _flags() -> Any:
    """-S is no word of sys.executable."""
    return ["-S"] if sys.flags.no_site else []


if __name__ == "__main__":
    unittest.main()
