"""How PostgreSQL is reached: TLS, passwords and variables as everybody knows them from libpq."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.api import Api
from support.postgres_server import AS_USER, PostgresServer
from support.server import run_liaison

PASSWORD = "s3cret:with\\colon"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


def make_root(folder: Path, name: str) -> Path:
    """A self-made authority: its certificate; the key lies beside it."""
    certificate = folder / f"{name}.crt"
    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
        "-keyout", folder / f"{name}.key", "-out", certificate,
    )  # fmt: skip
    return certificate


@dataclass
class SecureServer:
    """Takes passwords over TLS alone; its certificate is for `localhost`."""

    port: int
    root: Path
    other_root: Path
    server: PostgresServer
    password_file: Path

    def url(self, *options: str, host: str = "localhost", password: str = "") -> str:
        return f"postgres://liaison{password}@{host}:{self.port}/postgres?" + "&".join(options)

    @property
    def environment(self) -> dict[str, str]:
        return {"PGPASSFILE": str(self.password_file)}

    def is_encrypted(self) -> bool:
        """Whether all that servers of ours have open is."""
        rows = self.server.query(
            """SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
            WHERE application_name = 'liaison' HAVING count(*) > 0"""
        )
        return rows == [["t"]]


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureServer]:
    folder = tmp_path_factory.mktemp("tls")
    root, other_root = make_root(folder, "root"), make_root(folder, "other")
    openssl(
        "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-addext",
        "subjectAltName=DNS:localhost", "-keyout", folder / "server.key", "-out", folder / "server.csr",
    )  # fmt: skip
    openssl(
        "x509", "-req", "-in", folder / "server.csr", "-CA", root, "-CAkey", folder / "root.key",
        "-CAcreateserial", "-days", "2", "-copy_extensions", "copy", "-out", folder / "server.crt",
    )  # fmt: skip
    port = free_port()
    server = PostgresServer(
        ["fsync=off", "listen_addresses=127.0.0.1", "ssl=on", "ssl_cert_file=server.crt", "ssl_key_file=server.key"],
        port=port,
    )
    for name in ("server.crt", "server.key"):
        shutil.copyfile(folder / name, server.data / name)
        (server.data / name).chmod(0o600)
        if AS_USER:
            shutil.chown(server.data / name, "postgres", "postgres")
    (server.data / "pg_hba.conf").write_text("local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n")
    server.start()
    server.query(
        f"CREATE ROLE liaison LOGIN PASSWORD '{PASSWORD}'; CREATE SCHEMA AUTHORIZATION liaison;"
    )
    password_file = folder / "pgpass"
    escaped = PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
    password_file.write_text(f"*:{port}:*:liaison:{escaped}\n")
    password_file.chmod(0o600)
    yield SecureServer(port, root, other_root, server, password_file)
    server.remove()


def assert_works(start_server, secure: SecureServer, url: str, environment: dict[str, str]) -> None:
    server = start_server(store=url, environment=environment)
    service = Api(server).start(contact_key="k")
    Api(server).associate("C1", service)
    assert Api(server).service(service)["customer_id"] == "C1"
    assert secure.is_encrypted()
    assert server.stop() == 0


def assert_refused(url: str, environment: dict[str, str], words: str, tmp_path: Path) -> None:
    """At the start, in one line, without the password."""
    done = run_liaison("serve", "--data", tmp_path / "data", "--store", url, environment=environment)
    assert done.returncode == 1, done
    assert done.stderr.count("\n") == 1 and words in done.stderr, done.stderr
    assert PASSWORD not in done.stderr and "s3cret" not in done.stderr


def test_tls_is_used_where_it_is_required(start_server, secure: SecureServer) -> None:
    assert_works(start_server, secure, secure.url("sslmode=require"), secure.environment)


def test_the_certificate_and_the_name_in_it_are_checked(start_server, secure: SecureServer) -> None:
    url = secure.url("sslmode=verify-full", f"sslrootcert={secure.root}")
    assert_works(start_server, secure, url, secure.environment)


def test_the_variables_and_the_password_file_of_libpq_count(start_server, secure: SecureServer) -> None:
    environment = {
        **secure.environment,
        "PGHOST": "localhost", "PGPORT": str(secure.port), "PGUSER": "liaison", "PGDATABASE": "postgres",
        "PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(secure.root),
    }  # fmt: skip
    assert_works(start_server, secure, "postgres://", environment)


def test_a_certificate_of_another_authority_is_refused(secure: SecureServer, tmp_path: Path) -> None:
    url = secure.url("sslmode=verify-full", f"sslrootcert={secure.other_root}")
    assert_refused(url, secure.environment, "certificate verify failed", tmp_path)


def test_a_certificate_for_another_name_is_refused(secure: SecureServer, tmp_path: Path) -> None:
    url = secure.url("sslmode=verify-full", f"sslrootcert={secure.root}", host="127.0.0.1")
    assert_refused(url, secure.environment, 'does not match host name "127.0.0.1"', tmp_path)


def test_no_password_goes_over_a_connection_in_the_clear(secure: SecureServer, tmp_path: Path) -> None:
    assert_refused(secure.url("sslmode=disable"), secure.environment, "no encryption", tmp_path)


def test_a_wrong_password_is_told_but_not_shown(secure: SecureServer, tmp_path: Path) -> None:
    url = secure.url("sslmode=require", password=":s3cretly-wrong")
    assert_refused(url, secure.environment, 'password authentication failed for user "liaison"', tmp_path)


def test_a_missing_password_is_told(secure: SecureServer, tmp_path: Path) -> None:
    environment = {"PGPASSFILE": str(tmp_path / "none")}
    assert_refused(secure.url("sslmode=require"), environment, "no password supplied", tmp_path)
