"""A million known bad addresses: every common format, little room, quick answers, and no honest site blocked."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from bot.blocklist_file import BlocklistFile, save_blocklist
from bot.cli import main
from bot.content.load import load_content
from bot.errors import ContentError
from bot.safety.blocklist import NO_BLOCKS, Blocklist, entry_of, pack, read_list
from bot.safety.links import is_known
from tests.conftest import ROOT, TODAY
from tests.safety.knowledge import address, lexicon

LIST = """\
# comment
! comment
[Adblock Plus 2.0]

bad-one.com
www.bad-two.com
https://bad-three.com/
0.0.0.0 bad-four.top
127.0.0.1\tbad-five.top # why
127.0.0.1 localhost
||bad-six.xyz^
||bad-seven.xyz^$all,third-party
||sites.google.com/view/bad^
@@||good.com^
*.bad-eight.com
https://zalo.me/g/badbad
103.12.3.4
xácminh.vn
vietcombank.com.vn
www.khanhhoa.gov.vn
web.app
com.vn
example.com##.advert
not an address at all
$$$
"""


def known(found: object) -> bool:
    return is_known(found, lexicon())  # type: ignore[arg-type]


def test_every_common_format_is_read() -> None:
    read = read_list(LIST.splitlines(), known)
    assert read.entries == {
        *(f"bad-{number}.com" for number in ("one", "two", "three", "eight")),
        *(f"bad-{number}.top" for number in ("four", "five")),
        *(f"bad-{number}.xyz" for number in ("six", "seven")),
        "sites.google.com/view/bad",
        "zalo.me/g/badbad",
        "103.12.3.4",
        "xn--xcminh-pta.vn",
    }
    assert read.kept_out == 4
    assert [LIST.splitlines()[number - 1] for number in read.not_taken] == [
        "example.com##.advert",
        "not an address at all",
        "$$$",
    ]


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("http://bad-one.com", "bad-one.com"),
        ("https://a.b.bad-one.com/x?y", "bad-one.com"),
        ("BAD-ONE.COM", "bad-one.com"),
        ("https://sites.google.com/view/bad", "sites.google.com/view/bad"),
        ("https://sites.google.com/view/bad/home?x=1", "sites.google.com/view/bad"),
        ("http://103.12.3.4/a", "103.12.3.4"),
        ("https://sites.google.com/view/bade", ""),
        ("https://sites.google.com/", ""),
        ("https://one.com", ""),
        ("https://notbad-one.com", ""),
    ],
)
def test_a_host_covers_what_is_below_it_and_a_path_only_itself(text: str, entry: str) -> None:
    blocklist = Blocklist.of(read_list(LIST.splitlines(), known).entries)
    assert blocklist.find(address(text)) == entry


def test_lists_add_up() -> None:
    both = Blocklist.of(["a-bad.com"]) | Blocklist.of(["b-bad.com"])
    assert len(both) == 2
    assert both.find(address("b-bad.com"))
    assert not NO_BLOCKS.find(address("b-bad.com"))


def test_an_admins_line_becomes_an_entry() -> None:
    assert entry_of("https://www.Bad.com/") == "bad.com"
    assert entry_of("what is this") == ""


def test_a_list_on_disk_is_live_and_a_damaged_one_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "data" / "blocklist.npy"
    file = BlocklistFile(path)
    assert len(file.current()) == 0
    assert save_blocklist(["a-bad.com", "b-bad.com", "a-bad.com"], path) == 2
    assert file.current().find(address("http://x.a-bad.com"))
    assert file.current() is file.current()
    save_blocklist(["c-bad.com"], path)
    assert not file.current().find(address("a-bad.com"))
    assert file.current().find(address("c-bad.com"))
    assert [each.name for each in path.parent.iterdir()] == ["blocklist.npy"]
    path.write_bytes(b"not an array")
    assert len(file.current()) == 0
    path.unlink()
    assert len(file.current()) == 0


def test_a_million_entries_need_ten_megabytes(tmp_path: Path) -> None:
    hashes = np.unique(np.random.default_rng(7).integers(0, 2**63, 1_000_000, dtype=np.uint64))
    path = tmp_path / "blocklist.npy"
    np.save(path, np.unique(np.concatenate([hashes, pack(["bad.com"])])))
    assert path.stat().st_size < 10_000_000
    blocklist = BlocklistFile(path).current()
    bad, good = address("https://a.bad.com/x"), address("https://good.com")
    assert blocklist.find(bad) == "bad.com"
    assert not blocklist.find(good)


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """A folder with the real knowledge and one guide."""
    shutil.copytree(ROOT / "knowledge", tmp_path / "knowledge")
    shutil.copytree(ROOT / "scenarios" / "lua-dao", tmp_path / "scenarios" / "lua-dao")
    (tmp_path / "config.yaml").write_text("", encoding="utf-8")
    return tmp_path


def test_the_import_says_what_it_took(
    installation: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(installation)
    monkeypatch.setattr("bot.cli.compile_links", lambda _knowledge: lexicon())
    monkeypatch.setattr("bot.cli._content", lambda _place: _NoContent())
    listed = installation / "list.txt"
    listed.write_text(LIST, encoding="utf-8")
    assert main(["blocklist", "import", str(listed)]) == 0
    printed = capsys.readouterr().out
    assert "12 địa chỉ" in printed
    assert "4 dòng" in printed
    assert "3 dòng" in printed
    assert len(BlocklistFile(installation / "data" / "blocklist.npy").current()) == 12
    listed.write_text("what\n", encoding="utf-8")
    assert main(["blocklist", "import", str(listed)]) == 1  # the old list stays
    assert len(BlocklistFile(installation / "data" / "blocklist.npy").current()) == 12


class _NoContent:
    """Stands for content of which only the lexicon is asked."""

    def __getattr__(self, _name: str) -> _NoContent:
        return self


def problems(folder: Path) -> str:
    with pytest.raises(ContentError) as caught:
        load_content(folder / "scenarios", folder / "knowledge", TODAY)
    return "\n".join(map(str, caught.value.problems))


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("bad_sites.txt", "# Trang", "khong phai dia chi\n# Trang", "bad_sites.txt:1:"),
        ("bad_sites.txt", "# Trang", "www.vneid.gov.vn\n# Trang", "vneid.gov.vn"),
        ("bad_sites.txt", "# Trang", "vietcombank.com.vn\n# Trang", "vietcombank.com.vn"),
        ("link_signs.yaml", "guide: lua-dao-vay-tien", "guide: lua-dao-vay-tein", 'có phải "lua-dao-vay-tien"'),
        ("link_signs.yaml", "  bank_name:", "  bank_nmae:", "bank_name"),
        ("link_signs.yaml", "    weight: 2.2\n", "    weight: nặng\n", "số"),
        ("link_signs.yaml", "suspicious: 2", "suspicious: 9", "dangerous"),
        ("official_sites.yaml", "domains: [csgt.vn]", "domains: [https://csgt.vn]", "tên miền"),
        ("official_sites.yaml", "kind: agency", "kind: agenci", "agency"),
        ("scam_signs.yaml", "      - chiếm đoạt\n", '      - "..."\n', "không có chữ nào"),
    ],
)
def test_a_mistake_in_the_files_about_addresses_is_told(
    installation: Path, file: str, old: str, new: str, told: str
) -> None:
    path = installation / "knowledge" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert told in problems(installation)


def test_a_word_of_two_signs_is_told(installation: Path) -> None:
    path = installation / "knowledge" / "link_signs.yaml"
    text = path.read_text(encoding="utf-8").replace(
        "    glued: [vay]\n    words:\n      [", "    words:\n      [casino, ", 1
    )
    path.write_text(text, encoding="utf-8")
    loaded = load_content(ROOT / "scenarios", installation / "knowledge", TODAY)
    told = [problem for problem in loaded.warnings if problem.path.endswith("link_signs.yaml")]
    at = next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith("      [casino, nuôi"))
    assert [(problem.line, "casino" in problem.message) for problem in told] == [(at, True)]


def test_an_admins_list_is_read_with_the_content(installation: Path) -> None:
    (installation / "knowledge" / "bad_sites.txt").write_text("trang-gia.top # vì sao\n\n# xong\n", encoding="utf-8")
    loaded = load_content(ROOT / "scenarios", installation / "knowledge", TODAY)
    assert loaded.content.knowledge.safety.bad_sites == ("trang-gia.top",)
