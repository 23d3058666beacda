"""The worker's page on a phone, in a real browser, over the real service: with a signal, without, and by a link."""

from __future__ import annotations

import re
import time
from urllib.parse import urlsplit

import pytest

from tests.maps.toy_plan import HOSTILE, place
from tests.pages.conftest import MINE, PLAIN_HOST, a_phone

LIGHTEST_TARGET = 44


def write_note(phone, text):
    phone.page.click("#wrong")
    phone.page.fill("#noteText", text)
    phone.page.check("#noteCentre")
    phone.page.click("#noteForm button[type=submit]")
    phone.page.wait_for_selector("#answer[data-kind]:not([data-kind=''])")


def texts_of_notes(served):
    with served.asking() as client:
        return [note["text"] for note in client.get("/boundary-notes").json()["notes"]]


def test_who_is_not_signed_in_is_led_to_the_form_and_back_to_the_own_grid(served, phone):
    phone.page.goto(f"{served.address}/m")
    phone.sign_in()
    phone.page.wait_for_selector("#sheet h2")
    assert phone.text("#heading") == "第2网格"
    assert phone.text("#community") == "西里社区"
    sheet = phone.text("#sheet")
    assert all(
        fact in sheet
        for fact in ("去年的方案，2026-01-01 生效", "中山路", "388 户（估算）", "970 人", MINE, "东里社区 第1网格")
    )


def test_the_people_are_told_the_own_with_phone_the_neighbour_without(mine):
    mine.page.wait_for_selector("#sheet .people")
    sheet = mine.text("#sheet")
    assert "甄士隐 网格长" in sheet
    assert "贾雨村 网格长" in sheet
    assert [link.get_attribute("href") for link in mine.page.query_selector_all("a.call")] == ["tel:19900000001"]


def test_it_asks_no_other_host_and_complains_of_nothing(served, mine):
    mine.page.wait_for_selector("#sheet .people")
    ours = urlsplit(served.address).netloc
    assert {urlsplit(address).netloc for address in mine.requests} == {ours}
    assert mine.complaints == []


def test_the_first_load_is_light(served, browser, signed_in):
    with a_phone(browser, storage_state=signed_in, service_workers="block") as phone:
        watch = phone.context.new_cdp_session(phone.page)
        watch.send("Network.enable")
        sizes = []
        watch.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        phone.page.goto(f"{served.address}/m", wait_until="networkidle")
        assert len(sizes) >= 5  # the page, its style and script, the area, the people
        assert sum(sizes) <= 150_000


@pytest.mark.parametrize(
    ("x_m", "y_m", "accuracy", "kind", "words"),
    [
        (525, 450, 8, "good", r"您在第2网格内，距边界约 1[45]\d 米。 定位误差约 8 米。"),
        (690, 450, 25, "old", r"您在第2网格内，距边界约 (9|10|11) 米。.*也可能在边界另一侧"),
        (760, 450, 8, "bad", r"您在东里社区第1网格，不在本人网格内；距第2网格约 (59|60|61) 米。"),
        (525, 2000, 8, "bad", r"您不在本人网格和相邻网格内"),
        (525, 450, 300, "old", r"定位误差约 300 米，太大，仅供参考"),
    ],
    ids=["inside", "near-the-edge", "beside", "far-away", "poor"],
)
def test_where_am_i(mine, x_m, y_m, accuracy, kind, words):
    answer = mine.stand(*place(x_m, y_m), accuracy)
    assert re.search(words, answer), answer
    assert mine.page.get_attribute("#answer", "data-kind") == kind


def test_without_a_signal_the_area_is_there_with_its_age_and_without_people(mine):
    mine.wait_for_keeping()
    mine.context.set_offline(True)
    mine.page.reload()
    mine.page.wait_for_selector("#sheet h2")
    assert mine.text("#heading") == "第2网格"
    assert re.search(r"没有信号，显示的是 \d{4}/\d+/\d+ .*保存的资料", mine.text("#state"))
    assert "甄士隐" not in mine.text("body")
    assert "您在第2网格内" in mine.stand(*place(525, 450), 8)


def test_nothing_that_is_kept_holds_a_name_or_a_phone(mine):
    mine.page.wait_for_selector("#sheet .people")
    mine.wait_for_keeping()
    kept = mine.kept()
    assert {"/m", "/m/area"} <= set(kept)
    assert not [path for path in kept if path not in ("/m", "/m/area") and not path.startswith("/static/")]
    everything = "".join(kept.values()) + mine.page.evaluate("JSON.stringify(localStorage)")
    assert not any(secret in everything for secret in ("甄士隐", "贾雨村", "1990000"))


def test_what_was_kept_for_more_than_seven_days_is_not_shown_and_emptied(mine):
    mine.wait_for_keeping()
    mine.page.evaluate(
        """async () => {
            const cache = await caches.open((await caches.keys())[0]);
            const kept = await cache.match("/m/area");
            const headers = new Headers(kept.headers);
            headers.set("X-Saved-At", new Date(Date.now() - 7.1 * 24 * 3600e3).toISOString());
            await cache.put("/m/area", new Response(await kept.blob(), { headers }));
        }"""
    )
    mine.context.set_offline(True)
    mine.page.reload()
    mine.page.wait_for_selector("#state[data-kind=bad]")
    assert "超过七天" in mine.text("#state")
    assert mine.text("#sheet") == ""
    assert "/m/area" not in mine.kept()


