"""The doctor finds seeded faults, and each comes with the line that mends it."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import app
from app import doctor
from app.settings import read_settings

SETTINGS = read_settings(os.environ, results_to_terminal=False, progress_to_terminal=False)


def find(subject: str, settings=SETTINGS, folder: Path = Path()) -> doctor.Finding:
    return next(finding for finding in doctor.examine(settings, folder=folder) if subject in finding.subject)


def test_a_sound_machine_has_nothing_essential_to_mend():
    assert [one for one in doctor.examine(SETTINGS, folder=Path()) if one.essential and not one.well] == []


def test_a_changed_script_of_pages_is_found(tmp_path, monkeypatch):
    package = tmp_path / "app"
    shutil.copytree(Path(app.__file__).parent / "maps" / "vendor", package / "maps" / "vendor")
    script = package / "maps" / "vendor" / "leaflet" / "leaflet.js"
    script.write_text(script.read_text("utf-8") + ";alert(1)", "utf-8")
    monkeypatch.setattr(app, "__file__", str(package / "__init__.py"))
    finding = find("leaflet")
    assert not finding.well
    assert finding.essential
    assert "leaflet/leaflet.js" in finding.fact
    assert finding.remedy.startswith("git checkout -- ")


def test_projections_that_are_off_are_found(monkeypatch):
    monkeypatch.setattr(doctor, "NANJING_METRES", (386666.260, 3548026.655))
    finding = find("CRS")
    assert "0.100 m" in finding.fact
    assert finding.remedy.startswith("unset PROJ_DATA")


def test_a_format_that_cannot_be_written_is_found(monkeypatch):
    monkeypatch.setattr(doctor, "FORMATS", ("GPKG", "OpenFileGDB2"))
    assert "OpenFileGDB2" in find("formats").fact
    assert not find("formats").well


def test_a_missing_town_is_told_and_not_essential(tmp_path):
    away = replace(SETTINGS, places=replace(SETTINGS.places, town=tmp_path / "town.gpkg"))
    finding = find("town", away)
    assert not finding.well
    assert not finding.essential


def test_a_full_disk_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "DISK_BYTES", 1 << 60)
    assert not find("disk", folder=tmp_path).well
