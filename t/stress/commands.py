"""Running commands of resutil, and killing some of them on the way.

Each command is the head of a process group of its own. A command is over when
nobody of its group is left; the last thing that is done with any of them is to
look for that, so no process stays behind.
"""
import collections
import os
import signal
import subprocess
import time

# Longer than anything here takes on a busy machine.
HANGS = 180
# Statuses that a command may end with while others change what it is about.
KNOWN = {0, 3, 10, 14}
# What sanitizers and shells say, and wrong usage.
NEVER = {86, 126, 127, 129}


class Wrong(Exception):
    pass


class Done:
    def __init__(self, code, out, err, killed):
        self.code, self.out, self.err, self.killed = code, out, err, killed

    @property
    def ok(self):
        return self.code == 0


class Commands:
    def __init__(self, top, log, faulty=None, kills=0.12):
        self.top, self.faulty, self.kills = top, faulty, kills
        self.log = log
        self.took = collections.defaultdict(lambda: 0.05)
        self.nr = self.nr_killed = 0
        self.env = dict(os.environ, RESUTIL_NO_INTERACTIVE="1",
                        HOME=os.path.join(top, "home"))
        self.env.pop("RESUTIL_NO_REMOTE", None)

    def how_to_kill(self, rng, args):
        """None, or (what, when)"""
        if rng.random() >= self.kills:
            return None
        what = rng.choice(["group", "group", "parent", "term", "int"] +
                          ["fault"] * 5 * bool(self.faulty))
        if what == "fault":
            return what, "any:%d:%s" % (int(rng.expovariate(1 / 30)) + 1,
                                        rng.choice(["kill", "kill-after"]))
        return what, rng.expovariate(1 / self.took[args[0]])

    def run(self, clone, args, kill=None, known=KNOWN):
        env, program = self.env, "resutil"
        if kill and kill[0] == "fault":
            env = dict(env, RESUTIL_TEST_FAULT=kill[1])
            program = self.faulty
        began = time.monotonic()
        child = subprocess.Popen(
            [program, "-C", clone, *args], env=env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            errors="backslashreplace", start_new_session=True)
        try:
            out, err = self.wait(child, kill)
        finally:
            self.end_group(child, args)
        took = time.monotonic() - began
        self.nr += 1
        self.nr_killed += bool(kill)
        if not kill:
            self.took[args[0]] += (took - self.took[args[0]]) / 8
        self.log("%s: %s%s -> %d in %.2f s | %s | %s" % (
            os.path.basename(clone), " ".join(args),
            " [%s %s]" % kill if kill else "", child.returncode, took,
            out.strip().replace("\n", "; ")[:600],
            err.strip().replace("\n", "; ")))
        self.judge(child.returncode, args, kill, known, out + err)
        return Done(child.returncode, out, err, bool(kill))

    def judge(self, code, args, kill, known, said):
        died = code < 0 or code > 129
        if code in NEVER - known or (not kill and (died or
                                                   code not in known)):
            raise Wrong("'%s' ended with status %d: %s" % (
                " ".join(args), code, said))
        if code in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS):
            raise Wrong("'%s' died of signal %d" % (" ".join(args), -code))

    def wait(self, child, kill):
        if kill and kill[0] != "fault":
            try:
                return child.communicate(timeout=kill[1])
            except subprocess.TimeoutExpired:
                pass
            # It has not been waited for: the number is still its own.
            if kill[0] == "parent":
                child.kill()
            else:
                os.killpg(child.pid, {"group": signal.SIGKILL,
                                      "term": signal.SIGTERM,
                                      "int": signal.SIGINT}[kill[0]])
        try:
            return child.communicate(timeout=HANGS)
        except subprocess.TimeoutExpired:
            raise Wrong("'%s' hangs: %s" % (
                " ".join(child.args[3:]), describe(child.pid))) from None

    def end_group(self, child, args):
        """Waits for whoever is left; -1 is somebody who does not end."""
        patience = time.monotonic() + 30
        while group_lives(child.pid):
            if time.monotonic() > patience or child.poll() is None:
                text = describe(child.pid)
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
                if time.monotonic() > patience:
                    raise Wrong("'%s' left behind: %s" % (
                        " ".join(args), text))
            time.sleep(0.01)


def group_lives(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def describe(group):
    """The processes of a group, where they wait, and on which files."""
    found = []
    for pid in os.listdir("/proc"):
        if not pid.isdigit():
            continue
        try:
            if os.getpgid(int(pid)) != group:
                continue
            with open("/proc/%s/cmdline" % pid) as f:
                words = f.read().replace("\0", " ")
            with open("/proc/%s/wchan" % pid) as f:
                where = f.read()
            fds = "/proc/%s/fd" % pid
            files = [os.readlink(os.path.join(fds, fd))
                     for fd in os.listdir(fds)]
        except (OSError, ProcessLookupError):
            continue
        found.append("[%s %s, in %s, %s]" % (pid, words, where, files))
    return " ".join(found)
