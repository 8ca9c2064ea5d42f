"""What happens when reading goes wrong: the child dies alone, the reader says why, and nothing is left over."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from tests.documents import made
from tests.documents.conftest import Read

from paperclerk.documents import messages, sandbox_report
from paperclerk.documents.media import ORDERS_MAGIC
from paperclerk.documents.process import ProcessReader
from paperclerk.documents.reader import ReadingLimits, ReadOptions
from paperclerk.documents.sandbox import denied_calls, filter_program
from paperclerk.domain.document import PageStatus
from paperclerk.domain.errors import Cancelled, DocumentError, ReadingFailed

QUICK = ReadingLimits(seconds_per_page=3, wall_seconds_per_page=1.5, min_wall_seconds=4)


def orders(*lines: str) -> bytes:
    return ORDERS_MAGIC + "\n".join(lines).encode()


def test_orders_are_for_tests_only() -> None:
    with ProcessReader() as reader, reader.open(orders("say x"), ReadOptions()) as reading:
        (page,) = reading
    assert reading.info.media_type == "text/plain" and "say" in {word.text for word in page.words}


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ("hang", "reading_timeout"),
        ("busy", "reading_timeout"),
        ("exhaust", "reading_out_of_memory"),
        ("exit 1", "reading_crashed"),
        ("exit 0", "reading_crashed"),
        ("crash", "reading_crashed"),
        ("large 70000000", "reading_crashed"),
    ],
)
def test_a_child_that_fails_is_one_clear_error(read: Read, order: str, code: str) -> None:
    started = time.monotonic()
    with pytest.raises(DocumentError) as caught:
        read(orders(order), limits=ReadingLimits(1 << 20, 10, 300_000_000, 3, 1.5, 4))
    if caught.value.code == "invalid_document":  # a page that failed without taking its child along
        assert order == "exhaust" and "memory" in caught.value.message
    else:
        assert isinstance(caught.value, ReadingFailed) and caught.value.code == code
    assert time.monotonic() - started < 20


def test_pages_around_a_deadly_one_are_kept(read: Read) -> None:
    pages = read(orders("say one", "crash", "say three", "hang", "say five"), limits=QUICK).pages
    assert [p.status for p in pages] == [
        PageStatus.OK,
        PageStatus.FAILED,
        PageStatus.OK,
        PageStatus.FAILED,
        PageStatus.OK,
    ]
    assert [w.text for p in pages for w in p.words] == ["one", "three", "five"]
    assert "crash" in (pages[1].reason or "") and "longer" in (pages[3].reason or "")


def test_three_deaths_end_the_reading(reader: ProcessReader) -> None:
    with reader.open(orders("say a", *["exit 1"] * 9), ReadOptions()) as reading:
        pages = iter(reading)
        assert [next(pages).status.value for _ in range(3)] == ["ok", "failed", "failed"]
        with pytest.raises(ReadingFailed):
            next(pages)


def test_faults_and_refusals_of_a_page(read: Read, caplog: pytest.LogCaptureFixture) -> None:
    pages = read(orders("fail", "refuse Too odd.", "say ok")).pages
    assert [p.status.value for p in pages] == ["failed", "failed", "ok"]
    assert pages[1].reason == "Too odd."
    assert "a fault of the reader itself" in caplog.text  # for the log, not for the caller
    assert "fault of the reader itself" not in (pages[0].reason or "")


def test_a_page_that_takes_too_long_to_draw_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without hurting the child: drawing is asked between objects whether to go on."""
    import numpy as np

    from paperclerk.documents import pdf

    monkeypatch.setattr(pdf, "MAX_RENDER_SECONDS", 0.1)
    squares = b" ".join(b"%d 0 500 800 re f" % (n % 90) for n in range(20_000))
    file = pdf.PdfFile(np.frombuffer(made.one_page(squares), np.uint8))
    page = file.page(0)
    with pytest.raises(DocumentError, match="too long to draw") as caught:
        page.render(3500, 5000)
    assert caught.value.code == "bad_page"
    page.close()
    file.close()


