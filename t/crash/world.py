"""A world: the directory in which a scenario happens, and the commands in it.

No command is left behind: what a killed one started is waited for, too.
"""
import ctypes
import os
import select
import shutil
import signal
import subprocess
import time

import gcs
import model
import s3

CONF = """\
project_name: project
results_dir: results
storage_type: dir
storage_config:
  path: ../store
"""
PLACES = {"s3": s3, "gcs": gcs}
START = 1720091755
PATIENCE = 60           # seconds for one command


class World:
    """The directory in which a scenario happens, always at the same path."""

    def __init__(self, top, build, servers):
        self.top, self.build, self.servers = top, build, servers
        self.live = os.path.join(top, "live")
        self.running = self.bucket = None

    def use(self, place):
        """The store of what comes: an empty bucket, or (None) a directory."""
        self.bucket = None
        if place:
            self.bucket = PLACES[place].Bucket(self.servers[place],
                                               "world-%d" % os.getpid())
            self.bucket.load(self.path("store"), {})
        return self.bucket

    def path(self, rel):
        return os.path.join(self.live, rel)

    def reset(self):
        remove(self.live)
        for name in ("home", "tmp", "store"):
            os.makedirs(self.path(name))
        self.clock = START

    def env(self, **more):
        env = {
            "PATH": "%s:%s" % (self.build, os.environ["PATH"]),
            "HOME": self.path("home"), "TMPDIR": self.path("tmp"),
            "LC_ALL": "C", "TZ": "UTC", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CEILING_DIRECTORIES": self.top,
            "RESUTIL_NO_INTERACTIVE": "1",
            "RESUTIL_TEST_NOW": str(self.clock),
            # A run is looked for among all processes: no other world has it.
            "RESUTIL_TEST_ID": "%08x-2222-4333-8444-%012d" % (os.getpid(),
                                                              self.clock),
            "CRASH_WITNESS": os.path.join(self.top, "witness"),
            "CRASH_SAID": os.path.join(self.top, "said"),
        }
        env.update((k, v) for k, v in os.environ.items()
                   if k.endswith("SAN_OPTIONS"))
        if self.bucket:
            env.update(self.bucket.client_env())
        env.update(more)
        return env

    def run(self, who, *argv, program="resutil", **env):
        """Returns (status, stdout, stderr) when all its processes are gone.
        Raises Broken when they do not go."""
        out, err = (os.path.join(self.top, n) for n in ("out", "err"))
        with open(out, "wb") as o, open(err, "wb") as e:
            child = subprocess.Popen(
                [program, *argv], cwd=self.path(who), env=self.env(**env),
                stdin=subprocess.DEVNULL, stdout=o, stderr=e,
                start_new_session=True)
        self.running = child.pid
        if not ends(child.pid):
            end_group(child.pid)
            child.wait()
            reap(child.pid)
            raise model.Broken("'%s' does not end" % " ".join(argv))
        status = child.wait()
        if reap(child.pid):
            raise model.Broken("'%s' leaves processes" % " ".join(argv))
        return status, text_of(out), text_of(err)

    def stop(self, *_):
        """The driver is interrupted: nothing of this world goes on."""
        if self.running:
            end_group(self.running)
        for pid in children():
            os.kill(pid, signal.SIGKILL)
        os._exit(1)

    # For scenarios.

    def do(self, who, *argv, program="resutil", **env):
        self.clock += 60
        status, out, err = self.run(who, *argv, program=program, **env)
        if status:
            raise RuntimeError("%s: %s" % (" ".join(argv), err))
        return out

    def crash(self, fault, who, *argv):
        self.clock += 60
        status = self.run(who, *argv, RESUTIL_TEST_FAULT=fault)[0]
        if not status:
            raise RuntimeError("%s: not hurt by %s" % (" ".join(argv), fault))

    def git(self, who, *argv):
        os.makedirs(self.path(who), exist_ok=True)
        self.do(who, "-c", "user.name=x", "-c", "user.email=x@example.org",
                *argv, program="git", GIT_COMMITTER_DATE="@1720000000 +0000",
                GIT_AUTHOR_DATE="@1720000000 +0000")

    def write(self, rel, text):
        os.makedirs(os.path.dirname(self.path(rel)), exist_ok=True)
        with open(self.path(rel), "w", encoding="latin-1") as f:
            f.write(text)

    def damage(self, rel):
        """One bit in the middle. The file is new: the old one may be linked."""
        data = bytearray(model.read_file(self.path(rel)))
        data[len(data) // 2] ^= 1
        os.unlink(self.path(rel))
        with open(self.path(rel), "wb") as f:
            f.write(data)

    def conf(self, who):
        self.write(who + "/resutil-conf.yaml",
                   self.bucket.conf() if self.bucket else CONF)

    def add(self, who, comment, files, *argv):
        source = self.path("source")
        os.mkdir(source)
        for rel, text in files.items():
            self.write("source/" + rel, text)
        self.do(who, "add", comment, "--from", source, *argv)
        shutil.rmtree(source)

    def named(self, who, comment):
        results = os.listdir(self.path(who + "/results"))
        return [n for n in results if n.endswith("_" + comment)][0]


def text_of(path):
    return model.read_file(path).decode("utf-8", "replace")


def remove(top):
    """rm -rf, also of directories that may not be written."""
    if os.path.isdir(top):
        for at, _, _ in os.walk(top):
            os.chmod(at, 0o700)
        shutil.rmtree(top)


def copy(source, target):
    """A copy of a world. Packs in the store are linked: they are never changed
    in place, and their inode is their version."""
    os.mkdir(target)
    for entry in os.scandir(source):
        to = os.path.join(target, entry.name)
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), to)
        elif entry.is_dir():
            copy(entry.path, to)
        elif entry.name.endswith(".zip"):
            os.link(entry.path, to)
        else:
            shutil.copy2(entry.path, to)
    shutil.copystat(source, target)


# ---- processes ---------------------------------------------------------------

def adopt_orphans():
    """What a killed command leaves becomes a child of this process (Linux,
    PR_SET_CHILD_SUBREAPER), which can wait for it."""
    ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0)


def ends(pid):
    """Whether it ends in time. (Popen.wait() with a timeout asks again and
    again, and sleeps in between.)"""
    fd = os.pidfd_open(pid)
    ready, _, _ = select.select([fd], [], [], PATIENCE)
    os.close(fd)
    return bool(ready)


def end_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def reap(group):
    """Waits for all children. True if some had to be killed."""
    end, killed = time.monotonic() + PATIENCE, False
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return killed
        if pid:
            continue
        if time.monotonic() > end:
            killed = True
            end_group(group)
            for pid in children():
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.002)


def children():
    me = os.getpid()
    with open("/proc/%d/task/%d/children" % (me, me)) as f:
        return [int(pid) for pid in f.read().split()]
