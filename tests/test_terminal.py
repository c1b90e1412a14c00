"""What `make run` says while it runs and at its end."""

import io
import logging
import sys
from types import SimpleNamespace

import pytest
from clone import ROOT
from snakemake_interface_logger_plugins.common import LogEvent

sys.path.append(str(ROOT / "workflow/terminal"))

import announce  # noqa: E402
import snakemake_logger_plugin_terminal as terminal  # noqa: E402


@pytest.fixture
def clock():
    return SimpleNamespace(now=0.0)


@pytest.fixture
def handler(clock, monkeypatch):
    monkeypatch.setattr(terminal.sys, "stderr", io.StringIO())
    monkeypatch.setenv("TQDM_DISABLE", "")
    handler = terminal.LogHandler(SimpleNamespace(dryrun=False), None)
    handler.work = terminal.Work(lambda: clock.now)
    return handler


def send(handler, event, **said):
    handler.handle(logging.makeLogRecord({"msg": "", "levelno": logging.INFO, "event": event} | said))


def begin(handler, number, rule="infer", log=(), output=()):
    said = {"experiment": "ct", "method": "lsi", "observation": "block-25", "seed": "0"}
    send(handler, LogEvent.JOB_INFO, jobid=number, rule_name=rule, wildcards=said, log=list(log), output=output)


def test_the_time_left_is_that_of_what_waits_and_runs_at_the_pace_of_what_ended():
    clock = SimpleNamespace(now=0.0)
    work = terminal.Work(lambda: clock.now)
    work.plan({"infer": 4, "train": 1, "all": 1, "total": 6})
    assert sum(work.total.values()) == 5
    for number in (1, 2):  # side by side
        work.jobs[number] = terminal.Job("infer", "", [], [], 0.0)
    clock.now = 20.0
    work.end(1), work.end(2)
    # a job of infer takes 20 s, twice the guess, so training twice its guess; two go side by side
    assert work.usual("infer") == 20 and work.usual("train") == 2 * terminal.GUESSES["train"]
    assert work.left() == pytest.approx((2 * 20 + 2 * terminal.GUESSES["train"]) / 2)
    work.jobs[3] = terminal.Job("infer", "", [], [], 20.0)
    clock.now = 35.0
    assert work.left() == pytest.approx((5 + 20 + 2 * terminal.GUESSES["train"]) / ((40 + 15) / 35))
    clock.now = 100.0  # longer than usual: what is left of it is not less than nothing
    assert work.left() == pytest.approx((20 + 2 * terminal.GUESSES["train"]) / ((40 + 80) / 100))


def test_a_report_is_told_as_soon_as_it_is_there(handler):
    send(handler, LogEvent.RUN_INFO, stats={"report": 1, "infer": 2, "total": 3})
    begin(handler, 1, "report", output=["results/ct/report.html", "results/ct/figures"])
    begin(handler, 2, output=["results/ct/inference/lsi"])
    for number in (1, 2):
        send(handler, LogEvent.JOB_FINISHED, job_id=number)
    lines = handler.stream.getvalue().splitlines()
    assert lines[0] == "to read: results/ct/report.html" and "to read" not in "".join(lines[1:])


def test_without_a_terminal_each_job_that_ends_gets_a_line(handler, clock):
    send(handler, LogEvent.RUN_INFO, stats={"infer": 2, "total": 2})
    for number in (1, 2):
        begin(handler, number)
        clock.now += 7
        send(handler, LogEvent.JOB_FINISHED, job_id=number)
    first, second = handler.stream.getvalue().splitlines()
    assert first.endswith("1 of 2  ct: infer lsi block-25, 7 s; about 10 s left")
    assert second.endswith("2 of 2  ct: infer lsi block-25, 7 s; done")


def test_what_failed_is_named_once_with_the_last_sentence_of_its_log(handler, tmp_path):
    log = tmp_path / "lsi.log"
    log.write_text("on a node\nTraceback …\nDataError: the shard x is damaged: make it again\n\n")
    send(handler, LogEvent.RUN_INFO, stats={"infer": 2, "total": 2})
    begin(handler, 1, log=[log])
    for _ in range(2):
        send(handler, LogEvent.JOB_ERROR, jobid=1, rule_name="infer", log=[], levelno=logging.ERROR)
    said = handler.stream.getvalue()
    assert said.count("ct: infer lsi block-25 failed.") == 1
    assert "    DataError: the shard x is damaged: make it again\n" in said and f"(log: {log})" in said
    begin(handler, 2, log=[tmp_path / "never written.log"])
    send(handler, LogEvent.JOB_ERROR, jobid=2, rule_name="infer", log=[], levelno=logging.ERROR)
    assert handler.stream.getvalue().count("failed.") == 2


@pytest.mark.parametrize(("seconds", "words"), [(0, "10 s"), (44, "40 s"), (58, "1 min"), (5000, "1 h 23 min")])
def test_durations_are_in_words(seconds, words):
    assert terminal.duration(seconds) == words


def test_at_the_end_stand_the_reports_and_what_the_best_of_ours_and_of_others_come_to(tmp_path, capsys):
    (tmp_path / "ct").mkdir()
    report = tmp_path / "ct/report.html"
    rows = ["method,observation,percent,draw,seed,split,sample,rre"]
    for method, errors in {"lsi-prior": (0.1, 0.2), "cgls": (0.15, 0.3), "tv": (0.2, 0.25)}.items():
        for percent, error in zip((0, 25), errors, strict=True):
            rows += [f"{method},x,{percent},0,0,test,{n},{error + d}" for n, d in enumerate((-0.01, 0.01))]
            rows += [f"{method},x,{percent},0,0,ood,0,9"]
    (tmp_path / "ct/metrics.csv").write_text("\n".join(rows))
    announce.main([str(report)])
    said = capsys.readouterr().out
    # where there are masks, what is wrong otherwise is left out: its severities are no percentages
    for row in [row for row in rows if ",x," in row]:
        rows.append(row.replace(",x,", ",random," if ",25," in row else ",none,"))
        rows[rows.index(row)] = row.replace(",x,25,", ",outliers,0.1,")
    (tmp_path / "ct/metrics.csv").write_text("\n".join(rows))
    announce.main([str(report)])
    assert capsys.readouterr().out == said
    assert str(report) in said
    assert "all data: lsi-prior .100, cgls .150, tv .200" in said
    assert "25 % missing: lsi-prior .200, tv .250, cgls .300" in said
