"""Certificates of an authority of one's own, made with openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


class Authority:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.file = folder / "authority.pem"
        self._key = folder / "authority.key"
        openssl("req", "-x509", *KEY, "-days", "2", "-subj", "/CN=authority", "-keyout", self._key, "-out", self.file)

    def make(self, name: str, names: str) -> tuple[Path, Path]:
        """A certificate for names such as `DNS:redis.test,IP:127.0.0.1`, and its key."""
        certificate, key, request, extensions = (
            self.folder / f"{name}.{ending}" for ending in ("pem", "key", "csr", "ext")
        )
        extensions.write_text(f"subjectAltName={names}")
        openssl("req", *KEY, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        signer = ["-CA", self.file, "-CAkey", self._key, "-CAcreateserial"]
        openssl("x509", "-req", "-in", request, *signer, "-days", "2", "-extfile", extensions, "-out", certificate)
        return certificate, key


def openssl(*arguments: str | Path) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
