"""Several servers on one PostgreSQL: they agree, they survive each other and the database, and data moves over to it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from support.api import FEEDBACK, Api, assert_error, associate_path
from support.deadline import wait_until
from support.http_client import Response
from support.load import AssociationLoad, CoherenceLoad, Ledger, start_services
from support.postgres_server import PostgresServer
from support.redis_server import RedisServer
from support.server import LiaisonServer, run_liaison

NODES = 3
# Nobody waits longer for a call than for the server to be reached and one statement.
QUICK = {"connect-timeout": "500ms", "statement-timeout": "1s"}
LONGEST_CALL = 5.0


@pytest.fixture
def start_nodes(start_server) -> Callable[..., list[LiaisonServer]]:
    """Servers on one store."""

    def start(store: str, count: int = NODES, **options) -> list[LiaisonServer]:
        return [start_server(f"node-{number}", store=store, **options) for number in range(count)]

    return start


# Several nodes


def test_reads_are_coherent_whichever_node_answers(
    start_nodes, postgres: PostgresServer, redis: RedisServer, long_form: bool
) -> None:
    # The machine may be busy: a write that Redis answers late would be another test.
    nodes = start_nodes(postgres.new_store(), redis=redis, config={"redis": {"wait": "10s"}})
    services = [service for node in nodes for service in start_services(node, 10)]
    with CoherenceLoad(nodes, services, writers=6, readers=6) as load:
        wait_until(
            "the load runs",
            lambda: min(load.reads, load.ledger.total_acknowledged()) > (20_000 if long_form else 600),
            seconds=55,
        )
    load.assert_no_failure()
    for node in nodes:
        assert load.ledger.lost(node) == []


def test_one_import_of_a_tenant_runs_on_all_nodes_together(start_nodes, postgres: PostgresServer) -> None:
    store = postgres.new_store()
    first, second = start_nodes(store, 2)
    for node in (first, second):
        (node.data / "imports").mkdir()
        (node.data / "imports/people.csv").write_text("City\n" + "Oslo\n" * 50_000)
        (node.data / "imports/few.csv").write_text("City\nOslo\n")

    def begin(node: LiaisonServer, name: str) -> Response:
        return node.call("POST", "/profiles/import", {"profiles": name})

    def state(node: LiaisonServer) -> dict:
        return Api(node).get("/profiles/import")

    assert begin(first, "people.csv").status == 202
    assert_error(begin(second, "few.csv"), 409, "import_running")
    wait_until("the other node knows how far it is", lambda: state(second).get("rows", 0) > 10)
    assert state(second)["state"] == "running"
    first.kill()
    assert state(second)["state"] == "running", "nobody knows yet"
    long_ago = """'"told":"2026-01-01T00:00:00.000Z"'"""
    postgres.query(f"UPDATE setting SET value = regexp_replace(value, '\"told\":\"[^\"]*\"', {long_ago})", store)
    left = state(second)
    assert left["state"] == "interrupted" and f"start-from-index {left['next-index']}" in left["reason"]
    assert begin(second, "few.csv").status == 202
    wait_until("the import has ended", lambda: state(second)["state"] == "done")
    first.start()
    assert state(first) == state(second) and "told" not in state(first)


def test_a_commit_of_which_nobody_could_tell_in_time_leaves_nothing_old_in_redis(
    start_nodes, postgres: PostgresServer, redis: RedisServer
) -> None:
    """The database waits for a standby that does not come; what was answered 503 is kept all the same later."""
    [node] = start_nodes(postgres.new_store(), 1, redis=redis, config={"store": QUICK})
    api = Api(node)
    service = api.start(customer_id="before")
    api.associate("former", service)
    assert node.call("GET", f"/services/{service}").header("cache-status") == "liaison; hit"

    postgres.set("synchronous_standby_names", "nobody")
    try:
        wait_until(
            "a call is given up",
            lambda: node.call("POST", associate_path("newer", service), {}).status == 503,
            seconds=30,
        )
    finally:
        postgres.set("synchronous_standby_names", "")
    wait_until("the server works again", lambda: node.call("GET", "/ready").status == 200, seconds=30)
    kept = node.call("GET", f"/services/{service}", headers={"Cache-Control": "no-cache"}).json["customer_id"]
    assert kept == "newer", "the database has kept it"
    wait_until("the cache knows", lambda: api.service(service)["customer_id"] == "newer", seconds=10)
    wait_until(
        "Redis knows", lambda: redis.call("HGET", f"liaison:service:{service}", "customer") == b"newer", seconds=10
    )


def test_a_deletion_of_which_nobody_could_tell_in_time_leaves_no_entry_in_redis_either(
    start_nodes, postgres: PostgresServer, redis: RedisServer
) -> None:
    [node] = start_nodes(postgres.new_store(), 1, redis=redis, config={"store": QUICK})
    api = Api(node)
    service = api.start(customer_id="before")
    wait_until("it is read from Redis", lambda: api.service_response(service).cache_status == "liaison; hit")
    postgres.set("synchronous_standby_names", "nobody")
    try:
        wait_until("the setting is in force", lambda: postgres.query("SHOW synchronous_standby_names") == [["nobody"]])
        assert node.call("DELETE", f"/services/{service}").status == 503
    finally:
        postgres.set("synchronous_standby_names", "")
    wait_until("the server works again", lambda: node.call("GET", "/ready").status == 200, seconds=30)
    wait_until("the cache knows", lambda: node.call("GET", f"/services/{service}").status == 404, seconds=10)
    entry = redis.client().everything()[f"liaison:service:{service}".encode()]
    assert b"before" not in entry.values()


def test_ids_are_unique_and_lists_are_the_same_on_all_nodes(start_nodes, postgres: PostgresServer) -> None:
    nodes = start_nodes(postgres.new_store())
    started = [Api(node).start(customer_id="C1") for _ in range(5) for node in nodes]
    assert len(set(started)) == len(started)
    for node in nodes:
        listed = [service["service_id"] for service in Api(node).get("/customers/C1/services")]
        assert sorted(listed) == sorted(started)


def test_a_schema_and_the_mode_reach_all_nodes(start_nodes, start_server, postgres: PostgresServer) -> None:
    store = postgres.new_store()
    first, second = start_nodes(store, 2)
    Api(first).create_schema(FEEDBACK)
    body = {"contact_key": "k", "Feedback": {"rating": 1}}
    wait_until("the schema is known", lambda: second.call("POST", "/services/start", body).status == 201, 5)
    assert first.call("POST", "/server/mode", {"mode": "maintenance"}).status == 200
    wait_until("the mode is known", lambda: Api(second).get("/server/status")["mode"] == "maintenance", 5)
    third = start_server("third", store=store)
    assert_error(third.call("POST", "/services/start", body), 503, "wrong_mode", method="POST", field="mode")
    assert third.call("POST", "/server/mode", {"mode": "production"}).status == 200
    for node in (first, second):
        wait_until("the mode is known", lambda: Api(node).get("/server/status")["mode"] == "production", 5)


def test_an_idempotency_key_counts_on_all_nodes(start_nodes, postgres: PostgresServer) -> None:
    first, second = start_nodes(postgres.new_store(), 2)
    answers = [
        node.call("POST", "/services/start", {"contact_key": "k"}, {"Idempotency-Key": "once"}).json
        for node in (first, second, first)
    ]
    assert answers[0] == answers[1] == answers[2]


def test_a_node_that_is_killed_loses_nothing_and_holds_nobody_up(
    start_nodes, postgres: PostgresServer, long_form: bool
) -> None:
    nodes = start_nodes(postgres.new_store())
    services = start_services(nodes[0], 30)
    loads = [AssociationLoad(node, services[place::NODES]) for place, node in enumerate(nodes)]
    for round_number in range(10 if long_form else 2):
        victim = random.randrange(NODES)
        loads = [AssociationLoad(node, services[place::NODES]) for place, node in enumerate(nodes)]
        with loads[0], loads[1], loads[2]:
            loads[victim].ledger.wait_for_more(random.randint(20, 150))
            nodes[victim].kill()
            others = [load for place, load in enumerate(loads) if place != victim]
            for load in others:
                load.ledger.wait_for_more(50)
        assert [load.refused for load in others] == [[], []]
        reader = nodes[(victim + 1) % NODES]
        assert [load.ledger.lost(reader) for load in loads] == [[], [], []]
        nodes[victim].start()
        # Numbers begin anew with each load.
        services = start_services(nodes[victim], 30)


def test_a_node_that_is_killed_costs_the_cache_of_the_others_one_epoch(
    start_nodes, postgres: PostgresServer, redis: RedisServer
) -> None:
    first, second, killed = start_nodes(postgres.new_store(), redis=redis)
    service = Api(killed).start(contact_key="k")
    Api(killed).associate("C1", service)
    epoch = redis.call("GET", "liaison:epoch")
    killed.kill()

    def is_raised() -> bool:
        return redis.call("GET", "liaison:epoch") != epoch

    wait_until("its lease has run out", is_raised, 15)
    raised = {epoch, redis.call("GET", "liaison:epoch")}
    until = time.monotonic() + 8
    while time.monotonic() < until:
        time.sleep(0.05)
        raised.add(redis.call("GET", "liaison:epoch"))
    # Once; and once more if nobody had seen its last commit yet. It was every lease's time, which is 3 s.
    assert len(raised) <= 3
    last = redis.call("GET", "liaison:epoch")

    def is_hit(node: LiaisonServer) -> bool:
        return node.call("GET", f"/services/{service}").cache_status == "liaison; hit"

    for node in (first, second):
        wait_until("reads come from Redis", lambda node=node: is_hit(node), 10)
    assert redis.call("GET", "liaison:epoch") == last


# The database


@pytest.fixture
def own_postgres(make_postgres) -> PostgresServer:
    """A PostgreSQL that keeps what it has acknowledged, for a test that breaks it."""
    server = make_postgres()
    server.start()
    return server


def assert_refused_in_time(server: LiaisonServer, service: int) -> Response:
    began = time.monotonic()
    response = server.call("POST", associate_path("away", service))
    assert time.monotonic() - began < LONGEST_CALL
    assert_error(response, 503, "store_unavailable", method="POST")
    assert int(response.header("Retry-After")) >= 1
    return response


def test_a_crash_of_the_database_loses_nothing_and_needs_no_restart(
    start_nodes, own_postgres: PostgresServer, long_form: bool
) -> None:
    nodes = start_nodes(own_postgres.new_store(), 2, config={"store": QUICK})
    services = start_services(nodes[0], 32)
    ledger = Ledger()
    for _ in range(10 if long_form else 2):
        loads = [AssociationLoad(node, services[place::2]) for place, node in enumerate(nodes)]
        for load in loads:
            load.ledger = ledger
        with loads[0], loads[1]:
            ledger.wait_for_more(random.randint(50, 400))
            own_postgres.crash_and_restart()
            after = ledger.total_acknowledged()

            def has_met_the_crash() -> bool:
                # A node that the crash met between two batches begins the next one anew, and refuses nobody.
                return all(load.all_ended() for load in loads) or ledger.total_acknowledged() > after + 100

            wait_until("the writers are refused, or go on", has_met_the_crash, 20)
        for response in loads[0].refused + loads[1].refused:
            assert_error(response, 503, "store_unavailable", method="POST")
        for node in nodes:
            wait_until("the node works again", lambda: node.call("GET", "/ready").status == 200, 20)
            assert ledger.lost(node) == []
            assert Api(node).start(customer_id="after") > 0


def test_while_the_database_is_away_calls_are_refused_in_time(
    start_server, own_postgres: PostgresServer
) -> None:
    server = start_server(store=own_postgres.new_store(), config={"store": QUICK})
    service = Api(server).start(customer_id="before")
    own_postgres.stop()
    wait_until("/ready says so, without any call", lambda: server.call("GET", "/ready").status == 503, 10)
    assert_refused_in_time(server, service)
    began = time.monotonic()
    assert server.call("GET", f"/services/{service}").status == 503
    assert time.monotonic() - began < LONGEST_CALL
    own_postgres.start()
    wait_until("it works again", lambda: server.call("GET", "/ready").status == 200, 20)
    assert Api(server).service(service)["customer_id"] == "before"
    Api(server).associate("after", service)
    assert "the store fails" in server.log() and "the store works again" in server.log()


def test_a_database_that_does_not_answer_holds_no_call_for_long(
    start_server, own_postgres: PostgresServer
) -> None:
    store = own_postgres.new_store()
    server = start_server(store=store, config={"store": QUICK})
    service = Api(server).start(customer_id="before")
    with own_postgres.frozen():
        assert_refused_in_time(server, service)
    wait_until("it works again", lambda: server.call("GET", "/ready").status == 200, 20)
    Api(server).associate("after", service)
    # What was refused was not kept behind the client's back in an answer that said otherwise.
    shown = [entry["customer_id"] for entry in Api(server).get(f"/services/{service}/associations")]
    assert shown[0] == "after" and shown[-1] == "before"


def test_when_a_standby_takes_over_servers_find_it_and_nobody_asks_it_before(
    start_server, make_postgres, own_postgres: PostgresServer
) -> None:
    standby = make_postgres()
    standby.follow(own_postgres)
    standby.start()
    folders = f"host={standby.folder},{own_postgres.folder}"
    store = own_postgres.new_store().replace(f"host={own_postgres.folder}", folders)
    server = start_server(store=store, config={"store": QUICK})
    service = Api(server).start(customer_id="before")
    # Fast, it waits until the standby has everything.
    own_postgres.stop()
    assert_refused_in_time(server, service)
    standby.promote()
    wait_until("it works again", lambda: server.call("GET", "/ready").status == 200, 20)
    assert Api(server).service(service)["customer_id"] == "before"
    Api(server).associate("after", service)
    assert Api(server).service(service)["customer_id"] == "after"
    assert "has lost commits" not in server.log()


@pytest.mark.parametrize("by_variable", [True, False])
def test_who_wants_another_kind_of_session_says_so(by_variable: bool, postgres: PostgresServer, tmp_path: Path) -> None:
    store, environment = postgres.new_store(), {}
    if by_variable:
        environment = {"PGTARGETSESSIONATTRS": "standby"}
    else:
        store += " target_session_attrs=standby"
    done = run_liaison("store", "status", "--store", store, environment=environment)
    assert done.returncode == 1 and "server is not in hot standby mode" in done.stderr, done


def test_while_the_database_only_reads_so_does_the_server(start_server, own_postgres: PostgresServer) -> None:
    server = start_server(store=own_postgres.new_store(), config={"store": QUICK})
    service = Api(server).start(customer_id="before")

    def let_write(allowed: bool) -> None:
        own_postgres.set("default_transaction_read_only", "off" if allowed else "on")

    let_write(False)
    wait_until("/ready says so, without any call", lambda: server.call("GET", "/ready").status == 503, 10)
    assert_refused_in_time(server, service)
    assert Api(server).service(service)["customer_id"] == "before"
    let_write(True)
    wait_until("it works again", lambda: server.call("GET", "/ready").status == 200, 10)
    Api(server).associate("after", service)
    assert Api(server).service(service)["customer_id"] == "after"


def test_commits_that_the_database_has_lost_are_told_and_not_shown_from_redis(
    start_nodes, own_postgres: PostgresServer, redis: RedisServer, folder: Path
) -> None:
    [node] = start_nodes(own_postgres.new_store(), 1, redis=redis, config={"store": QUICK})
    api = Api(node)
    service = api.start(customer_id="kept")
    own_postgres.stop()
    own_postgres.copy_data(folder / "before")
    own_postgres.start()
    wait_until("it works again", lambda: node.call("GET", "/ready").status == 200, 20)
    api.associate("lost", service)
    own_postgres.stop()
    own_postgres.bring_data_back(folder / "before")
    own_postgres.start()
    wait_until("it works again", lambda: node.call("GET", "/ready").status == 200, 20)
    wait_until("the loss is told", lambda: node.log().count("has lost commits that it had acknowledged") == 1)
    wait_until("what is left is shown", lambda: api.service(service)["customer_id"] == "kept", 10)

    def shown_from_redis() -> str | None:
        response = node.call("GET", f"/services/{service}")
        return response.json["customer_id"] if response.cache_status == "liaison; hit" else None

    wait_until("Redis has it", lambda: shown_from_redis() == "kept", 10)
    # Of the revision that the lost one had.
    api.associate("newer", service)
    wait_until("Redis has that", lambda: shown_from_redis() == "newer", 10)
    assert node.log().count("has lost commits") == 1


def test_a_database_that_cannot_be_reached_stops_the_start_with_one_line(tmp_path: Path) -> None:
    done = run_liaison("serve", "--data", tmp_path / "data", "--store", "postgres://127.0.0.1:1/none")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "127.0.0.1" in done.stderr


@pytest.mark.parametrize("url", ["mysql://h/db", "nonsense", "colour=red"])
def test_a_connection_string_that_is_none_is_refused(url: str) -> None:
    done = run_liaison("serve", "--store", url)
    assert done.returncode == 2
    assert "store.url" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("url", ["postgres://u:s3cret%zz@h/db", "postgres://u:s3cret/x@h/db", "host=h password=a s3cret"])
def test_a_connection_string_that_is_wrong_is_not_shown(url: str, tmp_path: Path) -> None:
    for command in (["serve", "--store", url], ["store", "copy", "--from", f"sqlite:{tmp_path}", "--to", url]):
        done = run_liaison(*command)
        assert done.returncode == 2 and "s3cret" not in done.stderr


# Data that the database refuses


def test_what_the_database_refuses_fails_alone_and_clearly(start_server, postgres: PostgresServer) -> None:
    server = start_server(store=postgres.new_store())
    api = Api(server)
    api.create_key({"name": "byName", "attributes": ["LastName", "FirstName", "City"]})
    # No index of PostgreSQL takes it, not even compressed.
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    poison = {name: "".join(random.choices(letters, k=1000)) for name in ("LastName", "FirstName", "City")}
    services = start_services(server, 8)
    with AssociationLoad(server, services) as load:
        for _ in range(5):
            load.ledger.wait_for_more(20)
            error = server.call("POST", "/profiles", poison)
            assert_error(error, 422, "data_refused", method="POST")
            assert "values of an identification key are too long" in error.json["message"]
    assert load.refused == [] and load.ledger.lost(server) == []
    assert server.call("GET", "/ready").status == 200 and "the store fails" not in server.log()
    # U+0000, for which PostgreSQL's text has no place, is data like any other.
    named = server.call("POST", "/profiles", {"LastName": "a\0b"})
    assert named.status == 201
    assert api.get(f"/profiles/{named.json['customer_id']}")["LastName"] == "a\0b"


# The command line


def test_status_and_migrate_tell_the_version(postgres: PostgresServer, tmp_path: Path) -> None:
    store = postgres.new_store()
    for place in (["--store", store], ["--data", tmp_path / "data"]):
        before = run_liaison("store", "status", *place)
        assert before.returncode == 0 and "version 0" in before.stdout, before
        assert "migrated from version 0" in run_liaison("store", "migrate", *place).stdout
        after = run_liaison("store", "status", *place)
        assert "this server's" in after.stdout
        assert run_liaison("store", "migrate", *place).stdout == after.stdout


def test_a_database_of_a_newer_server_is_refused(postgres: PostgresServer, tmp_path: Path) -> None:
    store = postgres.new_store()
    run_liaison("store", "migrate", "--store", store)
    postgres.query("INSERT INTO liaison_schema VALUES (99)", store)
    for command in (["serve", "--data", tmp_path], ["store", "status"], ["store", "migrate"]):
        done = run_liaison(*command, "--store", store)
        assert done.returncode == 1
        assert "version 99" in done.stderr and done.stderr.count("\n") == 1


def everything(server: LiaisonServer, services: Sequence[int]) -> list[object]:
    api = Api(server)
    shown: list[object] = [
        api.get(f"/services/{service}?extensions=*&active_states=true&completed_states=true") for service in services
    ]
    shown += [api.get(f"/services/{service}/associations") for service in services]
    shown += [api.get(f"/customers/C{number}/services") for number in range(5)]
    shown.append(api.get("/metadata/services/extensions"))
    return shown


def fill(server: LiaisonServer) -> list[int]:
    api = Api(server)
    api.create_schema(FEEDBACK)
    services = []
    for number in range(40):
        service = api.start(contact_key=f"k{number}", service_type=number % 3)
        for step in range(number % 4):
            api.associate(f"C{(number + step) % 5}", service, {"Feedback": {"rating": step, "notes": "„ü“"}})
        if number % 5 == 0:
            api.complete(service, {"disposition": 7})
        if number % 2 == 0:
            server.call("POST", f"/services/{service}/states/start", {"state_type": 4})
        services.append(service)
    server.call("POST", "/profiles", {"customer_id": "C1", "FirstName": "Ann"})
    return services


def test_a_data_folder_is_copied_into_the_database_whole(start_server, postgres: PostgresServer) -> None:
    old = start_server("old", store=None)
    services = fill(old)
    before = everything(old, services)
    store = postgres.new_store()
    copy = ["store", "copy", "--from", f"sqlite:{old.data}", "--to", store]
    busy = run_liaison(*copy)
    assert busy.returncode == 1 and "in use" in busy.stderr
    assert old.stop() == 0

    done = run_liaison(*copy)
    assert done.returncode == 0, done.stderr
    assert "they are the same" in done.stdout and "100 %" in done.stderr
    new = start_server("new", store=store)
    assert everything(new, services) == before
    assert Api(new).start(contact_key="k") > max(services)
    again = run_liaison(*copy)
    assert again.returncode == 1 and "holds data already" in again.stderr


def test_a_copy_that_was_broken_off_goes_on_and_nobody_works_on_half_of_it(
    start_server, postgres: PostgresServer
) -> None:
    old = start_server("old", store=None)
    services = fill(old)
    before = everything(old, services)
    assert old.stop() == 0
    store = postgres.new_store()
    copy = ["store", "copy", "--from", f"sqlite:{old.data}", "--to", store]
    run_liaison("store", "migrate", "--store", store)
    # The copy breaks off in the middle.
    postgres.query(
        """CREATE FUNCTION refuse() RETURNS trigger AS 'BEGIN RAISE EXCEPTION ''broken off''; END' LANGUAGE plpgsql;
        CREATE TRIGGER refusal BEFORE INSERT ON association EXECUTE FUNCTION refuse()""",
        store,
    )
    broken = run_liaison(*copy)
    assert broken.returncode == 1 and "broken off" in broken.stderr
    refused = run_liaison("serve", "--data", old.folder / "other", "--store", store)
    assert refused.returncode == 1 and "not whole yet" in refused.stderr
    postgres.query("DROP TRIGGER refusal ON association", store)
    assert run_liaison(*copy).returncode == 0
    assert everything(start_server("new", store=store), services) == before


def test_a_copy_that_differs_is_told(start_server, postgres: PostgresServer) -> None:
    """Also shows that the comparison can fail."""
    old = start_server("old", store=None)
    fill(old)
    assert old.stop() == 0
    store = postgres.new_store()
    copy = ["store", "copy", "--from", f"sqlite:{old.data}", "--to", store]
    run_liaison("store", "migrate", "--store", store)
    postgres.query(
        """CREATE FUNCTION falsify() RETURNS trigger AS 'BEGIN NEW.value := ''0''; RETURN NEW; END' LANGUAGE plpgsql;
        CREATE TRIGGER falsification BEFORE INSERT ON extension FOR EACH ROW EXECUTE FUNCTION falsify()""",
        store,
    )
    done = run_liaison(*copy)
    assert done.returncode == 1 and "extension differs" in done.stderr


def test_only_a_data_folder_is_copied_into_postgresql(tmp_path: Path) -> None:
    for words in (
        ["--from", "postgres://h/d", "--to", "postgres://h/e"],
        ["--from", "sqlite:x", "--to", "sqlite:y"],
        ["--from", "sqlite:x"],
    ):
        assert run_liaison("store", "copy", *words).returncode == 2
    missing = run_liaison("store", "copy", "--from", f"sqlite:{tmp_path}", "--to", "postgres://127.0.0.1:1/x")
    assert missing.returncode == 1 and "there is no database" in missing.stderr
