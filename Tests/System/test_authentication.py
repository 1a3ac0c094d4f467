"""Authentication: passwords, bearer keys, roles, and what an unknown caller costs the others."""

from __future__ import annotations

import base64
import hashlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.api import FEEDBACK, Json, assert_error
from support.http_client import Response, encode_request
from support.server import LiaisonServer, run_liaison

# What `htpasswd -B` writes (cost 5, prefixes $2y$ and $2b$); the passwords stand in PASSWORDS.
HTPASSWD = """\
# users of the tests
writer:$2y$05$MDxMjMTVtY6NfccEV6vAM.8bSNycjX.xLK0Vs4pqSUqMv5.RkAbNC
reader:$2b$05$2NaQdkxyM.S4ySHj70dxUu/Yovp3HS6BXrszQ1EQhPvCpQobYJH.a
schemer:$2y$05$.ra4254pbHNkbGTt.mzB8uJB25oalfy9JBnYM3H2mBUFuXr2H/75m

chief:$2b$05$.uVqBad100vIvllASZFGseisZ8N40p0IUPftqJ3JCgymDhyN..u9.
nobody:$2y$05$F0BiC/LM9UF80Xif4.ZjN.ivjMJcLidgf.Fn2TR3bT09s7KaZgEeK
ünï:$2b$05$hvojnPD/TodG20HqTjxWq.2dxdXMKlyxwu3.etYDbya5he0.GqbQS
"""
PASSWORDS = {
    "writer": "correct horse",
    "reader": "read:with:colons",
    "schemer": "schemer",
    "chief": "chief",
    "nobody": "nobody",
    "ünï": "pässwörd",
}
KEYS = {"ivr": "ivr-key-0123456789", "screen": "screen-key"}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


CONFIGURATION: Json = {
    "plugins": {
        "authentication": {
            "htpasswd": "users.htpasswd",
            "roles": {
                "writer": ["read", "write"],
                "reader": ["read"],
                "schemer": ["schema"],
                "chief": ["administrator"],
                "ünï": ["read"],
            },
            "keys": [
                {"name": "ivr", "sha256": sha256(KEYS["ivr"]), "roles": ["read", "write", "schema"]},
                {"name": "screen", "sha256": sha256(KEYS["screen"]).upper(), "roles": ["read"]},
            ],
        }
    }
}


def basic(user: str, password: str | None = None) -> dict[str, str]:
    password = PASSWORDS[user] if password is None else password
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def start_protected(make: Callable[[], LiaisonServer]) -> LiaisonServer:
    server = make()
    server.folder.mkdir(parents=True, exist_ok=True)
    (server.folder / "users.htpasswd").write_text(HTPASSWD)
    server.start()
    return server


@pytest.fixture(scope="module")
def protected(session_folder: Path) -> Iterator[LiaisonServer]:
    server = start_protected(lambda: LiaisonServer(session_folder / "protected", config=CONFIGURATION))
    yield server
    server.kill()


READ: tuple[str, str, object] = ("GET", "/customers/c/services", None)
WRITE: tuple[str, str, object] = ("POST", "/services/start", {"contact_key": "k"})
SCHEMA: tuple[str, str, object] = ("POST", "/metadata/services/extensions", FEEDBACK)


_sources = (f"127.1.{number // 250}.{number % 250 + 1}" for number in itertools.count())


def attempt(
    server: LiaisonServer, operation: tuple[str, str, object], headers: dict[str, str] | None
) -> Response:
    """Every attempt comes from an address of its own, so that earlier failures do not slow it."""
    method, target, body = operation
    return server.call(method, target, body, headers, source=next(_sources))  # type: ignore[arg-type]


def assert_challenged(response: Response, method: str = "GET") -> None:
    assert_error(response, 401, "unauthorized", method=method)
    challenge = response.header("www-authenticate") or ""
    assert 'Basic realm="Liaison"' in challenge and 'charset="UTF-8"' in challenge and "Bearer" in challenge


# Who may come in


@pytest.mark.parametrize("operation", [READ, WRITE, SCHEMA], ids=["read", "write", "schema"])
def test_without_credentials_every_operation_is_challenged(
    protected: LiaisonServer, operation: tuple[str, str, object]
) -> None:
    assert_challenged(attempt(protected, operation, None), operation[0])


@pytest.mark.parametrize("user", [user for user in PASSWORDS if user not in ("schemer", "nobody")])
def test_a_right_password_opens(protected: LiaisonServer, user: str) -> None:
    for _ in range(3):  # verified once, remembered afterwards
        assert attempt(protected, READ, basic(user)).status == 200


