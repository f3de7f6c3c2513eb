import subprocess
from pathlib import Path

import pytest

from app.settings import load_settings
from pacs.spool import SpoolLimits
from spine.errors import Code, SpineError
from spine.reporting.kinds import DEFAULT_KINDS, Kind


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.yaml"
    path.write_text(
        "listener: {port: 104, ae_titles: [SITE]}\n"
        "quiet_time_s: 30\n"
        "models:\n"
        "  approved:\n"
        f"    age-dcnn: {{card_sha256: {'a' * 64}, evidence: synthetic}}\n"
    )
    return path


def test_defaults_stand_in_app_yaml() -> None:
    settings = load_settings(environ={})
    assert settings.listener.port == 11112
    assert settings.listener.ae_titles == ("SPINEMAP",)
    assert settings.science["minimum_evidence"] == "retrospective"


def test_site_overrides_single_values(site: Path) -> None:
    settings = load_settings(site, environ={})
    assert (settings.listener.port, settings.listener.ae_titles) == (104, ("SITE",))
    assert settings.listener.idle_timeout_s == 60
    assert settings.models.approved["age-dcnn"].evidence == "synthetic"
    assert settings.models.backend == "openvino"


def test_variables_override_the_site(site: Path) -> None:
    environ = {
        "SPINEMAP_LISTENER__PORT": "4242",
        "SPINEMAP_QUIET_TIME_S": "2.5",
        "SPINEMAP_DESTINATIONS": (
            '[{"name": "pacs", "host": "10.1.2.3", "port": 104, "ae_title": "PACS"}]'
        ),
        "PATH": "/bin",
    }
    settings = load_settings(site, environ)
    assert settings.listener.port == 4242
    assert settings.listener.ae_titles == ("SITE",)
    assert settings.quiet_time_s == 2.5
    assert settings.destinations[0].to_destination().calling_ae_title == "SPINEMAP"


def test_a_key_that_is_given_twice_is_named_and_neither_taken(site: Path) -> None:
    text = site.read_text()
    site.write_text(text + "models:\n  folder: elsewhere\n")
    with pytest.raises(SpineError, match="models: set twice"):
        load_settings(site, {})
    site.write_text(text + "web: {port: 1, port: 2}\n")
    with pytest.raises(SpineError, match="port: set twice"):
        load_settings(site, {})


def test_the_image_has_its_own_folders_which_a_site_may_move(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    script, image = root / "deploy" / "image.sed", tmp_path / "app.yaml"
    program = ["sed", "--file", str(script), str(root / "app.yaml")]
    image.write_text(subprocess.run(program, check=True, capture_output=True, text=True).stdout)

    settings = load_settings(image, {})

    assert settings.models.folder == Path("/opt/holoscan/models")
    assert settings.storage.root == Path("/var/lib/spinemap")
    assert settings.log_format == "json"
    plain = load_settings(environ={})
    changed = {"models": plain.models, "storage": plain.storage, "log_format": plain.log_format}
    assert settings.model_copy(update=changed) == plain


def test_secret_is_read_from_its_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("/srv/spinemap\n")
    settings = load_settings(environ={"SPINEMAP_STORAGE__ROOT_FILE": str(secret)})
    assert settings.storage.root == Path("/srv/spinemap")


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"SPINEMAP_LISTENER__PORTT": "1"}, "listener.portt"),
        ({"SPINEMAP_LISTNER__PORT": "1"}, "SPINEMAP_LISTNER__PORT"),
        ({"SPINEMAP_LISTENER__PORT": "many"}, "listener.port"),
        ({"SPINEMAP_STORAGE__ROOT_FILE": "/gone"}, "SPINEMAP_STORAGE__ROOT_FILE"),
        ({"SPINEMAP_LISTENER__AE_TITLES": '["SEVENTEEN LETTERS"]'}, "listener.ae_titles"),
        ({"SPINEMAP_LISTENER__AE_TITLES": "[]"}, "listener.ae_titles"),
        ({"SPINEMAP_MODELS__BACKEND": "abacus"}, "models.backend"),
        ({"SPINEMAP_QUIET_TIME_S": "0"}, "quiet_time_s"),
    ],
)
def test_wrong_settings_are_named(environ: dict[str, str], named: str) -> None:
    with pytest.raises(SpineError, match=named) as caught:
        load_settings(environ=environ)
    assert caught.value.code is Code.SETTINGS_INVALID


def test_unknown_key_in_the_site_is_an_error(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text("listener: {quiet: 1}\n")
    with pytest.raises(SpineError, match=r"listener\.quiet"):
        load_settings(site, environ={})


@pytest.mark.parametrize("content", ["{", "- a\n- b\n", "listener: 5\n"])
def test_site_that_is_no_mapping_is_an_error(tmp_path: Path, content: str) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(content)
    with pytest.raises(SpineError) as caught:
        load_settings(site, environ={})
    assert caught.value.code is Code.SETTINGS_INVALID


def test_missing_site_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SpineError, match="no such file"):
        load_settings(tmp_path / "site.yaml", environ={})


def test_outside_loopback_peers_must_be_listed() -> None:
    with pytest.raises(SpineError, match="peers"):
        load_settings(environ={"SPINEMAP_LISTENER__ADDRESS": "10.9.9.9"})
    peers = '[{"ae_title": "PACS", "addresses": ["10.1.2.0/24"]}]'
    settings = load_settings(
        environ={"SPINEMAP_LISTENER__ADDRESS": "10.9.9.9", "SPINEMAP_LISTENER__PEERS": peers}
    )
    admission = settings.listener.to_listener().admission
    assert admission.rejection("SPINEMAP", "PACS", "10.1.2.77") is None
    assert admission.rejection("SPINEMAP", "PACS", "10.1.3.1") is not None


