"""Records as rows and columns."""

import datetime
import os
import time
import unittest
from typing import Any, Dict

from resutil import _report
from resutil._trial import Data, Trial, TrialFailedException


def trial(**record: Any) -> Trial:
    record.setdefault("tid", "m.f/1")
    record.setdefault("state", "done")
    return Trial(record)


def short(**record: Any) -> Dict[str, Any]:
    return _report.short_row(trial(**record))


class TrialTest(unittest.TestCase):
    RECORD = {
        "tid": "m.f/1", "id": "u-1", "state": "done", "params": {"one": 1},
        "meta": {"git": {"commit": "c"}}, "info": {"keys": [1]},
        "result": {"score": {"f1": 0.5}},
        "at": {"created": "2026-11-20T23:04:10.690226+00:00"},
    }

    def test_by_attribute_and_by_key(self) -> None:
        t = Trial(dict(self.RECORD))
        self.assertEqual(t.meta.git.commit, "c")
        self.assertEqual(t["meta"]["git"]["commit"], "c")
        self.assertEqual(t.result.score.f1, 0.5)
        self.assertEqual((t.tid, t.uid, t.state), ("m.f/1", "u-1", "done"))
        self.assertEqual(t["tid"], "m.f/1")
        self.assertIs(t.data["params"], t.params)
        self.assertIn("params", t)
        self.assertIn("params", t.keys())
        self.assertEqual(t.info["keys"], [1])
        with self.assertRaises(AttributeError):
            t.nothing
        with self.assertRaises(KeyError):
            t["nothing"]
        with self.assertRaises(AttributeError):
            t.params.nothing
        self.assertEqual(t.get("nothing", 5), 5)

    def test_what_is_missing_is_empty(self) -> None:
        t = Trial({"tid": "x"})
        self.assertEqual((t.params, t.info, t.meta, t.attached),
                         ({}, {}, {}, []))
        self.assertIsNone(t.result)

    def test_a_failed_trial_says_so(self) -> None:
        t = trial(state="fail", error="ValueError('x')", traceback="T")
        with self.assertRaises(TrialFailedException) as caught:
            t.result
        self.assertEqual(str(caught.exception), "ValueError('x')")
        self.assertEqual(caught.exception.args, ("ValueError('x')", "T"))
        self.assertIsNone(t.get("result"))
        self.assertIsNone(trial(state="running").result)

    def test_the_same_run_is_equal(self) -> None:
        self.assertEqual(Trial({"tid": "x", "id": "1"}),
                         Trial({"tid": "x", "id": "1", "a": 1}))
        self.assertEqual(len({Trial({"tid": "x", "id": "1"}),
                              Trial({"tid": "x", "id": "2"})}), 2)
        self.assertEqual(Trial({"uid": "v", "tid": "x"}).uid, "v")

    def test_times_are_local_and_naive_as_votakvots(self) -> None:
        before = os.environ.get("TZ")

        def restore() -> None:
            if before is None:
                os.environ.pop("TZ", None)
            else:
                os.environ["TZ"] = before
            time.tzset()
        self.addCleanup(restore)
        os.environ["TZ"] = "Asia/Tokyo"
        time.tzset()
        self.assertEqual(Trial(dict(self.RECORD)).at.created,
                         datetime.datetime(2026, 11, 21, 8, 4, 10, 690226))
        self.assertEqual(_report.local_time("yesterday"), "yesterday")
        self.assertIsNone(_report.local_time(None))


class RowTest(unittest.TestCase):
    def test_the_short_form_has_no_prefixes(self) -> None:
        self.assertEqual(
            short(params={"a": 1, "m": {"x": {"y": 2}}}, info={"b": [3]},
                  result={"c": 4}, meta={"git": {"commit": "c"}}),
            {"tid": "m.f/1", "a": 1, "m.x.y": 2, "b": [3], "c": 4,
             "state": "done"})

    def test_a_scalar_result_is_a_column(self) -> None:
        self.assertEqual(short(result=8)["result"], 8)
        self.assertEqual(short(result=0)["result"], 0)
        self.assertEqual(short(result=[1])["result"], [1])
        self.assertNotIn("result", short(result=None))

    def test_later_ones_win_but_for_what_is_ours(self) -> None:
        row = short(params={"a": 1, "tid": 2, "state": 3}, info={"a": 4},
                    result={"a": 5, "error": 6})
        self.assertEqual(row, {
            "tid": "m.f/1", "a": 5, "params.tid": 2, "params.state": 3,
            "result.error": 6, "state": "done"})

    def test_failed_trials_stay(self) -> None:
        row = short(state="fail", error="E('x')", params={"a": 1})
        self.assertEqual(row, {"tid": "m.f/1", "a": 1, "state": "fail",
                               "error": "E('x')"})

    def test_the_full_form_has_prefixes(self) -> None:
        row = _report.full_row(trial(
            resutil=1, id="u", params={"a": 1, "e": {}}, result=3,
            info={"b": None}, meta={"git": {"commit": "c"}}))
        self.assertEqual(row, {
            "tid": "m.f/1", "uid": "u", "params.a": 1, "result": 3,
            "meta.git.commit": "c", "state": "done"})

    def test_no_trials_are_an_empty_table(self) -> None:
        for full in (False, True):
            made = _report.frame([], full)
            self.assertIsNotNone(made)
            self.assertEqual(len(made), 0)


class PandasTest(unittest.TestCase):
    def setUp(self) -> None:
        try:
            import pandas
        except ImportError:
            self.skipTest("there is no pandas")
        self.pandas = pandas

    def test_a_data_frame(self) -> None:
        made = _report.frame([
            {"tid": "x", "a": 1, "state": "done"},
            {"tid": "y", "b": [1, 2], "state": "fail", "error": "E"}])
        self.assertIsInstance(made, self.pandas.DataFrame)
        self.assertEqual(list(made.columns),
                         ["tid", "a", "b", "state", "error"])
        self.assertEqual(made.loc[0]["tid"], "x")
        self.assertEqual(list(made.index), [0, 1])
        self.assertEqual(made.loc[1]["b"], [1, 2])
        self.assertEqual(list(made[made.state == "fail"].error), ["E"])

    def test_odd_values_fit(self) -> None:
        made = _report.frame([
            {"tid": "x", "t": datetime.datetime(1, 1, 1), "i": 2 ** 80,
             "d": Data(a=1), "s": {1}, "m": 1},
            {"tid": "y", "t": datetime.datetime(2026, 1, 1), "m": "text"}])
        self.assertEqual(made.loc[0]["i"], 2 ** 80)
        self.assertEqual(made.loc[0]["t"], datetime.datetime(1, 1, 1))
        self.assertEqual(made.loc[0]["s"], {1})

    def test_concat_as_in_votakvots_readme(self) -> None:
        rows = [_report.frame([{"tid": "x", "a": 1}]), _report.frame([])]
        self.assertEqual(len(self.pandas.concat(rows)), 1)


if __name__ == "__main__":
    unittest.main()
