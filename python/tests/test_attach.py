"""Files of a run: all modes of open(), whole or not at all."""

import errno
import fcntl
import os
import tempfile
import unittest
from typing import Any, List

from resutil import _attach
from resutil._attach import place_all, safe_path

MODES = ["r", "w", "x", "a", "r+", "w+", "x+", "a+"]


def open_attached(path: str, mode: str = "w", *more: Any,
                  **options: Any) -> Any:
    """As in the run of the directory that the file is in, or the one above.
    """
    run = path
    while not os.path.isdir(run) or run == path:
        run = os.path.dirname(run)
    return _attach.open_attached(run, path, mode, *more, **options)


class AttachTest(unittest.TestCase):
    def setUp(self) -> None:
        above = tempfile.TemporaryDirectory()
        self.addCleanup(above.cleanup)
        self.above = above.name
        self.dir = os.path.join(above.name, "run")
        os.mkdir(self.dir)

    def tearDown(self) -> None:
        self.assertEqual(os.listdir(self.above), ["run"])

    def path(self, name: str) -> str:
        return os.path.join(self.dir, name)

    def put(self, name: str, text: str) -> str:
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)

    def text(self, name: str) -> str:
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def outcome(self, opener: Any, mode: str, there: bool) -> List[Any]:
        """What a file holds and an open file can do, or the error."""
        with tempfile.TemporaryDirectory() as top:
            above = os.path.join(top, "run")
            os.mkdir(above)
            path = os.path.join(above, "f")
            if there:
                with open(path, "wb") as f:
                    f.write(b"12\n34\n")
            seen: List[Any] = []
            try:
                with opener(path, mode) as f:
                    seen += [f.readable(), f.writable(), f.seekable(),
                             f.tell(), f.name == path]
                    if f.writable():
                        seen.append(f.write(b"ab" if "b" in mode else "ab"))
                    if f.readable():
                        f.seek(0)
                        seen.append(f.read())
                seen.append(f.closed)
            except OSError as e:
                seen.append(type(e))
            if os.path.exists(path):
                with open(path, "rb") as f:
                    seen.append(f.read())
            seen += [os.listdir(above), os.listdir(top)]
            return seen

    def test_every_mode_does_what_open_does(self) -> None:
        modes = [first + kind for first in MODES for kind in ("", "b", "t")]
        modes += ["tw", "bw", "b+w", "+br", "wt+"]
        for mode in modes:
            for there in (False, True):
                with self.subTest(mode=mode, there=there):
                    self.assertEqual(
                        self.outcome(open_attached, mode, there),
                        self.outcome(open, mode, there))

    def test_modes_that_are_none_are_refused_as_by_open(self) -> None:
        for mode in ("", "wr", "z", "wbt", "ww", "w++", "wa", "bt"):
            with self.subTest(mode=mode):
                with self.assertRaises(ValueError):
                    open_attached(self.path("f"), mode).close()
        with self.assertRaises(ValueError):
            open_attached(self.path("f"), "wb", encoding="utf-8")
        with self.assertRaises(ValueError):
            open_attached(self.path("f"), "w", 0)
        self.assertEqual(os.listdir(self.dir), [])

    def test_a_file_is_there_when_it_is_whole(self) -> None:
        self.put("f", "old")
        with open_attached(self.path("f")) as f:
            f.write("new")
            f.flush()
            self.assertEqual(self.text("f"), "old")
            hidden = ".run.{}.1.tmp".format(os.getpid())
            self.assertEqual(sorted(os.listdir(self.above)), [hidden, "run"])
            fd = os.open(os.path.join(self.above, hidden), os.O_RDONLY)
            with self.assertRaises(BlockingIOError):
                fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            os.close(fd)
        self.assertEqual(self.text("f"), "new")
        self.assertEqual(os.listdir(self.dir), ["f"])

    def test_permissions_of_a_replaced_file_stay(self) -> None:
        os.chmod(self.put("f", "old"), 0o640)
        open_attached(self.path("f")).close()
        self.assertEqual(os.stat(self.path("f")).st_mode & 0o777, 0o640)

    def test_text_is_utf_8_and_newlines_are_as_asked(self) -> None:
        with open_attached(self.path("f"), newline="\r\n") as f:
            f.write("é\n")
        with open(self.path("f"), "rb") as raw:
            self.assertEqual(raw.read(), b"\xc3\xa9\r\n")

    def test_a_failed_write_leaves_the_old_file(self) -> None:
        self.put("f", "old")
        f = open_attached(self.path("f"), "wb", 0)
        f.write(b"ne")
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, f.fileno())
        os.close(full)
        with self.assertRaises(OSError) as caught:
            f.write(b"w" * 100000)
        self.assertEqual(caught.exception.errno, errno.ENOSPC)
        f.close()
        self.assertEqual(self.text("f"), "old")
        self.assertEqual(os.listdir(self.dir), ["f"])

    def test_exclusive_loses_to_who_was_faster(self) -> None:
        f = open_attached(self.path("f"), "x")
        f.write("second")
        self.put("f", "first")
        with self.assertRaises(FileExistsError):
            f.close()
        self.assertEqual(self.text("f"), "first")
        self.assertEqual(os.listdir(self.dir), ["f"])

    def test_open_files_get_their_names_at_the_end_of_a_run(self) -> None:
        f = open_attached(self.path("f"))
        f.write("so far")
        self.assertEqual(place_all([f]), [])
        self.assertEqual(self.text("f"), "so far")
        f.write(", and more")
        f.close()
        self.assertEqual(self.text("f"), "so far, and more")
        self.assertEqual(place_all([f]), [])

    def test_more_than_there_are_hidden_names(self) -> None:
        self.addCleanup(setattr, _attach, "_TRIES", _attach._TRIES)
        _attach._TRIES = 2
        with open_attached(self.path("f")) as f, \
                open_attached(self.path("g")) as g:
            f.write("one")
            g.write("two")
        self.assertEqual((self.text("f"), self.text("g")), ("one", "two"))

    def test_devices_and_directories(self) -> None:
        os.symlink("/dev/null", self.path("null"))
        open_attached(self.path("null")).close()
        self.assertTrue(os.path.islink(self.path("null")))
        os.mkdir(self.path("d"))
        with self.assertRaises(IsADirectoryError):
            open_attached(self.path("d"))

    def test_directories_are_made(self) -> None:
        open_attached(self.path("a/b/f"), "a").close()
        with self.assertRaises(FileNotFoundError):
            open_attached(self.path("c/f"), "r")
        self.assertEqual(os.listdir(self.dir), ["a"])
        with open_attached(self.path("d/e/f")):
            self.assertEqual(os.listdir(self.dir), ["a"])
        self.assertEqual(os.listdir(self.path("d/e")), ["f"])
        for mode in ("w", "a"):
            with self.assertRaises((NotADirectoryError, FileExistsError)):
                open_attached(self.path("d/e/f/g"), mode)

    def test_names_stay_inside(self) -> None:
        os.mkdir(self.path("run"))
        os.symlink("..", self.path("run/up"))
        os.symlink("/etc/passwd", self.path("run/link"))
        run = self.path("run")
        for name in ("", "/etc/passwd", "../f", "a/../../f", "up/f", "link",
                     "a/", ".", "a\0b"):
            with self.subTest(name=name):
                with self.assertRaises(ValueError):
                    safe_path(run, name, True)
        self.assertEqual(safe_path(run, "./a//b", True),
                         os.path.join(run, "a", "b"))

    def test_resutils_own_files_are_not_written(self) -> None:
        for name in ("resutil-exp.yaml", "resutil-exp.yaml.1.tmp",
                     "metrics-0000.csv", ".resutil-live"):
            with self.subTest(name=name):
                with self.assertRaises(ValueError):
                    safe_path(self.dir, name, True)
                safe_path(self.dir, name, False)
                safe_path(self.dir, "sub/" + name, True)


if __name__ == "__main__":
    unittest.main()