def test_peer_without_address_is_an_error() -> None:
    with pytest.raises(SpineError, match="addresses"):
        load_settings(
            environ={"SPINEMAP_LISTENER__PEERS": '[{"ae_title": "PACS", "addresses": []}]'}
        )


def test_two_destinations_of_one_name_are_an_error() -> None:
    entry = '{"name": "pacs", "host": "a", "port": 104, "ae_title": "PACS"}'
    with pytest.raises(SpineError, match="same name"):
        load_settings(environ={"SPINEMAP_DESTINATIONS": f"[{entry}, {entry}]"})


def test_values_are_never_quoted_since_they_may_be_secrets() -> None:
    with pytest.raises(SpineError) as caught:
        load_settings(environ={"SPINEMAP_LISTENER__PORT": "hunter2"})
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


DESTINATIONS = (
    "[{name: pacs, host: h, port: 104, ae_title: P}, {name: trials, host: h, port: 1, ae_title: T}]"
)


def _site(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "profiles.yaml"
    path.write_text(f"destinations: {DESTINATIONS}\nlistener: {{ae_titles: [A, B]}}\n{text}\n")
    return path


def test_site_without_profiles_has_the_default_for_all_destinations(tmp_path: Path) -> None:
    settings = load_settings(_site(tmp_path, ""), environ={})
    (profile,) = settings.to_profiles()
    assert profile.receivers == ("pacs", "trials")
    assert profile.retention_days == 0
    assert settings.for_profile("default").models == settings.models


def test_profile_selects_models_destinations_mode_and_retention(tmp_path: Path) -> None:
    text = (
        "profiles:\n  default: {destinations: [pacs]}\n"
        "  trial: {ae_titles: [B], destinations: [trials], mode: shadow, retention_days: 30,\n"
        "          models: {folder: /srv/trial, approved: "
        f"{{age-dcnn: {{card_sha256: {'b' * 64}, evidence: synthetic}}}}}}}}"
    )
    settings = load_settings(_site(tmp_path, text), environ={})
    profiles = settings.to_profiles()
    assert profiles.of_title("A").receivers == ("pacs",)
    trial = profiles.of_title("B")
    assert (trial.name, trial.destinations, trial.receivers) == ("trial", ("trials",), ())
    assert trial.retention_days == 30
    models = settings.for_profile("trial").models
    assert models.folder == Path("/srv/trial")
    assert models.approved["age-dcnn"].card_sha256 == "b" * 64
    assert models.backend == settings.models.backend
    assert settings.for_profile("default").models == settings.models


def test_run_of_a_profile_writes_what_its_own_destinations_get(tmp_path: Path) -> None:
    text = (
        "destinations:\n"
        "  - {name: pacs, host: h, port: 104, ae_title: P}\n"
        "  - {name: old, host: h, port: 1, ae_title: O, objects: [key-pictures, text-report]}\n"
        "  - {name: lab, kind: folder, path: /srv, objects: [label-map, report]}\n"
        "profiles: {default: {destinations: [pacs, old]}, trial: {destinations: [lab]}}\n"
    )
    path = tmp_path / "site.yaml"
    path.write_text(text)
    settings = load_settings(path, environ={})
    wanted = {name: settings.for_profile(name).wanted_kinds() for name in settings.profiles}
    assert wanted["default"] == DEFAULT_KINDS | {Kind.KEY_PICTURES, Kind.TEXT_REPORT}
    assert wanted["trial"] == {Kind.LABEL_MAP, Kind.REPORT}
    assert load_settings(environ={}).wanted_kinds() == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "profiles: {trial: {ae_titles: [C]}}",
        "profiles: {trial: {destinations: [nobody]}}",
        "profiles: {trial: {ae_titles: [B]}, other: {ae_titles: [B]}}",
        "profiles: {trial: {mode: loud}}",
        "profiles: {trial: {retention_days: -1}}",
        "profiles: {'../x': {}}",
        "worker: {memory_mib: -1}",
        "complete_when: {minimum_instances: -1}",
    ],
)
def test_profiles_that_cannot_be_meant_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SpineError) as caught:
        load_settings(_site(tmp_path, text), environ={})
    assert caught.value.code is Code.SETTINGS_INVALID


def test_senders_count_is_asked_where_a_peer_is_named(tmp_path: Path) -> None:
    text = "complete_when: {sender_count: {host: h, port: 104, ae_title: PACS, after_s: 3}}"
    settings = load_settings(_site(tmp_path, text), environ={})
    rules = settings.complete_when.to_rules(settings.quiet_time_s)
    assert rules.ask_count is not None
    assert rules.count_after_s == 3
    assert load_settings(environ={}).complete_when.to_rules(9).ask_count is None


def test_reception_is_bounded_by_default() -> None:
    reception = load_settings(environ={}).to_reception()
    assert reception.processes == 2
    assert reception.limits == SpoolLimits(maximum_bytes=2 << 30, reserve_bytes=2 << 30)
    assert reception.listener.maximum_associations == 16


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LISTENER__PROCESSES", "0"),
        ("LISTENER__MAXIMUM_OBJECT_BYTES", "0"),
        ("STORAGE__RESERVE_BYTES", "-1"),
    ],
)
def test_limits_that_would_receive_nothing_are_errors(name: str, value: str) -> None:
    with pytest.raises(SpineError, match=name.lower().replace("__", ".")):
        load_settings(environ={f"SPINEMAP_{name}": value})
