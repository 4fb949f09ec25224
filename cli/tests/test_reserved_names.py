"""No user name is a word that stands in a path where a user name may stand: its owner could never be looked up."""

from cnop_cli.stack import descriptions
from cnop_users.domain.rules import RESERVED_USERNAMES


def test_words_beside_a_user_name_in_a_path_are_reserved() -> None:
    paths = {path for document in descriptions.build().values() for path in document["paths"]}
    parents = {path.removesuffix("{username}") for path in paths if path.endswith("{username}")}
    words = {path.removeprefix(parent) for parent in parents for path in paths if path.startswith(parent)}
    beside = {word for word in words if word != "{username}" and len(word) >= 6}
    assert beside
    assert beside <= RESERVED_USERNAMES
