"""The words for resutil on the command line of a program."""

import os
import subprocess
import sys
import unittest

from resutil import _flags

PACKAGE = os.path.dirname(os.path.dirname(_flags.__file__))


def run_python(code, *words, **env):
    """What a program prints that is started with these words."""
    return subprocess.run(
        [sys.executable, "-B", "-c", code, *words], check=True,
        stdout=subprocess.PIPE, universal_newlines=True,
        env=dict(os.environ, PYTHONPATH=PACKAGE, **env)).stdout


class Split(unittest.TestCase):
    def test_they_are_taken_out(self):
        for words, left, given in (
                ([], [], {}),
                (["--lr", "0.1"], ["--lr", "0.1"], {}),
                (["--resutil_comment", "a b", "x"], ["x"],
                 {"comment": "a b"}),
                (["--reusitl_comment", "c"], [], {"comment": "c"}),
                (["--resutil_comment=a=b"], [], {"comment": "a=b"}),
                (["--resutil_comment="], [], {"comment": ""}),
                (["--resutil_comment", "--lr"], [], {"comment": "--lr"}),
                (["a", "--resutil_no_remote", "b"], ["a", "b"],
                 {"--resutil_no_remote": "1"}),
                (["--resutil_debug=0"], [], {"--resutil_debug": "0"}),
                (["--resutil_debugger", "--resutil", "-resutil_debug"],
                 ["--resutil_debugger", "--resutil", "-resutil_debug"], {}),
                (["--", "--resutil_debug"], ["--", "--resutil_debug"], {})):
            with self.subTest(words=words):
                self.assertEqual(_flags.split(words), (left, given))

    def test_a_missing_text(self):
        with self.assertRaises(ValueError):
            _flags.split(["--resutil_comment"])


class Program(unittest.TestCase):
    def test_sys_argv_has_them_no_more(self):
        out = run_python(
            "import sys, os; argv = sys.argv; import resutil; "
            "print(argv[1:], os.environ['RESUTIL_NO_REMOTE'], "
            "'RESUTIL_DEBUG' in os.environ, "
            "resutil._flags.comment(), resutil._flags.debug())",
            "a", "--resutil_no_remote", "--resutil_comment", "c",
            "--resutil_debug", "b")
        self.assertEqual(out, "['a', 'b'] 1 False c True\n")

    def test_the_command_line_has_the_interpreter_and_none_of_them(self):
        out = run_python(
            "import resutil; print(resutil._flags.command_line()[-3:])",
            "--lr", "0.1", "--resutil_debug", "x")
        self.assertEqual(out, "['--lr', '0.1', 'x']\n")

    def test_debug_of_the_environment(self):
        for text, is_set in (("1", True), ("", False), ("0", False),
                             ("No", False), ("yes", True)):
            out = run_python("import resutil; "
                             "print(resutil._flags.debug())",
                             RESUTIL_DEBUG=text)
            self.assertEqual(out, f"{is_set}\n")

    def test_a_missing_text_ends_the_program(self):
        with self.assertRaises(subprocess.CalledProcessError) as e:
            subprocess.run(
                [sys.executable, "-B", "-c", "import resutil",
                 "--resutil_comment"], check=True, stderr=subprocess.PIPE,
                env=dict(os.environ, PYTHONPATH=PACKAGE))
        self.assertIn(b"needs a text", e.exception.stderr)


if __name__ == "__main__":
    unittest.main()
