"""LibreOffice as the referee: it opens every workbook and document of a file set, whole, and prints it."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.clients

PAPERS = (
    ("01 关于乌有镇网格划分调整的请示.docx", "以上方案，妥否，请批示", "A4"),
    ("02 划分方案说明.docx", "户数超限的网格及原因", "A4"),
    ("03 网格台账.xlsx", "四至范围", "A3"),
    ("04 楼栋归属明细表.xlsx", "楼栋归属明细表", "A3"),
    ("05 调整前后对照表.xlsx", "涉及小区楼栋", "A3"),
    ("06 社区边界确认单.docx", "社区边界确认单", "A4"),
    ("08 公示及意见采纳情况.docx", "公示意见采纳情况表", "A4"),
    ("09 备案表.docx", "备案机关意见", "A4"),
)

POINTS = {"A4": (595, 842), "A3": (1191, 842)}


@pytest.fixture(scope="module")
def printed(demonstration, town_options, jiexiang, tmp_path_factory):
    """Write the file set of the town and print all of it at once."""
    if not shutil.which("soffice") or not shutil.which("pdftotext"):
        pytest.skip("LibreOffice or poppler-utils is not installed: make test-clients installs them")
    folder = tmp_path_factory.mktemp("papers")
    plan = demonstration.folder / "plan.gpkg"
    options = [
        "--household-basis",
        "常住户",
        "--before",
        plan,
        "--place",
        "乌有镇",
        "--only",
        "01,02,03,04,05,06,08,09",
    ]
    done = jiexiang("report", plan, *town_options, *options, "--out", folder / "set")
    assert done.returncode == 0, done.stderr
    home = f"-env:UserInstallation=file://{folder}/profile"
    papers = [str(folder / "set" / name) for name, _, _ in PAPERS]
    command = ["soffice", home, "--headless", "--convert-to", "pdf", "--outdir", str(folder), *papers]
    subprocess.run(command, capture_output=True, timeout=600, check=True)
    return folder


@pytest.mark.parametrize(("name", "words", "size"), PAPERS)
def test_a_paper_opens_and_prints_on_its_size(printed, name, words, size):
    pdf = printed / name.replace(".docx", ".pdf").replace(".xlsx", ".pdf")
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    assert words in re.sub(r"\s+", "", text) or words in text
    about = subprocess.run(["pdfinfo", pdf], capture_output=True, text=True, check=True).stdout
    wide, tall = map(float, re.search(r"Page size:\s+([\d.]+) x ([\d.]+)", about).groups())
    assert (wide, tall) == pytest.approx(POINTS[size], abs=3)


def test_a_ledger_of_the_town_keeps_every_digit_on_paper(printed):
    pdf = printed / "03 网格台账.pdf"
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    assert "999901001001001" in text
    assert "###" not in text
