"""New rules while it runs: a good set is taken without dropping a request, a bad one changes nothing."""

from __future__ import annotations

import threading
from pathlib import Path

from tests.surfaces.decide.server import RULES, Server, order, until
from tocsin.engine.log import RulesRecord, read_log

STRICTER = RULES.replace("orders >= 2", "orders >= 1").replace("third_order", "second_order")


def test_new_rules_apply_from_the_next_event_and_are_in_the_log(own_server: Server) -> None:
    first = own_server.post(order("a")).json
    own_server.write_rules(STRICTER)
    own_server.hang_up()
    until(lambda: own_server.post(order("probe", "nobody")).json and "are in force" in own_server.output())
    second = own_server.post(order("b")).json
    assert (first["verdict"], second["verdict"]) == ("allow", "review")
    assert second["reasons"][0]["rule"] == "second_order"
    assert second["rules_version"] != first["rules_version"]
    changes = [
        record
        for record in read_log(own_server.folder, own_server.codec, 0, 100)
        if isinstance(record, RulesRecord)
    ]
    assert [change.version for change in changes] == [first["rules_version"], second["rules_version"]]
    own_server.kill()
    own_server.start()
    assert own_server.post(order("c")).json["rules_version"] == second["rules_version"]
    assert (
        len([r for r in read_log(own_server.folder, own_server.codec, 0, 100) if isinstance(r, RulesRecord)])
        == 2
    )


def test_what_a_rule_in_shadow_would_have_done_is_counted_apart(own_server: Server) -> None:
    own_server.post(order("a"))
    own_server.write_stages('third_order = { stage = "shadow" }')
    own_server.hang_up()
    until(lambda: "are in force" in own_server.output())
    verdicts = [own_server.post(order(name)).json["verdict"] for name in "bcd"]
    assert verdicts == ["allow"] * 3
    assert own_server.metric('tocsin_decide_rule_watched_total{rule="third_order"}') == 2
    assert "rule_fired_total{" not in own_server.request("GET", "/metrics").body.decode()


def test_a_set_with_a_mistake_is_refused_and_the_old_one_stays(own_server: Server) -> None:
    version = own_server.post(order("a")).json["rules_version"]
    own_server.write_rules(RULES.replace("verdict =", "verdct ="))
    own_server.hang_up()
    until(lambda: "the new rules are refused" in own_server.output())
    assert 'shop.rules:10:5: A rule has no setting "verdct". Did you mean "verdict"?' in own_server.output()
    assert own_server.post(order("b")).json["rules_version"] == version
    assert own_server.metric('tocsin_decide_events_total{what="reload_refused"}') == 1


def test_a_restart_over_a_mistake_goes_on_with_the_rules_that_were_in_force(own_server: Server) -> None:
    version = own_server.post(order("a")).json["rules_version"]
    own_server.write_rules("this is not a rule file")
    own_server.kill()
    own_server.start()
    assert own_server.post(order("b")).json["rules_version"] == version


def publish(home: Path, name: str, text: str) -> Path:
    """Put a set into force as the worker does."""
    folder = home / "published" / name
    folder.mkdir(parents=True)
    (folder / "shop.rules").write_text(text)
    link = home / "published" / "current"
    (home / "published" / "next").symlink_to(name)
    (home / "published" / "next").rename(link)
    return link


def test_what_is_published_comes_into_force_by_itself_and_survives_a_crash(tmp_path: Path) -> None:
    server = Server(tmp_path, "--published", str(tmp_path / "published" / "current")).start()
    try:
        first = server.post(order("a")).json
        publish(tmp_path, "one", STRICTER)
        until(lambda: "are in force" in server.output())
        second = server.post(order("b")).json
        assert (first["verdict"], second["reasons"][0]["rule"]) == ("allow", "second_order")
        server.kill()
        server.start()
        assert server.post(order("c")).json["rules_version"] == second["rules_version"]
        publish(tmp_path, "two", RULES.replace("verdict =", "verdct ="))
        until(lambda: "the new rules are refused" in server.output())
        assert server.post(order("d")).json["rules_version"] == second["rules_version"]
        publish(tmp_path, "three", RULES)
        until(lambda: server.post(order("e")).json and server.output().count("are in force") == 1)
        assert server.metric('tocsin_decide_events_total{what="reload_refused"}') == 1
    finally:
        server.kill()


def test_no_request_is_dropped_while_rules_change(own_server: Server) -> None:
    statuses: list[int] = []
    done = threading.Event()

    def client(name: str) -> None:
        number = 0
        while not done.is_set():
            number += 1
            statuses.append(own_server.post(order(f"{name}-{number}", name)).status)

    threads = [threading.Thread(target=client, args=(f"t{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for round_ in range(6):
        own_server.write_rules(RULES if round_ % 2 else STRICTER)
        own_server.hang_up()
        until(lambda round_=round_: own_server.output().count("are in force") > round_)
    done.set()
    for thread in threads:
        thread.join(30)
    assert len(statuses) > 20
    assert set(statuses) == {200}
