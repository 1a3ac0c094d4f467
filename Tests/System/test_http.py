"""HTTP/1.1 itself: connections, bodies, limits, timeouts, and requests that try to smuggle another one."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support import strace
from support.api import Api, assert_error, associate_path
from support.deadline import wait_until
from support.http_client import Connection, ConnectionClosed, encode_request
from support.metrics import parse_metrics
from support.server import LiaisonServer

HOST = b"Host: liaison.test\r\n"


def chunked(body: bytes, size: int = 7, extension: bytes = b"", trailer: bytes = b"") -> bytes:
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    encoded = b"".join(b"%x%s\r\n%s\r\n" % (len(chunk), extension, chunk) for chunk in chunks)
    return encoded + b"0\r\n" + trailer + b"\r\n"


def start_request(headers: bytes, body: bytes) -> bytes:
    return b"POST /services/start HTTP/1.1\r\n" + HOST + headers + b"\r\n" + body


# Connections


def test_a_connection_is_kept_for_many_requests(server: LiaisonServer) -> None:
    with server.connect() as connection:
        api = Api(connection)
        started = [api.start() for _ in range(20)]
        assert [api.service(service)["service_id"] for service in started] == started


def test_connection_close_is_obeyed_after_the_answer(server: LiaisonServer) -> None:
    with server.connect() as connection:
        response = connection.call("GET", "/health", None, {"Connection": "close"})
        assert response.status == 200
        assert (response.header("connection") or "").lower() == "close"
        assert connection.is_closed_by_server()


def test_http_1_0_closes_unless_it_asks_to_stay(server: LiaisonServer) -> None:
    with server.connect() as connection:
        connection.send(b"GET /health HTTP/1.0\r\n\r\n")
        assert connection.receive().status == 200
        assert connection.is_closed_by_server()


def test_a_client_that_closes_its_sending_half_still_gets_its_answers(server: LiaisonServer) -> None:
    with server.connect() as connection:
        connection.send(encode_request("POST", "/services/start", {"contact_key": "k"}) * 3)
        connection.finish_sending()
        assert [connection.receive().status for _ in range(3)] == [201] * 3
        assert connection.is_closed_by_server()


def test_a_request_may_arrive_byte_by_byte(server: LiaisonServer) -> None:
    with server.connect() as connection:
        for byte in encode_request("POST", "/services/start", {"contact_key": "bytewise"}):
            connection.send(bytes([byte]))
        assert connection.receive().status == 201


def test_a_client_that_goes_away_in_the_middle_harms_nobody(server: LiaisonServer) -> None:
    for data in (b"", b"POST /serv", start_request(b"Content-Length: 50\r\n", b'{"contact_key":"gone')):
        with server.connect() as connection:
            connection.send(data)
    for _ in range(20):
        with server.connect() as connection:
            connection.send(encode_request("POST", "/services/start", {"contact_key": "k"}) * 20)
    assert server.call("GET", "/health").status == 200


def test_empty_lines_before_a_request_are_skipped(server: LiaisonServer) -> None:
    with server.connect() as connection:
        connection.send(b"\r\n\r\n" + encode_request("GET", "/health"))
        assert connection.receive().status == 200


# Pipelining


def test_a_hundred_pipelined_requests_are_answered_in_order(server: LiaisonServer) -> None:
    with server.connect() as connection:
        api = Api(connection)
        services = [api.start(resource_id=index) for index in range(10)]
        requests, methods, expected = [], [], []
        for index in range(100):
            service = services[index % 10]
            method = ("GET", "POST", "HEAD", "GET")[index % 4]
            targets = {"GET": f"/services/{service}", "POST": associate_path(f"c{index}", service)}
            requests.append(encode_request(method, targets.get(method, "/health")))
            methods.append(method)
            expected.append(service if method == "GET" else None)
        answers = connection.pipeline(requests, methods)
    assert all(answer.status == 200 for answer in answers)
    shown = [answer.json["service_id"] if answer.body else None for answer in answers]
    assert shown == expected


def test_more_pipelined_requests_than_are_read_at_once_are_all_answered(server: LiaisonServer) -> None:
    service = Api(server).start()
    with server.connect() as connection:
        answers = connection.pipeline([encode_request("GET", f"/services/{service}")] * 1000)
    assert [answer.status for answer in answers] == [200] * 1000


def test_pipelined_answers_leave_in_one_write(make_server, folder: Path) -> None:
    trace = folder / "trace"
    server = make_server(prefix=strace.prefix(trace))
    server.start()
    with server.connect() as connection:
        assert connection.call("GET", "/health").status == 200
        answers = connection.pipeline([encode_request("GET", "/health")] * 100)
        port = connection.local_port
    assert len(answers) == 100
    assert server.stop() == 0
    strace.wait_until_complete(trace, server.pid)
    sends = strace.sends_by_peer(strace.read_calls(trace))[port]
    assert sum(send.answers for send in sends) == 101
    assert len(sends) <= 3, [send.answers for send in sends]


def test_a_bad_request_among_pipelined_ones_ends_the_connection_after_the_earlier_answers(
    server: LiaisonServer,
) -> None:
    with server.connect() as connection:
        good = encode_request("GET", "/health")
        connection.send(good + good + b"NONSENSE\r\n\r\n" + good)
        assert [connection.receive().status for _ in range(3)] == [200, 200, 400]
        assert connection.is_closed_by_server()


# Bodies


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_chunked_body_is_read_like_any_other(server: LiaisonServer, size: int) -> None:
    body = json.dumps({"contact_key": "chunked", "interaction_id": "i" * 50}).encode()
    with server.connect() as connection:
        connection.send(start_request(b"Transfer-Encoding: chunked\r\n", chunked(body, size)))
        started = connection.receive()
        assert started.status == 201
        assert Api(connection).service(started.json["service_id"])["started"]["interaction_id"] == "i" * 50


def test_chunk_extensions_and_trailers_are_skipped(server: LiaisonServer) -> None:
    body = chunked(b'{"contact_key":"chunked"}', 5, b";name=value", b"X-Trailer: yes\r\n")
    with server.connect() as connection:
        connection.send(
            start_request(b"Transfer-Encoding: chunked\r\n", body) + encode_request("GET", "/health")
        )
        assert [connection.receive().status, connection.receive().status] == [201, 200]


def test_a_chunked_body_may_arrive_in_pieces(server: LiaisonServer) -> None:
    with server.connect() as connection:
        request = start_request(b"Transfer-Encoding: chunked\r\n", chunked(b'{"contact_key":"pieces"}', 3))
        for start in range(0, len(request), 5):
            connection.send(request[start : start + 5])
        assert connection.receive().status == 201


def test_a_large_body_within_the_limit_is_taken(schemaless: LiaisonServer) -> None:
    text = "x" * 1_000_000
    with schemaless.connect() as connection:
        api = Api(connection)
        service = api.start(Large=text)
        assert api.whole_service(service)["Large"] == text


def test_expect_100_continue_is_answered_before_the_body_is_sent(server: LiaisonServer) -> None:
    body = b'{"contact_key":"expected"}'
    with server.connect() as connection:
        connection.send(start_request(b"Expect: 100-continue\r\nContent-Length: %d\r\n" % len(body), b""))
        assert connection.receive_head().status == 100
        connection.send(body)
        assert connection.receive().status == 201
        connection.send(encode_request("GET", "/health"))
        assert connection.receive().status == 200


def test_expect_100_continue_is_not_said_for_a_body_that_is_too_large(server: LiaisonServer) -> None:
    with server.connect() as connection:
        connection.send(start_request(b"Expect: 100-continue\r\nContent-Length: 2000000\r\n", b""))
        response = connection.receive()
        assert response.interim == []
        assert_error(response, 413, "body_too_large", method="POST")


@pytest.mark.parametrize("path", ["/services/start", "/metadata/services/extensions"])
def test_a_needed_body_needs_a_length(server: LiaisonServer, path: str) -> None:
    assert_error(server.call("POST", path, None), 411, "length_required", method="POST")


def test_a_get_may_have_a_body_that_is_skipped(server: LiaisonServer) -> None:
    with server.connect() as connection:
        connection.send(encode_request("GET", "/health", b"GET /services/1 HTTP/1.1\r\n\r\n"))
        assert connection.receive().status == 200
        assert connection.call("GET", "/health").status == 200


# Limits


def refused_connection(server: LiaisonServer, data: bytes, status: int, code: str | tuple[str, ...]) -> None:
    """The answer comes, then the connection is closed, and nothing else comes."""
    with server.connect() as connection:
        with contextlib.suppress(ConnectionError):  # it may close while we are still sending
            connection.send(data)
        assert_error(connection.receive(), status, code)
        assert connection.is_closed_by_server()


def test_a_body_over_the_limit_is_413_before_it_is_read(server: LiaisonServer) -> None:
    refused_connection(server, start_request(b"Content-Length: 1048577\r\n", b""), 413, "body_too_large")


def test_a_chunked_body_over_the_limit_is_413(server: LiaisonServer) -> None:
    body = chunked(b" " * 1_100_000, 100_000)
    refused_connection(server, start_request(b"Transfer-Encoding: chunked\r\n", body), 413, "body_too_large")


def test_a_target_over_the_limit_is_414(server: LiaisonServer) -> None:
    refused_connection(
        server, b"GET /services/" + b"1" * 8200 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414, "target_too_long"
    )


@pytest.mark.parametrize(
    "headers",
    [b"X-Long: " + b"x" * 17_000 + b"\r\n", b"X-Many: 1\r\n" * 2_000, b"X" * 17_000 + b": 1\r\n"],
    ids=["long value", "many", "long name"],
)
def test_a_head_over_the_limit_is_431(server: LiaisonServer, headers: bytes) -> None:
    data = b"GET /health HTTP/1.1\r\n" + HOST + headers + b"\r\n"
    refused_connection(server, data, 431, "head_too_large")


def test_a_head_within_the_limit_is_taken(server: LiaisonServer) -> None:
    assert server.call("GET", "/health", None, {"X-Long": "x" * 15_000}).status == 200
    assert server.call("GET", "/services/" + "1" * 8_000).status == 400  # a bad id, not a bad request


def test_limits_are_options(start_server) -> None:
    server = start_server(config={"http": {"max-body": 1024, "max-head": 2048, "max-target": 1024}})
    refused_connection(server, start_request(b"Content-Length: 1025\r\n", b""), 413, "body_too_large")
    refused_connection(server, b"GET /" + b"x" * 1100 + b" HTTP/1.1\r\n\r\n", 414, "target_too_long")
    refused_connection(server, b"GET / HTTP/1.1\r\nX: " + b"x" * 2100 + b"\r\n\r\n", 431, "head_too_large")
    body = b'{"contact_key":"k"'.ljust(1023) + b"}"
    assert server.call("POST", "/services/start", body).status == 201


# Smuggling and broken requests

REFUSAL_CODES = ("bad_request", "body_too_large", "unknown_transfer_coding", "version_not_supported")
SMUGGLED = (
    b"POST /services/start HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\n" + b'{"contact_key":"smuggled"}'
)
BROKEN: dict[str, bytes] = {
    "length and chunked": start_request(b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    "chunked and length": start_request(b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", b"0\r\n\r\n"),
    "two lengths": start_request(b"Content-Length: 2\r\nContent-Length: 3\r\n", b"{} "),
    "the same length twice": start_request(b"Content-Length: 2\r\nContent-Length: 2\r\n", b"{}"),
    "lengths in a list": start_request(b"Content-Length: 2, 2\r\n", b"{}"),
    "negative length": start_request(b"Content-Length: -1\r\n", b""),
    "length with a sign": start_request(b"Content-Length: +2\r\n", b"{}"),
    "length in hexadecimal": start_request(b"Content-Length: 0x2\r\n", b"{}"),
    "length with a space inside": start_request(b"Content-Length: 1 2\r\n", b"{}"),
    "length over 64 bits": start_request(b"Content-Length: 18446744073709551617\r\n", b"{}"),
    "chunked not last": start_request(b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n"),
    "unknown encoding": start_request(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
    "chunk size not hexadecimal": start_request(b"Transfer-Encoding: chunked\r\n", b"zz\r\n{}\r\n0\r\n\r\n"),
    "chunk size negative": start_request(b"Transfer-Encoding: chunked\r\n", b"-2\r\n{}\r\n0\r\n\r\n"),
    "chunk size over 64 bits": start_request(
        b"Transfer-Encoding: chunked\r\n", b"10000000000000002\r\n{}\r\n0\r\n\r\n"
    ),
    "chunk longer than its size": start_request(b"Transfer-Encoding: chunked\r\n", b"1\r\n{}\r\n0\r\n\r\n"),
    "space before a colon": start_request(b"Content-Length : 2\r\n", b"{}"),
    "header without a name": start_request(b": value\r\n", b""),
    "header without a colon": start_request(b"nonsense\r\n", b""),
    "zero byte in a header": start_request(b"X: a\x00b\r\n", b""),
    "space in the target": b"GET /services/1 2 HTTP/1.1\r\n" + HOST + b"\r\n",
    "control in the target": b"GET /services/\x01 HTTP/1.1\r\n" + HOST + b"\r\n",
    "unknown version": b"GET /health HTTP/3.7\r\n" + HOST + b"\r\n",
    "no version of HTTP": b"GET /health FTP/1.1\r\n" + HOST + b"\r\n",
    "no method": b"/health HTTP/1.1\r\n" + HOST + b"\r\n",
    "method of its own": b"FLY /health HTTP/1.1\r\n" + HOST + b"\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303") + b"\x00" * 100,
    "noise": bytes(range(256)),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_request_is_refused_and_nothing_behind_it_is_believed(
    server: LiaisonServer, data: bytes
) -> None:
    api = Api(server)
    before = api.anonymous_service_ids("smuggled")
    with server.connect() as connection:
        connection.send(data + SMUGGLED)
        answer = connection.receive()
        assert 400 <= answer.status < 600 and answer.status not in (404, 409), answer
        assert_error(answer, answer.status, REFUSAL_CODES)
        assert connection.is_closed_by_server()
    assert api.anonymous_service_ids("smuggled") == before


def test_an_upgrade_is_ignored(server: LiaisonServer) -> None:
    with server.connect() as connection:
        headers = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQ"}
        assert connection.call("GET", "/health", None, headers).status == 200
        assert connection.call("GET", "/health").status == 200


# Targets


def test_an_absolute_target_means_its_path(server: LiaisonServer) -> None:
    service = Api(server).start()
    response = server.call("GET", f"http://liaison.test:8080/services/{service}?extensions=*")
    assert response.status == 200 and response.json["service_id"] == service


@pytest.mark.parametrize("target", ["*", "services/1", "liaison.test:443"])
def test_another_form_of_target_is_refused(server: LiaisonServer, target: str) -> None:
    response = server.call("GET", target)
    assert response.status in (400, 404), response


def test_a_fragment_never_becomes_part_of_an_id(server: LiaisonServer) -> None:
    service = Api(server).start()
    response = server.call("GET", f"/services/{service}#fragment")
    assert response.status in (200, 400), response


# Timeouts


def test_a_head_that_comes_too_slowly_is_408(start_server) -> None:
    server = start_server(config={"http": {"head-timeout": "300ms"}})
    with server.connect() as connection:
        connection.send(b"GET /health HTTP/1.1\r\nHost:")
        began = time.monotonic()
        assert_error(connection.receive(), 408, "request_timeout")
        assert connection.is_closed_by_server()
        assert 0.2 < time.monotonic() - began < 5


def test_a_head_that_trickles_does_not_extend_its_time(start_server) -> None:
    server = start_server(config={"http": {"head-timeout": "400ms"}})
    with server.connect() as connection:
        connection.send(b"GET /health HTTP/1.1\r\n")
        began = time.monotonic()
        connection.set_timeout(0.05)
        answer = None
        while answer is None and time.monotonic() - began < 5:
            try:
                connection.send(b"X: 1\r\n")
                answer = connection.receive()
            except TimeoutError:
                continue
        assert answer is not None
        assert_error(answer, 408, "request_timeout")
        assert time.monotonic() - began < 3


def test_a_body_that_comes_too_slowly_is_408_and_not_applied(start_server) -> None:
    server = start_server(config={"http": {"body-timeout": "300ms"}})
    with server.connect() as connection:
        connection.send(start_request(b"Content-Length: 100\r\n", b'{"contact_key":"slow"'))
        assert_error(connection.receive(), 408, "request_timeout")
        assert connection.is_closed_by_server()
    assert Api(server).anonymous_services("slow") == []


def test_an_idle_connection_is_closed_without_a_word(start_server) -> None:
    server = start_server(config={"http": {"idle-timeout": "300ms"}})
    with server.connect() as used, server.connect() as fresh:
        assert used.call("GET", "/health").status == 200
        assert used.is_closed_by_server()
        assert fresh.is_closed_by_server()


def test_a_used_connection_outlives_the_idle_time(start_server) -> None:
    server = start_server(config={"http": {"idle-timeout": "500ms", "head-timeout": "500ms"}})
    with server.connect() as connection:
        began = time.monotonic()
        while time.monotonic() - began < 1.2:
            assert connection.call("GET", "/health").status == 200
            time.sleep(0.1)


# The cap on connections


def test_connections_over_the_cap_are_refused_and_the_others_served(start_server) -> None:
    server = start_server(config={"http": {"max-connections": 4}})
    kept = [server.connect() for _ in range(4)]
    try:
        assert [connection.call("GET", "/health").status for connection in kept] == [200] * 4
        with server.connect() as refused:
            assert_error(refused.receive(), 503, "too_many_connections")
            assert refused.is_closed_by_server()
        metrics = parse_metrics(kept[0].call("GET", "/metrics").body.decode())
        assert metrics.value("liaison_connections") == 4
        assert metrics.value("liaison_connections_refused_total") == 1
        kept.pop().close()
        wait_until("a place is free again", lambda: is_served(server))
        assert [connection.call("GET", "/health").status for connection in kept] == [200] * 3
    finally:
        for connection in kept:
            connection.close()


def is_served(server: LiaisonServer) -> bool:
    try:
        return server.call("GET", "/health").status == 200
    except (ConnectionClosed, ConnectionError):
        return False


# Back-pressure


def resident_bytes(server: LiaisonServer) -> int:
    pages = int(Path(f"/proc/{server.pid}/statm").read_text().split()[1])
    return pages * 4096


def stuff(connection: Connection, request: bytes, maximum: int) -> int:
    """Sends as much as is taken, without ever reading; returns the bytes sent when nothing is taken."""
    sent, refused_since = 0, time.monotonic()
    data = request * (65536 // len(request))
    while sent < maximum and time.monotonic() - refused_since < 0.5:
        if taken := connection.send_some(data[sent % len(data) :]):
            sent += taken
            refused_since = time.monotonic()
        else:
            time.sleep(0.005)
    return sent


@pytest.fixture
def server_with_a_long_answer(start_server: Callable[..., LiaisonServer]) -> Callable[..., LiaisonServer]:
    def start(**http: str) -> LiaisonServer:
        config = {"http": http, "plugins": {"extension-schemas": {"schemas": "off"}}}
        server = start_server(config=config)
        Api(server).start(customer_id="long", Text="x" * 100_000)
        return server

    return start


def test_a_client_that_does_not_read_is_not_read_from_and_stops_nobody(server_with_a_long_answer) -> None:
    server = server_with_a_long_answer()
    before = resident_bytes(server)
    maximum = 16 << 20  # of requests; their answers would be 30 GB
    with server.connect(receive_buffer=4096) as deaf, server.connect() as other:
        sent = stuff(deaf, encode_request("GET", "/services/1?extensions=*"), maximum)
        assert sent < maximum, "the server went on reading"
        for _ in range(100):
            began = time.monotonic()
            assert Api(other).start() > 0
            assert time.monotonic() - began < 2
        assert resident_bytes(server) - before < 100 << 20


def test_a_client_that_does_not_read_for_too_long_is_cut_off(server_with_a_long_answer) -> None:
    server = server_with_a_long_answer(**{"write-timeout": "500ms"})
    with server.connect(receive_buffer=4096) as deaf, server.connect() as other:
        stuff(deaf, encode_request("GET", "/services/1?extensions=*"), 1 << 20)

        def connections() -> float:
            return parse_metrics(other.call("GET", "/metrics").body.decode()).value("liaison_connections")

        wait_until("the deaf client is cut off", lambda: connections() == 1)


def test_a_slow_reader_gets_everything_in_order(server_with_a_long_answer) -> None:
    server = server_with_a_long_answer()
    with server.connect(receive_buffer=4096) as slow:
        slow.send(encode_request("GET", "/services/1?extensions=*") * 60)
        bodies = {slow.receive().body for _ in range(60)}
    assert len(bodies) == 1 and len(bodies.pop()) > 100_000
