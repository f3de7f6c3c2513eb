import pytest

from app.service.profiles import Mode, Profile, Profiles


@pytest.fixture
def profiles() -> Profiles:
    return Profiles([Profile("default", (), ("pacs",)), Profile("trial", ("TRIAL", "TRIAL2"))])


@pytest.mark.parametrize(
    ("title", "name"), [("TRIAL", "trial"), ("TRIAL2", "trial"), ("SPINEMAP", "default")]
)
def test_title_selects_its_profile_or_the_default(
    profiles: Profiles, title: str, name: str
) -> None:
    assert profiles.of_title(title).name == name


def test_one_profile_is_the_default() -> None:
    with pytest.raises(ValueError, match="default"):
        Profiles([Profile("trial")])


def test_profile_that_is_not_configured_is_none(profiles: Profiles) -> None:
    assert profiles.named("gone") is None
    assert [profile.name for profile in profiles] == ["default", "trial"]


def test_shadow_has_no_receivers() -> None:
    assert Profile("a", (), ("pacs",), Mode.SHADOW).receivers == ()
    assert Profile("a", (), ("pacs",)).receivers == ("pacs",)
