"""One address, one verdict: what is official, what is a trap, and that honest names are left alone."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evaluate_safety import Case, categories, evaluate_safety, render_safety
from bot.safety.addresses import find_addresses
from bot.safety.blocklist import Blocklist
from bot.safety.links import compile_links, judge_link
from bot.safety.model import ACCUSED, Judgement, Verdict
from tests.safety.knowledge import HERE, address, judge, lexicon, names, safety_knowledge

LURES = names(HERE / "data" / "lures.txt")
LEGIT = names(HERE / "data" / "legit_lookalikes.txt")
WELL_KNOWN = names(HERE / "data" / "legit_well_known.txt")
NASTY = [line.encode().decode("unicode_escape") if line.isascii() else line for line in names(HERE / "nasty_urls.txt")]
CAUGHT = 0.92  # of names that carry a lure: the target
SPARED = 0.06  # of honest names that look like lures may be accused: the same


def signs(text: str) -> set[str]:
    return {reason.sign for reason in judge(text).reasons}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("https://dichvucong.gov.vn/p/home", "Cổng Dịch vụ công quốc gia"),
        ("https://vietcombank.com.vn/dang-nhap?next=/tai-khoan&a=1.2", "Vietcombank"),
        ("congan.khanhhoa.gov.vn", "gov.vn"),
        ("https://portal.vietcombank.com.vn/News", "Vietcombank"),
        ("https://www.vietinbank.vn", "VietinBank"),
        ("facebook.com/hacked", "Facebook"),
        ("https://www.facebook.com/", "Facebook"),
        ("https://myvt.page.link/abc", "Viettel"),
        ("pakn@khanhhoa.gov.vn", "gov.vn"),
    ],
)
def test_an_official_site_is_named(text: str, said: str) -> None:
    judgement = judge(text)
    assert judgement.verdict is Verdict.OFFICIAL
    assert said in judgement.reasons[0].why


@pytest.mark.parametrize(
    "text",
    [
        "https://sites.google.com/view/abc",
        "https://docs.google.com/forms/d/e/x/viewform",
        "https://www.facebook.com/nguyenvana",
        "zalo.me/g/abcdef",
        "https://google.com/url?q=abc",
        "vietcombank@gmail.com",
        "https://vneid.gov.vn/vneid.apk",
        "https://vietcombank.com.vn:8443/",
        "http://xyz.edu.vn/tai-xiu",
        "https://qkzwtr.com",
        "https://xkqzv.top",
        "https://bit.ly/3xYz",
        "https://zalora.vn",
    ],
)
def test_what_proves_nothing_is_unknown(text: str) -> None:
    assert judge(text).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("vn-bidv.com", "bank_name"),
        ("vietconbank.com", "look_alike"),
        ("vietc0mbank-online.top", "look_alike"),
        ("faceb00k-vn.life", "look_alike"),
        ("acb.vn-a.xyz", "fake_ending"),
        ("vietcombank.com.vn.evil.top", "name_in_front"),
        ("tpbank.vn-tbc.info", "name_in_front"),
        ("dichvucong.xgovvn.net", "gov_imitation"),
        ("gplx-gov.vn", "gov_imitation"),
        ("capnhat-vneid.xyz", "verify"),
        ("vіetcombank.com", "mixed_letters"),
        ("vietcom-bank.web.app", "free_hosting"),
        ("idigital-vietcombank.weebly.com", "free_hosting"),
        ("sites.google.com/view/kiemtienonl24h", "job"),
        ("https://vietcombank.com.vn@evil.xyz/x", "user_info"),
        ("http://103.12.3.4/vneid.apk", "app_file"),
        ("http://3.84.109.91/", "ip_host"),
        ("https://evil.com/vietcombank.com.vn/login", "name_in_path"),
        ("vaytienonline30s.com", "loan"),
        ("quatang-shopee.com", "shop_name"),
        ("ctv-tiktok.vip", "job"),
        ("napthefreefire.net", "game_name"),
        ("thong-bao-tien-dien-24h.com", "home_bills"),
        ("cskh@vietcombank-hotro.com", "bank_name"),
        ("xácminh-taikhoan.vn", "verify"),
        ("smrtbiddv.com", "look_alike"),
        ("https-icloud.com", "firm_name"),
        ("upsvietnam.com", "post_name"),
        ("lmht-membership.com", "game_name"),
        ("vietjetvn.com", "firm_name"),
        ("netflixvn.store", "shop_name"),
        ("tapdoanviettel.net", "telco_name"),
        ("bogiaothongvantai.com", "agency_name"),
        ("cskhmbcanhan.com", "support"),
        ("napkc66.com", "game_topup"),
        ("vn-ebay.cn", "shop_name"),
        ("hotro0nline28.com", "disguised"),
        ("xacm1nh-taikh0an.com", "disguised"),
        ("onlineacbc.com", "bank_name"),
        ("citi-vietnam.com", "bank_name"),
        ("fhopee00412.com", "look_alike"),
        ("vattgia.com", "look_alike"),
        ("biidvt.com", "look_alike"),
        ("acbmk.com", "bank_name"),
        ("ebanking.hvtoq.com", "bank_login"),
        ("abcdef-ebank.com", "bank_login"),
        ("ticketb0x.com", "look_alike"),
        ("vndirectco.vn", "company_tag"),
        ("fptsoftwareapp.com", "telco_name"),
        ("dangkytanggiai2022.com", "long_number"),
        ("congdientu247.com", "copied"),
        ("ebanking.dnryg31.com", "money_word"),
        ("avay.vn", "loan"),
        ("postvay.com", "loan"),
    ],
)
def test_a_trap_is_accused_and_its_sign_named(text: str, sign: str) -> None:
    judgement = judge(text)
    assert judgement.verdict in ACCUSED
    assert sign in {reason.sign for reason in judgement.reasons}
    assert all("{" not in reason.why and reason.why for reason in judgement.reasons)
    assert judgement.guides


@pytest.mark.parametrize(
    "text",
    [
        "dichvucongnghe.com",
        "dichvucongchung.com",
        "phongkhamgovap.com",
        "goviet.vn",
        "vietinfo.eu",
        "sctv.com.vn",
        "vibe.com",
        "worldbank.org",
        "vietnambiz.vn",
        "vietnix.com",
        "tochucsukienhanoi.com",
        "khach-san-nha-trang-gia-re.com",
        "du-lich-viet-quoc-te.com",
        "thptnguyentrai.edu.vn",
        "nganhangdethi.com",
        "conganbackan.vn",
        "shophoatuoi.com.vn",
        "google.co.jp",
        "sc.com.vn",
        "isacombank.com.vn",
        "scb.co.th",
        "hanabank.co.kr",
        "southernbank.com.vn",
        "gazprombank.ru",
        "unionbankofindia.co.in",
        "google.com.eg",
        "hsbc.co.uk",
        "login.tailscale.com",
        "verify.twilio-example.com",
        "shop.tcl.com",
        "jobbank.gc.ca",
        "vayxinh.com",
        "dulichdailoan.com",
        "dienmayminhthanh.com",
        "nhaphangtrungquoc.com",
        "vatgia.net",
        "vayu.com",
        "tasco.com.vn",
        "vibe365.com",
        "ngoinhaxanh2024.com",
        "nganhangmau.vn",
        "thebank.vn",
        "tinnghiabank.vn",
        "mekongbank.vn",
        "trungtamonline.com",
        "baohanhtoancau.com",
        "h0us3.com",
    ],
)
def test_an_honest_name_is_not_accused(text: str) -> None:
    assert judge(text).verdict not in ACCUSED


def test_names_that_carry_a_lure_are_caught() -> None:
    caught = [name for name in LURES if judge(name).verdict in ACCUSED]
    assert len(caught) / len(LURES) >= CAUGHT


def test_honest_names_that_look_like_lures_are_spared() -> None:
    accused = [name for name in LEGIT if judge(name).verdict in ACCUSED]
    assert len(accused) / len(LEGIT) <= SPARED


def test_no_well_known_site_is_accused() -> None:
    assert [name for name in WELL_KNOWN if judge(name).verdict in ACCUSED] == []


def test_a_bait_word_before_the_registered_name_weighs_less_but_a_borrowed_name_does_not() -> None:
    assert judge("xacminh.abcdef.com").score < judge("xacminh-abcdef.com").score
    assert judge("vietcombank.abcdef.com").score == judge("vietcombank-abcdef.com").score
    assert judge("cafe.vietcombank-abcdef.com").score == judge("vietcombank-abcdef.com").score


@pytest.mark.parametrize("name", ["garena.vn-id.top", "vneid.vn", "hsbc-vn.co.uk", "hsbc.top"])
def test_a_plain_name_is_spared_only_where_firms_must_show_papers(name: str) -> None:
    assert "plain_name" not in {reason.sign for reason in judge(name).reasons}
    assert name == "vneid.vn" or judge(name).verdict in ACCUSED


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("vndirect-vietnam.com", "company_tag"),
        ("tascogroup.com", "company_tag"),
        ("hanoi2024.com", "digits"),
        ("hanoi24.com", "long_number"),
        ("marketonline247.com", "look_alike"),
        ("arena-vn247.com", "look_alike"),
        ("vatgia.top", "look_alike"),
        ("sale5.com", "disguised"),
        ("vietbando.vn", "look_alike"),
        ("shopvnb.net", "look_alike"),
        ("lazadavn.vn", "plain_name"),
        ("acbl.org", "bank_name"),
        ("hdbox.com", "bank_name"),
        ("thebank.com", "bank_login"),
    ],
)
def test_a_sign_is_not_seen_where_it_is_not(name: str, sign: str) -> None:
    assert sign not in signs(name)


def test_hints_alone_accuse_nobody() -> None:
    judgement = judge("visa-vietnam-online24h.com")
    assert judgement.score >= lexicon().suspicious
    assert judgement.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("name", "is_owned"),
    [
        ("https://vietcombank.com.vn/the", True),
        ("https://www.traveloka.com/vi-vn", True),  # not official, but known
        ("https://baokhanhhoa.vn", True),
        ("https://facebook.com/ai.do", False),  # anybody's page
        ("https://forms.gle/abc", False),
        ("https://zalo.me/g/abcdef", False),
        ("https://traveloka.com@evil.example.com", False),
        ("https://abc-xyz.com", False),
        ("https://m.me/aido", False),
        ("https://wa.me/84900000000", False),
        ("https://testflight.apple.com/join/abc", False),
        ("https://www.instagram.com/ai.do", False),
        ("https://mbasic.facebook.com/ai.do", False),
        ("https://l.facebook.com/l.php?u=https%3A%2F%2Fevil.top", False),
        ("https://page.zalo.me/123", False),
        ("https://khanhhoa.gov.vn/r?url=//evil.top", False),
        ("https://khanhhoa.gov.vn/r?u=https:/evil.top", False),
        ("https://khanhhoa.gov.vn/r?u=%252F%252Fevil.top", False),
        ("http://vietcombank.com.vn\u2215login.evil.top", False),
    ],
)
def test_a_link_is_owned_where_its_owner_alone_writes(name: str, is_owned: bool) -> None:
    assert judge(name).is_owned is is_owned


@pytest.mark.parametrize("written", ["com.vn", "web.app", "www.csgt.vn", "csgt.vn/"])
def test_an_ending_that_many_share_is_nobody_s_own(written: str) -> None:
    safety = safety_knowledge()
    site = safety.official_sites["csgt"].model_copy(update={"domains": (written,)})
    lexicon = compile_links(safety.model_copy(update={"official_sites": {**safety.official_sites, "csgt": site}}))
    names = ("csgt.vn", "abc.com.vn", "abc.web.app")
    verdicts = {name: judge_link(find_addresses(name)[0], lexicon).verdict for name in names}
    assert verdicts.pop("csgt.vn") is (Verdict.OFFICIAL if "csgt" in written else Verdict.UNKNOWN)
    assert Verdict.OFFICIAL not in verdicts.values()


def test_what_is_in_official_sites_is_never_accused() -> None:
    for site in safety_knowledge().official_sites.values():
        for domain in (*site.domains, *site.owned):
            assert judge("https://" + domain).verdict not in ACCUSED, domain
        for domain in site.domains:
            assert judge("https://" + domain).verdict is Verdict.OFFICIAL, domain


@pytest.mark.parametrize(
    "domain", [domain for site in safety_knowledge().official_sites.values() for domain in site.domains]
)
def test_a_name_built_on_an_official_one_is_not_official(domain: str) -> None:
    host = domain.split("/")[0]
    for trap in (f"{host}.top", f"x-{host}", f"{host}-vn.com", f"{host.replace('.', '-')}.com", f"{host}@a.top"):
        for found in find_addresses("https://" + trap):
            is_theirs = found.domain == address(host).domain or found.suffix == "gov.vn"  # x-support.google.com
            assert is_theirs or judge_link(found, lexicon()).verdict is not Verdict.OFFICIAL, trap


@pytest.mark.parametrize("line", NASTY)
def test_no_nasty_address_is_official(line: str) -> None:
    for found in find_addresses(line):
        if not found.is_nested and found.domain != "vietcombank.com.vn":
            assert judge_link(found, lexicon()).verdict is not Verdict.OFFICIAL


def test_a_listed_address_is_dangerous_but_no_official_site_can_be_listed_whole() -> None:
    blocklist = Blocklist.of(["qkzwtr.com", "vietcombank.com.vn", "zalo.me/g/abcdef"])
    assert judge_link(address("https://a.qkzwtr.com/x"), lexicon(), blocklist).verdict is Verdict.DANGEROUS
    assert judge_link(address("https://vietcombank.com.vn"), lexicon(), blocklist).verdict is Verdict.OFFICIAL
    assert judge_link(address("https://zalo.me/g/abcdef"), lexicon(), blocklist).verdict is Verdict.DANGEROUS
    assert judge_link(address("https://zalo.me/g/other"), lexicon(), blocklist).verdict is Verdict.UNKNOWN


def test_an_admins_own_list_counts() -> None:
    knowledge = safety_knowledge().model_copy(
        update={"bad_sites": ("qkzwtr.com", "https://sites.google.com/view/xyz/")}
    )
    own = compile_links(knowledge)
    assert judge_link(address("http://qkzwtr.com/a"), own).verdict is Verdict.DANGEROUS
    assert judge_link(address("sites.google.com/view/xyz"), own).verdict is Verdict.DANGEROUS
    assert judge_link(address("sites.google.com/view/abc"), own).verdict is Verdict.UNKNOWN


def test_an_admins_new_sign_counts() -> None:
    links = safety_knowledge().links
    mine = links.names["prize"].model_copy(update={"words": ("bánh trung thu",), "why": "Mời bánh {."})
    knowledge = safety_knowledge().model_copy(
        update={"links": links.model_copy(update={"names": {**links.names, "cakes": mine}})}
    )
    judgement = judge_link(address("banhtrungthu-abc.com"), compile_links(knowledge))
    assert [reason.sign for reason in judgement.reasons] == ["cakes"]


def test_no_address_is_asked_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("the check must not use the network")

    for name in ("socket", "create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, forbidden)
    fresh = compile_links(safety_knowledge())
    for line in (*LURES, *NASTY):
        for found in find_addresses(line):
            judge_link(found, fresh)


_LABEL = st.text("abcdeghiknotuvy0149-", min_size=1, max_size=40)


@given(st.lists(_LABEL, min_size=1, max_size=5), st.sampled_from(["top", "com", "vn", "com.vn", "edu.vn", "web.app"]))
def test_any_name_is_judged_and_none_is_official_by_its_looks(labels: list[str], suffix: str) -> None:
    for found in find_addresses("http://" + ".".join([*labels, suffix])):
        judgement = judge_link(found, lexicon())
        assert judgement.verdict is not Verdict.OFFICIAL or found.domain in lexicon().owners


@given(st.text(max_size=200))
def test_any_text_is_judged(text: str) -> None:
    for found in find_addresses(text):
        assert isinstance(judge_link(found, lexicon()), Judgement)


def test_the_measurement_counts_right() -> None:
    cases = [Case("vn-bidv.com", True, "bank"), Case("qkzwtr.com", True), Case("worldbank.org", False)]
    report = evaluate_safety(cases, judge)
    assert report.accused_share(True) == 0.5
    assert report.accused_share(False) == 0.0
    assert report.missed == ["qkzwtr.com"]
    assert report.signs["bank_name"].bad == 1
    shown = render_safety(report, "x", 10.0, show_missed=True)
    assert "qkzwtr.com" in shown
    assert "bank" in shown


def test_categories_are_read_from_the_table_beside() -> None:
    assert categories(["host\tsource\tcategory", "a.vn\tx\tbank", "b.vn"]) == {"a.vn": "bank"}
    assert categories([]) == {}
