"""What a run says to people: one bar with what runs and the time left, and what went wrong.

A logger of Snakemake's, `--logger terminal`; `make run` finds it by PYTHONPATH. Where there is no terminal it writes a
line for each job that ends instead of a bar.
"""

import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from tqdm import tqdm

# seconds that a job of a rule takes at laptop scale, until some have ended; other rules: OTHER
GUESSES = {"simulate": 20, "train": 90, "train_on_cpu": 20, "infer": 10, "trust": 20, "report": 15}
OTHER = 3
LONGEST = 48  # signs of what runs
REFRESH = 2.0  # seconds between two looks at the clock
NOTHING = ("total", "all", "default")  # counts of Snakemake's that are no work


@dataclass
class Job:
    """A job that runs: its rule, words for it, its log, the pages that it makes, and when it began (s)."""

    rule: str
    words: str
    log: list[str]
    pages: list[str]
    began: float


class Work:
    """What has to be done, what was, and how long the rest takes: a guess from jobs of the same rule."""

    def __init__(self, clock=time.monotonic):
        self.clock, self.began = clock, clock()
        self.total: dict[str, int] = {}
        self.took: dict[str, list[float]] = {}
        self.jobs: dict[int, Job] = {}

    @property
    def done(self) -> int:
        return sum(len(seconds) for seconds in self.took.values())

    def plan(self, jobs: dict[str, int]) -> None:
        self.total = {rule: count for rule, count in jobs.items() if rule not in NOTHING}

    def end(self, number: int) -> Job | None:
        """Take a job off those that run, as done; None for one of no interest."""
        job = self.jobs.pop(number, None)
        if job:
            self.took.setdefault(job.rule, []).append(self.clock() - job.began)
        return job

    def usual(self, rule: str) -> float:
        """Seconds that a job of a rule takes."""
        took = self.took.get(rule)
        if took:
            return sum(took) / len(took)
        # how much slower this machine is than that of the guesses, as far as jobs have ended
        guessed = sum(GUESSES.get(known, OTHER) * len(seconds) for known, seconds in self.took.items())
        pace = sum(map(sum, self.took.values())) / guessed if guessed else 1
        return GUESSES.get(rule, OTHER) * pace

    def left(self) -> float:
        """Seconds until the end, if as many jobs go on side by side as did so far."""
        now = self.clock()
        running = {number: now - job.began for number, job in self.jobs.items()}
        spent = sum(map(sum, self.took.values())) + sum(running.values())
        abreast = max(1.0, spent / max(now - self.began, 1e-9))
        waiting = self.total.copy()
        for rule, took in self.took.items():
            waiting[rule] = waiting.get(rule, 0) - len(took)
        work = sum(max(count, 0) * self.usual(rule) for rule, count in waiting.items())
        work -= sum(min(running[number], self.usual(job.rule)) for number, job in self.jobs.items())
        return max(work, 0) / abreast


def words(rule: str, wildcards: dict) -> str:
    """A job in a few words: ct: infer lsi random-25."""
    said = {key: str(value) for key, value in (wildcards or {}).items()}
    place = said.pop("experiment", "")
    said.pop("seed", None)
    verb = rule.removesuffix("_on_cpu").replace("_", " ")
    return (f"{place}: " if place else "") + " ".join([verb, *said.values()])


def duration(seconds: float) -> str:
    """Seconds as people say them: 40 s, 3 min, 1 h 20 min."""
    if seconds < 55:
        return f"{max(10 * round(seconds / 10), 10)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


class LogHandler(LogHandlerBase):
    """Snakemake's events as a bar, or as lines."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        self.stream, self.work, self.bar = sys.stderr, Work(), None
        self.failed: set[int] = set()
        self.closed = threading.Event()
        if not self.common_settings.dryrun:
            os.environ["TQDM_DISABLE"] = "1"  # of the jobs: their bars would write over this one

    def emit(self, record) -> None:
        event = getattr(record, "event", None)
        if event == LogEvent.RUN_INFO and not self.work.total:  # a dry run says it twice
            self.work.plan(record.stats)
            if self.common_settings.dryrun:
                self.say("\n".join(f"{count:6d}  {rule}" for rule, count in self.work.total.items()))
            else:
                self.begin()
        elif event == LogEvent.JOB_INFO and record.rule_name in self.work.total:
            log = [str(name) for name in record.log or []]
            pages = [str(name) for name in record.output or [] if str(name).endswith(".html")]
            told = words(record.rule_name, record.wildcards)
            self.work.jobs[record.jobid] = Job(record.rule_name, told, log, pages, self.work.clock())
            self.show()
        elif event == LogEvent.JOB_FINISHED:
            self.finish(record.job_id)
        elif event == LogEvent.JOB_ERROR:
            self.fail(record)
        elif event is None and record.levelno >= 30 or event == LogEvent.ERROR:
            self.say(record.getMessage())

    def begin(self) -> None:
        if self.stream.isatty() and self.bar is None:
            form = "{percentage:3.0f}% {bar} {n_fmt}/{total_fmt} jobs, {elapsed}{postfix}"
            count = sum(self.work.total.values())
            self.bar = tqdm(total=count, bar_format=form, file=self.stream, disable=False, dynamic_ncols=True)
            threading.Thread(target=self.keep_time, daemon=True).start()

    def keep_time(self) -> None:
        """Show how time goes by while no job begins or ends."""
        while not self.closed.wait(REFRESH):
            with self.lock:
                self.show()

    def finish(self, number: int) -> None:
        job = self.work.end(number)
        if job is None:
            return
        for page in job.pages:
            self.say(f"to read: {page}")
        if self.bar is not None:
            self.bar.update()
            self.show()
            return
        took = self.work.took[job.rule][-1]
        count = f"{self.work.done} of {sum(self.work.total.values())}"
        self.say(f"{time.strftime('%H:%M:%S')}  {count}  {job.words}, {took:.0f} s; {self.rest()}")

    def rest(self) -> str:
        left = self.work.left()
        return f"about {duration(left)} left" if left else "done"

    def show(self) -> None:
        if self.bar is not None:
            running = "; ".join(job.words for job in self.work.jobs.values())
            running = running if len(running) <= LONGEST else running[: LONGEST - 1] + "…"
            self.bar.set_postfix_str(f"{self.rest()}; {running}" if running else self.rest())

    def fail(self, record) -> None:
        """Say once which job failed, and what its log ends with: the sentence that the job died with."""
        if record.jobid in self.failed:
            return
        self.failed.add(record.jobid)
        job = self.work.jobs.pop(record.jobid, None)
        self.say(f"{job.words if job else record.rule_name} failed.")
        for log in map(Path, job.log if job else []):
            lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.is_file() else []
            last = next((line for line in reversed(lines) if line.strip()), "")
            self.say(f"    {last}\n    (log: {log})")

    def say(self, text: str) -> None:
        if text and text != "None":
            tqdm.write(text, file=self.stream)

    def close(self) -> None:
        self.closed.set()
        if self.bar is not None:
            self.bar.set_postfix_str("")
            self.bar.close()
            self.bar = None
        super().close()