@pytest.mark.parametrize(
    "authorization",
    [
        basic("writer", "wrong")["Authorization"],
        basic("writer", "")["Authorization"],
        basic("writer", "correct horse ")["Authorization"],
        basic("unknown", "correct horse")["Authorization"],
        basic("", "")["Authorization"],
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b"writer:\xff\xfe").decode(),
        "Bearer",
        "Bearer wrong",
        f"Bearer {sha256(KEYS['ivr'])}",
        f"Bearer {KEYS['ivr']}x",
        f"Bearer {KEYS['ivr'][:-1]}",
        "Digest username=writer",
        KEYS["ivr"],
    ],
)
def test_anything_else_is_challenged(protected: LiaisonServer, authorization: str) -> None:
    assert_challenged(attempt(protected, READ, {"Authorization": authorization}))


def test_a_wrong_password_is_refused_after_the_right_one_was_remembered(protected: LiaisonServer) -> None:
    assert attempt(protected, READ, basic("reader")).status == 200
    assert_challenged(attempt(protected, READ, basic("reader", "wrong")))
    assert attempt(protected, READ, basic("reader")).status == 200


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_the_scheme_is_read_without_case(protected: LiaisonServer, scheme: str) -> None:
    value = basic("writer")["Authorization"].replace("Basic", scheme)
    assert attempt(protected, READ, {"Authorization": value}).status == 200


def test_a_bearer_key_opens_by_its_hash(protected: LiaisonServer) -> None:
    assert attempt(protected, WRITE, bearer(KEYS["ivr"])).status == 201
    assert attempt(protected, READ, bearer(KEYS["screen"])).status == 200


def test_credentials_are_asked_for_each_request_of_a_connection(protected: LiaisonServer) -> None:
    with protected.connect(source=next(_sources)) as connection:
        assert connection.call("GET", READ[1], None, basic("reader")).status == 200
        assert_challenged(connection.call("GET", READ[1]))
        assert connection.call("GET", READ[1], None, bearer(KEYS["ivr"])).status == 200
        assert_challenged(connection.call("GET", READ[1], None, basic("reader", "wrong")))


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics"])
def test_health_ready_and_metrics_ask_for_no_credentials(protected: LiaisonServer, path: str) -> None:
    assert protected.call("GET", path).status == 200


# Who may do what

ALLOWED = {
    "writer": {"read", "write"},
    "reader": {"read"},
    "schemer": {"schema"},
    "chief": {"read", "write", "schema"},
    "nobody": set(),
}


@pytest.mark.parametrize("user", ALLOWED)
@pytest.mark.parametrize(
    ("role", "operation"),
    [("read", READ), ("write", WRITE), ("schema", SCHEMA)],
    ids=["read", "write", "schema"],
)
def test_a_role_is_needed_and_a_refusal_says_which(
    protected: LiaisonServer, user: str, role: str, operation: tuple[str, str, object]
) -> None:
    response = attempt(protected, operation, basic(user))
    if role in ALLOWED[user]:
        assert response.status in (200, 201, 409), response
    else:
        error = assert_error(response, 403, "forbidden", method=operation[0])
        assert role in error["message"]


def test_a_forbidden_write_changes_nothing(protected: LiaisonServer) -> None:
    started = attempt(protected, WRITE, basic("writer")).json["service_id"]
    for method, target in (
        ("POST", f"/customers/c/services/{started}"),
        ("POST", f"/services/{started}/end"),
    ):
        assert_error(protected.call(method, target, {"media_type": 1}, basic("reader")), 403, "forbidden")
    shown = protected.call("GET", f"/services/{started}", None, basic("reader")).json
    assert "customer_id" not in shown and "completed" not in shown and "media_type" not in shown["started"]


def test_the_roles_of_a_key_are_its_own(protected: LiaisonServer) -> None:
    assert attempt(protected, WRITE, bearer(KEYS["ivr"])).status == 201
    assert_error(attempt(protected, WRITE, bearer(KEYS["screen"])), 403, "forbidden", method="POST")


# What failures cost


def timed_failure(server: LiaisonServer, source: str) -> float:
    with server.connect(source=source) as connection:
        began = time.monotonic()
        status = connection.call("GET", READ[1], None, basic("writer", "wrong")).status
        assert status in (401, 429), "refused, or told to come back later"
        return time.monotonic() - began


def test_failures_are_slowed_per_address(make_server) -> None:
    server = start_protected(lambda: make_server("slow", config=CONFIGURATION))
    attacker, bystander = "127.0.0.2", "127.0.0.3"
    slowed = max(timed_failure(server, attacker) for _ in range(8))
    fresh = min(timed_failure(server, bystander) for _ in range(2))
    assert slowed > fresh + 0.05, f"the eighth failure took {slowed:.3f} s, a first one {fresh:.3f} s"