def test_a_note_without_a_signal_waits_and_is_sent_once(served, mine):
    mine.context.set_offline(True)
    write_note(mine, "没有信号时写的")
    assert "先存在本机" in mine.text("#answer")
    assert "有 1 条意见等待提交" in mine.text("#queue")
    mine.context.set_offline(False)
    mine.page.wait_for_selector("#queue", state="hidden")
    mine.page.reload()
    mine.page.wait_for_selector("#sheet h2")
    assert texts_of_notes(served).count("没有信号时写的") == 1


def test_a_note_holds_the_place_that_was_pointed_at(served, mine):
    write_note(mine, "这栋楼应属第4网格")
    assert mine.text("#answer") == "已提交，谢谢。"
    with served.asking() as client:
        [note] = [one for one in client.get("/boundary-notes").json()["notes"] if one["text"] == "这栋楼应属第4网格"]
    centre = mine.page.evaluate("(({ lat, lng }) => [lng, lat])(jiexiang.shown.view.map.getCenter())")
    assert [note["longitude"], note["latitude"]] == pytest.approx(centre, abs=1e-6)
    assert (note["grid_code"], note["accuracy_m"], note["author"]) == (MINE, None, "user:worker")


def test_a_note_from_far_away_is_not_taken(served, mine):
    lon, lat = place(525, 5000)
    mine.context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": 8})
    mine.page.click("#wrong")
    mine.page.fill("#noteText", "太远")
    mine.page.click("#noteForm button[type=submit]")
    mine.page.wait_for_selector("#noteState[data-kind=bad]")
    assert "太远" in mine.text("#noteState")
    assert mine.page.input_value("#noteText") == "太远"
    assert "太远" not in texts_of_notes(served)


def test_who_signs_out_leaves_nothing_kept(served, phone):
    phone.page.goto(f"{served.address}/m")
    phone.sign_in()
    phone.page.wait_for_selector("#sheet h2")
    phone.wait_for_keeping()
    phone.page.click("#leave button")
    phone.page.wait_for_selector("#password")
    assert "/m/area" not in phone.kept()


def test_a_link_opens_one_grid_without_phones_and_its_token_is_in_no_address(served, phone):
    phone.page.goto(f"{served.address}/m#{served.token}")
    phone.page.wait_for_selector("#sheet .people")
    assert phone.page.url == f"{served.address}/m"
    assert phone.text("#heading") == "第2网格"
    assert "甄士隐" in phone.text("#sheet")
    assert "贾雨村" not in phone.text("#sheet")
    assert phone.page.query_selector("a.call") is None
    assert served.token not in phone.page.evaluate("document.cookie")
    secret = served.token.split("_", 2)[2]
    assert not [address for address in phone.requests if secret in address.partition("#")[0]]
    phone.page.goto(f"{served.address}/plan")
    phone.page.wait_for_selector("#password")  # the map is not for who holds a link


def test_a_link_that_is_revoked_shows_nothing_more_and_empties_what_was_kept(served, phone):
    phone.page.goto(f"{served.address}/m#{served.token}")
    phone.page.wait_for_selector("#sheet .people")
    phone.wait_for_keeping()
    served.revoke()
    time.sleep(1.0)
    phone.page.reload()
    phone.page.wait_for_selector("#password")
    assert "/m/area" not in phone.kept()
    phone.page.goto(f"{served.address}/m#{served.token}")
    phone.page.wait_for_selector("#state[data-kind=bad]")
    assert "链接已失效" in phone.text("#state")


def test_hostile_names_are_shown_as_they_are_and_run_nothing(served, phone):
    phone.page.goto(f"{served.address}/m")
    phone.sign_in("odd")
    phone.page.wait_for_selector("#sheet .people")
    assert HOSTILE["markup"] in phone.text("#sheet")
    assert HOSTILE["markup"] in phone.text("#community")
    assert phone.page.evaluate("window.hit") is None
    assert phone.complaints == []


def test_axe_finds_nothing_serious_at_rest_or_with_the_form_open(mine):
    mine.page.wait_for_selector("#sheet .people")
    mine.stand(*place(525, 450), 8)
    assert mine.violations() == []
    mine.page.click("#wrong")
    mine.page.wait_for_selector("dialog[open]")
    assert mine.violations() == []


def test_everything_to_touch_is_large_enough(mine):
    mine.page.wait_for_selector("#sheet .people")
    mine.page.click("#wrong")
    shown = "a, button, label:has(input), textarea"
    small = [
        (element.evaluate("(one) => one.outerHTML.slice(0, 80)"), box)
        for element in mine.page.query_selector_all(shown)
        if (box := element.bounding_box()) and min(box["width"], box["height"]) < LIGHTEST_TARGET
    ]
    assert small == []


def test_it_speaks_english(served, mine):
    mine.page.goto(f"{served.address}/m?lang=en")
    mine.page.wait_for_selector("#sheet .people")
    assert mine.page.get_attribute("html", "lang") == "en"
    assert mine.text("#locate") == "Where am I"
    assert "388 (估算)" in mine.text("#sheet")


def test_without_https_it_is_a_plain_page_that_still_takes_notes(served, phone):
    port = urlsplit(served.address).port
    phone.page.goto(f"http://{PLAIN_HOST}:{port}/m")
    phone.sign_in()
    phone.page.wait_for_selector("#sheet .people")
    phone.page.click("#locate")
    assert "须以 https 打开" in phone.text("#answer")
    write_note(phone, "没有加密时写的")
    assert phone.text("#answer") == "已提交，谢谢。"
    assert phone.complaints == []