def test_the_wall_limit_grows_with_the_pages(read: Read) -> None:
    slow = orders(*["slow 0.5"] * 4)
    tight = ReadingLimits(seconds_per_page=0.05, wall_seconds_per_page=5, min_wall_seconds=1.2)
    with pytest.raises(ReadingFailed) as caught:
        read(slow, limits=tight)
    assert caught.value.code == "reading_timeout"
    assert len(read(slow, limits=ReadingLimits(seconds_per_page=2, min_wall_seconds=1.2)).pages) == 4


def test_noise_of_a_child_goes_nowhere(read: Read, capfd: pytest.CaptureFixture[str]) -> None:
    assert read(orders("print 500", "say quiet")).pages[1].words[0].text == "quiet"
    assert "noise" not in "".join(capfd.readouterr())


def test_leaving_ends_the_child(reader: ProcessReader) -> None:
    before = _descendants()
    with reader.open(orders("say a", "hang"), ReadOptions()) as reading:
        assert next(iter(reading)).status is PageStatus.OK
        started = time.monotonic()
    assert time.monotonic() - started < 2
    _settled(lambda: len(_descendants()) <= len(before) + 1)


def test_closing_from_another_thread_cancels(reader: ProcessReader) -> None:
    with reader.open(orders("hang"), ReadOptions()) as reading:
        threading.Timer(0.3, reading.close).start()
        started = time.monotonic()
        with pytest.raises(Cancelled):
            list(reading)
        assert time.monotonic() - started < 20  # a hang would be ended after 60


def test_many_threads_read_at_once(reader: ProcessReader, read: Read) -> None:
    data = made.pdf(*(made.lines([f"Page {n}"]) for n in range(3)))
    found: list[str] = []
    failed: list[BaseException] = []

    def work(kind: int) -> None:
        try:
            for _ in range(5):
                if kind % 3 == 0:
                    with pytest.raises(ReadingFailed):
                        read(orders("exit 3"))
                else:
                    found.append(" ".join(w.text for p in read(data).pages for w in p.words))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
    assert found == ["Page 0 Page 1 Page 2"] * 30


def test_a_zygote_that_was_killed_is_replaced() -> None:
    data = made.pdf(made.lines(["Still here"]))
    with ProcessReader() as reader:
        reader.warm(ocr=False)
        zygote = _zygote("plain")
        zygote.send_signal(signal.SIGKILL)
        zygote.wait(5)
        with reader.open(data, ReadOptions()) as reading:
            assert len(list(reading)) == 1


@pytest.mark.parametrize(("deaths", "read"), [(1, True), (3, False)])
def test_a_zygote_that_dies_while_it_starts_is_replaced_twice(deaths: int, read: bool) -> None:
    killed: list[int] = []
    others = {process.pid for process in psutil.Process().children()}

    def kill_some() -> None:
        end = time.monotonic() + 60
        while len(killed) < deaths and time.monotonic() < end:
            for process in psutil.Process().children():
                with suppress(psutil.Error):
                    if process.pid not in {*others, *killed} and process.cmdline()[-1:] == ["plain"]:
                        process.kill()
                        killed.append(process.pid)

    killer = threading.Thread(target=kill_some)
    with ProcessReader() as reader:
        killer.start()
        if read:
            with reader.open(made.pdf(made.lines()), ReadOptions()) as reading:
                assert len(list(reading)) == 1
        else:
            with pytest.raises(ReadingFailed, match="did not start"):
                reader.open(made.pdf(made.lines()), ReadOptions())
        killer.join()
    assert len(killed) == deaths


def test_nothing_is_left_over() -> None:
    """Processes, descriptors, threads and temporary files after good and bad readings."""
    gc.collect()
    files, threads = _open_files(), threading.active_count()
    processes, temporary = _descendants(), _temporary()
    with ProcessReader(orders=True) as reader:
        for document in (
            orders("say a"),
            orders("crash"),
            orders("exit 0"),
            made.pdf(made.lines()),
            b"",
            b"x",
        ):
            try:
                with reader.open(document, ReadOptions()) as reading:
                    list(reading)
            except DocumentError:
                pass
        inside = _open_files()
    assert inside <= files + 1  # the reader's one socket
    gc.collect()
    assert _open_files() == files and threading.active_count() == threads
    _settled(lambda: _descendants() <= processes)
    assert not {name for name in _temporary() - temporary if "document" in name or "paperclerk" in name}


