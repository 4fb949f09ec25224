import pytest
from pydantic import ValidationError
from users_under_test import key_text, make_settings

from cnop_users.bootstrap import describe

URL = "valkeys://users:pw@127.0.0.1:6379/0"
PRODUCTION = {
    "environment": "production",
    "bcrypt_cost": None,
    "smtp_url": "smtps://user:pw@mail.test",
    "mail_from": "no-reply@shop.test",
}


def test_local_hashes_cheaply_and_production_does_not(tmp_path):
    assert make_settings(tmp_path, URL, bcrypt_cost=None).password_cost == 10
    assert make_settings(tmp_path, URL, **PRODUCTION).password_cost == 12


def test_production_refuses_cheap_hashes(tmp_path):
    with pytest.raises(ValidationError, match="at least 12 in production"):
        make_settings(tmp_path, URL, **{**PRODUCTION, "bcrypt_cost": 11})


def test_a_local_profile_does_not_weaken_production(tmp_path):
    with pytest.raises(ValidationError, match="at least 12 in production"):
        make_settings(tmp_path, URL, **PRODUCTION, profile="local")


@pytest.mark.parametrize(
    ("missing", "said"), [("smtp_url", "smtp_url is needed in production"), ("mail_from", "mail_from must be")]
)
def test_production_needs_a_way_for_letters(tmp_path, missing, said):
    given = {name: value for name, value in PRODUCTION.items() if name != missing}
    # A Maildir is for one's own machine: nobody reads it in production.
    with pytest.raises(ValidationError, match=said):
        make_settings(tmp_path, URL, **given, mail_dir=str(tmp_path))
    assert make_settings(tmp_path, URL).mailer is None


@pytest.mark.parametrize("name", ["pepper", "data_key", "index_key", "ledger_key"])
@pytest.mark.parametrize("value", ["", "short", "not base64url!", key_text(1)[:-4]])
def test_a_key_that_is_none_is_refused_without_being_shown(tmp_path, name, value):
    with pytest.raises(ValidationError) as caught:
        make_settings(tmp_path, URL, **{name: value})
    assert value not in [str(each.get("input")) for each in caught.value.errors(include_input=False)]


@pytest.mark.parametrize("name", ["pepper", "data_key", "index_key", "ledger_key", "signing_keys", "audit_key"])
def test_no_secret_has_a_default(tmp_path, name):
    settings = make_settings(tmp_path, URL).model_dump()
    del settings[name]
    with pytest.raises(ValidationError):
        type(make_settings(tmp_path, URL))(**settings)


def test_origins_are_compared_as_written(tmp_path):
    settings = make_settings(tmp_path, URL, frontend_origins=" https://a.test, http://127.0.0.1:3000 ,")
    assert settings.origins == {"https://a.test", "http://127.0.0.1:3000"}
    assert make_settings(tmp_path, URL, frontend_origins="").origins == frozenset()


def test_the_description_needs_nothing_and_declares_every_access():
    document = describe()
    operations = {
        f"{method.upper()} {path}": operation["x-access"]
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    public = {name for name, access in operations.items() if access["roles"] == ["public"]}
    assert public >= {"POST /auth/register", "POST /auth/login", "POST /auth/refresh", "GET /.well-known/jwks.json"}
    cookies = {name for name, access in operations.items() if access["cookie"]}
    assert cookies == {
        "POST /auth/login",
        "POST /auth/passkeys/login",
        "POST /auth/refresh",
        "POST /auth/logout",
        "GET /auth/oidc/{provider}/login",
        "GET /auth/oidc/{provider}/callback",
        "POST /auth/oidc/second-factor",
        "POST /auth/oidc/{provider}/link",
        "POST /auth/oidc/{provider}/step-up",
    }
    assert operations["POST /balance/deposit"]["rate_class"] == "trade"
    assert operations["POST /auth/login"]["rate_class"] == "auth"
