"""Fuzzing what reads foreign octets: ``python -m tests.fuzz`` from the root of a checkout.

Each target runs in turn, guided by the coverage of the product's code, for its share of the time. It
begins with the inputs of ``--corpus`` (a folder a target), to which ``--grow`` adds the least of what was
found that passes code where no input did. An input that breaks a target is saved, and given as an
argument it is run again, which needs no atheris.

Exit status: 0 nothing was found; 1 something was; 2 it could not be run.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Any, Final

from tests.fuzz.all_targets import TARGETS
from tests.fuzz.seeds import seeds

CORPUS: Final = Path(__file__).parent / "corpus"
FOUND, UNUSABLE = 1, 2
# Longest input, in octets: several PDUs. Longest time for one, in seconds: all are done in milliseconds.
LENGTH_MAX, INPUT_S = 2048, 20
Step = tuple[str, int, int]
"""A file of the product, the line that was left and the line that was reached."""
_RUNS = re.compile(r"stat::number_of_executed_units:\s*(\d+)")


def main(argv: Sequence[str]) -> int:
    parser = ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="for all targets together (default 60)")
    parser.add_argument("--target", choices=TARGETS, action="append", help="only this one; may be repeated")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="a folder for each target")
    parser.add_argument("--grow", action="store_true", help="keep in the corpus what was found")
    parser.add_argument(
        "--seeds", action="store_true", help="write the first inputs into the corpus, and end"
    )
    parser.add_argument("inputs", nargs="*", type=Path, help="run the target on these files only")
    options = parser.parse_args(argv)
    targets = options.target or list(TARGETS)
    if options.seeds:
        return write_seeds(options.corpus, targets)
    if options.inputs:
        return replay(targets, options.inputs)
    if importlib.util.find_spec("atheris") is None:
        return _unusable("atheris is not installed: pip install -e '.[fuzz]'")
    return fuzz(targets, options.seconds / len(targets), options.corpus, grow=options.grow)


def write_seeds(corpus: Path, targets: Sequence[str]) -> int:
    """Writes the first inputs."""
    for target in targets:
        folder = corpus / target
        folder.mkdir(parents=True, exist_ok=True)
        for at, data in enumerate(seeds()[target]):
            (folder / f"seed-{at:02}").write_bytes(data)
    return 0


def replay(targets: Sequence[str], inputs: Sequence[Path]) -> int:
    """Runs targets on saved inputs; what is wrong comes out as it is raised."""
    if len(targets) != 1:
        return _unusable("inputs are of one target: name it with --target")
    for path in inputs:
        TARGETS[targets[0]](path.read_bytes())
    _say(f"{targets[0]}: {len(inputs)} input(s) ran")
    return 0


def fuzz(targets: Sequence[str], seconds: float, corpus: Path, *, grow: bool) -> int:
    """Runs each target for that long."""
    saved = Path(tempfile.mkdtemp(prefix="smppcast-fuzz-"))
    failed = 0
    for target in targets:
        folder, work = corpus / target, saved / target
        work.mkdir()
        known = [str(folder)] if folder.is_dir() else []
        runs, status, told = _inside(
            target,
            f"-max_total_time={max(1, round(seconds))}",
            f"-max_len={LENGTH_MAX}",
            f"-timeout={INPUT_S}",
            f"-artifact_prefix={saved}/{target}-",
            str(work),
            *known,
        )
        crashes = sorted(saved.glob(f"{target}-*"))
        verdict = f"broken, see {', '.join(map(str, crashes)) or 'above'}" if status else "nothing found"
        _say(f"{target:10} {runs:>12,} inputs  {verdict}")
        if status:
            failed += 1
            _say(told)
        elif grow:
            _keep_the_least(target, folder, work)
    if not failed:
        shutil.rmtree(saved)
    return FOUND if failed else 0


def _inside(target: str, *arguments: str) -> tuple[int, int, str]:
    """Inputs that ran, exit status, and the end of what was printed."""
    command = [sys.executable, "-m", "tests.fuzz.inside", target, "-print_final_stats=1", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    printed = ended.stdout + ended.stderr
    counted = _RUNS.search(printed)
    return int(counted[1]) if counted else 0, ended.returncode, printed[-4000:]


def _keep_the_least(target: str, folder: Path, work: Path) -> None:
    """Leaves in `folder` what it had, and of what was found the shortest inputs that pass where none did."""
    folder.mkdir(parents=True, exist_ok=True)
    passed: set[Step] = set()
    for path in sorted(folder.iterdir()):
        passed |= _passes(TARGETS[target], path.read_bytes())
    for data in sorted((path.read_bytes() for path in work.iterdir()), key=len):
        steps = _passes(TARGETS[target], data)
        if steps - passed:
            passed |= steps
            (folder / sha256(data).hexdigest()[:16]).write_bytes(data)


def _passes(target: Callable[[bytes], None], data: bytes) -> set[Step]:
    """The steps from line to line of the product's code that an input takes."""
    steps: set[Step] = set()

    def entered(frame: FrameType, _: str, __: Any) -> Callable[[FrameType, str, Any], Any] | None:
        name = frame.f_code.co_filename
        if f"{os.sep}smppcast{os.sep}" not in name:
            return None
        before = 0

        def went(frame: FrameType, _: str, __: Any) -> Any:
            nonlocal before
            steps.add((name, before, frame.f_lineno))
            before = frame.f_lineno
            return went

        return went

    sys.settrace(entered)
    try:
        target(data)
    finally:
        sys.settrace(None)
    return steps


def _unusable(why: str) -> int:
    sys.stderr.write(f"tests.fuzz: {why}\n")
    return UNUSABLE


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
