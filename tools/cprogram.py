"""Asks the program, for the scripts beside this one."""
import subprocess


def ask(program, *args):
    """Status and output of `resutil ARGS`, outside any project."""
    done = subprocess.run([program, *args], cwd="/", stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=20, check=False)
    return done.returncode, done.stdout