def test_an_attack_does_not_slow_a_user_whose_password_is_remembered(make_server) -> None:
    server = start_protected(lambda: make_server("attacked", config=CONFIGURATION))
    assert attempt(server, READ, basic("writer")).status == 200

    def attack() -> None:
        for _ in range(3):
            timed_failure(server, "127.0.0.2")

    attackers = [threading.Thread(target=attack) for _ in range(8)]
    for attacker in attackers:
        attacker.start()
    durations: list[float] = []
    with server.connect() as connection:
        while any(attacker.is_alive() for attacker in attackers) and len(durations) < 2_000:
            began = time.monotonic()
            assert connection.call("GET", READ[1], None, basic("writer")).status == 200
            durations.append(time.monotonic() - began)
    for attacker in attackers:
        attacker.join(timeout=60)
        assert not attacker.is_alive()
    assert max(durations) < 1.0


def test_a_password_check_does_not_hold_up_calls_that_need_none(make_server) -> None:
    server = start_protected(lambda: make_server("busy", config=CONFIGURATION, arguments=["--loops", "1"]))
    checks = [
        threading.Thread(target=timed_failure, args=(server, f"127.0.1.{index + 1}")) for index in range(16)
    ]
    for check in checks:
        check.start()
    with server.connect() as connection:
        for _ in range(50):
            began = time.monotonic()
            assert connection.call("GET", "/health").status == 200
            assert time.monotonic() - began < 1.0
    for check in checks:
        check.join(timeout=60)
        assert not check.is_alive()


def test_a_write_whose_password_is_checked_is_not_overtaken_on_its_connection(make_server) -> None:
    server = start_protected(lambda: make_server("ordered", config=CONFIGURATION))
    with server.connect() as connection:
        service = connection.call("POST", "/services/start", {"contact_key": "k"}, bearer(KEYS["ivr"])).json["service_id"]
        wrong = basic("writer", "wrong")
        callers = [basic("writer"), bearer(KEYS["ivr"]), wrong, bearer(KEYS["ivr"]), basic("writer")]
        answers = connection.pipeline(
            encode_request("POST", f"/customers/{number}/services/{service}", None, caller)
            for number, caller in enumerate(callers)
        )
        assert [answer.status for answer in answers] == [200, 200, 401, 200, 200]
        history = connection.call("GET", f"/services/{service}/associations", None, bearer(KEYS["screen"]))
    assert [one["customer_id"] for one in history.json] == ["4", "3", "1", "0"]


# Open access


def test_without_users_everybody_on_loopback_may_do_everything(server: LiaisonServer) -> None:
    assert attempt(server, WRITE, None).status == 201
    assert server.call("GET", READ[1], None, basic("anyone", "x")).status == 200


@pytest.mark.parametrize("address", ["0.0.0.0:0", "198.51.100.1:0"])
def test_without_users_another_address_than_loopback_is_refused(folder: Path, address: str) -> None:
    result = run_liaison("serve", "--listen", address, "--data", folder / "data")
    assert result.returncode == 2, result
    assert "listen" in result.stderr and "listening on" not in result.stdout


def test_with_users_any_address_may_be_listened_on(make_server) -> None:
    server = start_protected(lambda: make_server("open", config=CONFIGURATION, listen="0.0.0.0:0"))
    assert_challenged(attempt(server, READ, None))


def test_passwords_and_keys_never_show_in_the_log(protected: LiaisonServer) -> None:
    attempt(protected, READ, basic("writer"))
    attempt(protected, READ, bearer(KEYS["ivr"]))
    attempt(protected, READ, basic("writer", "mistyped-password"))
    log = protected.log()
    secrets = [PASSWORDS["writer"], PASSWORDS["reader"], *KEYS.values(), "mistyped-password"]
    assert [secret for secret in secrets if secret in log] == []


# Configuration


@pytest.mark.parametrize(
    ("plugin", "named"),
    [
        ({"htpasswd": "missing.htpasswd"}, "htpasswd"),
        ({"roles": {"writer": ["king"]}}, "roles"),
        ({"keys": [{"name": "ivr", "sha256": "not hex", "roles": ["read"]}]}, "sha256"),
        ({"keys": [{"name": "ivr", "sha256": "ab", "roles": ["read"]}]}, "sha256"),
        ({"keys": [{"name": "ivr", "sha256": "0" * 64, "roles": ["king"]}]}, "roles"),
        ({"passwords": {}}, "passwords"),
    ],
)
def test_a_bad_authentication_section_is_named_and_stops_the_start(
    make_server, plugin: Json, named: str
) -> None:
    server = make_server("bad", config={"plugins": {"authentication": plugin}})
    (server.folder / "users.htpasswd").write_text(HTPASSWD)
    server.launch()
    assert server.exit_code() == 2
    assert named in server.log() and "authentication" in server.log()


def test_a_broken_line_in_the_password_file_stops_the_start_and_is_named(make_server) -> None:
    server = make_server("bad", config=CONFIGURATION)
    (server.folder / "users.htpasswd").write_text("writer:plain text password\n")
    server.launch()
    assert server.exit_code() == 2
    assert "htpasswd" in server.log() and "plain text password" not in server.log()
