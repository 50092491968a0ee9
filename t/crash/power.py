"""The machine stops: what is left is built by t/helper/power-loss.py."""
import importlib.util
import os
import shutil

HELPER = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "../helper/power-loss.py")


def load(path):
    spec = importlib.util.spec_from_file_location("power_loss", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LOSS = load(HELPER)
# "all" is what SIGKILL leaves, which crash.py does as well.
POLICIES = tuple(p for p in LOSS.POLICIES if p != "all")


def environment(journal, root):
    return {"RESUTIL_TEST_JOURNAL": journal, "RESUTIL_TEST_JOURNAL_ROOT": root}


def lose(journal, policy, out, was):
    """Makes `out`: what is left of `was` after the last call of the journal.
    Packs that lost nothing keep their inode, which is their version."""
    try:
        states = LOSS.Journal(journal)
        states.build(states.count, policy, out)
    except (FileNotFoundError, SystemExit):
        # not one call has worked by then
        shutil.copytree(was, out, symlinks=True)
    for at, _, names in os.walk(out):
        for name in names:
            path = os.path.join(at, name)
            old = os.path.join(was, os.path.relpath(path, out))
            if name.endswith(".zip") and same_file(path, old):
                os.unlink(path)
                os.link(old, path)


def same_file(path, old):
    return os.path.exists(old) and content(path) == content(old)


def content(path):
    with open(path, "rb") as f:
        return f.read()
