"""The end of a run, with a recorder that refuses."""

import unittest
from typing import Any, Dict, List

from resutil._ending import finish
from resutil._recorder import Refused


class Run:
    """Gives the answers, one to each request; None is yes."""

    name = "exp"

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: List[Dict[str, Any]] = []

    def finish(self, **fields: Any) -> None:
        self.asked.append(fields)
        answer = self.answers.pop(0)
        if answer is not None:
            raise Refused(answer)


TOO_MUCH = {"code": 13, "retry": True, "error": "so much"}
FULL = {"code": 128, "retry": True, "error": "the disk is full"}
FATAL = {"code": 128, "error": "no"}
FIELDS = {"state": "done", "result": (1, 2), "traceback": "t",
          "usage": {"wall": 1}}


class FinishTest(unittest.TestCase):
    def finish(self, run: Any, **fields: Any) -> None:
        self.told: List[str] = []
        finish(run, dict(FIELDS, **fields), self.told.append)

    def test_all_of_it(self) -> None:
        run = Run(None)
        self.finish(run)
        self.assertEqual(run.asked, [dict(FIELDS, result=[1, 2])])
        self.assertEqual(self.told, [])

    def test_a_result_that_is_too_large(self) -> None:
        run = Run(None)
        self.finish(run, result="x" * (20 << 20))
        self.assertLess(len(run.asked[0]["result"]), 20000)
        self.assertRegex(self.told[0], "'exp' is not recorded whole: .*attach")

    def test_too_much_for_the_recorder(self) -> None:
        run = Run(TOO_MUCH, None)
        self.finish(run)
        self.assertEqual(run.asked[1], dict(FIELDS, result="(1, 2)"))
        self.assertEqual(self.told, [
            "the end of 'exp' is not recorded whole: so much"])

    def test_a_full_disk(self) -> None:
        for answers in ((FULL, None), (TOO_MUCH, FULL, None)):
            run = Run(*answers)
            self.finish(run)
            self.assertEqual(run.asked[-1],
                             {"state": "done", "usage": {"wall": 1}})
            self.assertEqual(len(self.told), 1)

    def test_what_cannot_be_recorded_is_the_callers(self) -> None:
        for answers in ((FATAL,), (TOO_MUCH, FATAL), (FULL, FULL)):
            run = Run(*answers)
            with self.assertRaises(Refused):
                self.finish(run)
            self.assertEqual(run.answers, [])


if __name__ == "__main__":
    unittest.main()
