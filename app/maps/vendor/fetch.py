"""Fetch the vendored files again with npm and compare them: `python app/maps/vendor/fetch.py [--update]`.

The manifest names package, version and licence of every file kept here, and its SHA-256. Files are kept byte for byte
as their authors published them. To take a newer version, change it in the manifest and run with `--update`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).resolve().parent


def fetch_package(package: str, version: str, folder: Path) -> Path:
    """Fetch one package with the ordinary npm client and return the folder it unpacks to."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is not installed: install it, for example with `apt-get install npm`")
    subprocess.run([npm, "pack", "--silent", f"{package}@{version}"], cwd=folder, check=True, stdout=sys.stderr)  # noqa: S603
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / "package"


def main() -> int:
    """Compare every vendored file with its package, or write it anew with `--update`."""
    update = sys.argv[1:] == ["--update"]
    manifest = json.loads((VENDOR / "manifest.json").read_text("utf-8"))
    differing = 0
    for package in manifest["packages"]:
        with tempfile.TemporaryDirectory() as folder:
            unpacked = fetch_package(package["package"], package["version"], Path(folder))
            for entry in package["files"]:
                content = (unpacked / entry["from"]).read_bytes()
                digest = hashlib.sha256(content).hexdigest()
                kept = VENDOR / entry["file"]
                if update:
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    kept.write_bytes(content)
                    entry["sha256"] = digest
                elif digest != entry["sha256"] or kept.read_bytes() != content:
                    print(f"{entry['file']} differs from {package['package']} {package['version']}", file=sys.stderr)  # noqa: T201
                    differing += 1
    if update:
        (VENDOR / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