def test_children_end_with_the_process_that_reads() -> None:
    """Even when it is killed and can clean nothing up."""
    script = """
        import sys, psutil
        from paperclerk.documents.process import ProcessReader
        from paperclerk.documents.reader import ReadOptions
        reader = ProcessReader(orders=True)
        reading = reader.open(b"%PAPERCLERK-ORDERS\\nbusy", ReadOptions())
        print(*[p.pid for p in psutil.Process().children(recursive=True)], flush=True)
        next(iter(reading))
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pids = [int(pid) for pid in process.stdout.readline().split()]
        assert len(pids) >= 2  # the zygote and the child at work; a spare comes when there is time
        process.kill()
    _settled(lambda: not any(_is_alive(pid) for pid in pids))


def test_no_child_outlives_its_zygote() -> None:
    with ProcessReader(orders=True) as reader, reader.open(orders("busy"), ReadOptions()) as reading:
        zygote = _zygote("orders")
        _settled(lambda: len(zygote.children()) == 2)
        children = zygote.children()
        zygote.kill()
        with pytest.raises(ReadingFailed):
            list(reading)
        _settled(lambda: not any(_is_alive(child.pid) for child in children))


def test_a_child_sees_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERCLERK_SECRET", "canary")
    with ProcessReader(orders=True) as reader:
        reader.warm(ocr=False)
        zygote = _zygote("orders")
        assert "canary" not in str(zygote.environ())


def test_a_zygote_has_one_thread_and_no_telemetry() -> None:
    """A thread would not survive the fork, whatever it holds; the runtime's own would send reports."""
    with ProcessReader() as reader:
        reader.warm()
        zygote = _zygote("ocr")
        assert zygote.num_threads() == 1
        assert not zygote.net_connections(kind="inet")


def test_protections_are_active_here() -> None:
    """On Linux with seccomp all but the network of its own are certain; that one needs namespaces."""
    report = {p.name: p.active for p in sandbox_report()}
    assert len(report) == 11
    if sys.platform == "linux" and _has_seccomp():
        assert [
            name for name, active in report.items() if not active and name != "a network of its own"
        ] == []


def test_the_filter_program_covers_both_architectures() -> None:
    for column, machine in enumerate(("x86_64", "aarch64")):
        program = filter_program(machine, 1)
        assert program is not None and len(program) % 8 == 0 and len(program) // 8 < 4096
        assert {"socket", "connect", "execve", "ptrace", "openat"} <= set(denied_calls(column))
        assert len(set(denied_calls(column).values())) == len(denied_calls(column))
    assert filter_program("riscv64", 1) is None


def test_a_malformed_message_is_a_crash() -> None:
    import socket

    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"\x00\x00\x00\x03\xc1\xc1\xc1")
        with pytest.raises(messages.FrameError):
            messages.receive_reply(ours)
        theirs.sendall(b"\xff\xff\xff\xff")
        with pytest.raises(messages.FrameError):
            messages.receive_reply(ours)
        theirs.close()
        assert messages.receive_reply(ours) is None


def _zygote(flavour: str) -> psutil.Process:
    """The youngest, which is the test's own."""
    living = [p for p in psutil.Process().children() if p.pid not in _zombies()]
    zygotes = [p for p in living if p.cmdline()[-1:] == [flavour]]
    return max(zygotes, key=psutil.Process.create_time)


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _temporary() -> set[str]:
    return {path.name for path in Path(tempfile.gettempdir()).iterdir()}


def _descendants() -> set[int]:
    return {p.pid for p in psutil.Process().children(recursive=True)}


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _settled(condition: Callable[[], bool], seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "not within the time given"
        time.sleep(0.02)


def _has_seccomp() -> bool:
    return "Seccomp:" in Path("/proc/self/status").read_text()


@pytest.fixture(autouse=True)
def _no_zombies() -> Iterator[None]:
    before = _zombies()
    yield
    _settled(lambda: _zombies() <= before)


def _zombies() -> set[int]:
    return {p.pid for p in psutil.Process().children() if p.status() == psutil.STATUS_ZOMBIE}
