"""`harvester auth`: get a bearer token or a user's access token, and see what is configured."""

from typing import Final

import cloup

from harvester.cli.declaring import Group
from harvester.cli.kinds import ACCOUNT, AUTH_URL, BASE_URL
from harvester.config.credentials import DEFAULT_ACCOUNT
from harvester.config.options import parse_url
from harvester.engagement.endpoints import DEFAULT_AUTH_URL, DEFAULT_BASE_URL
from harvester.errors import ExitCode

SAMPLE_TWEET: Final = "1060976163948904448"
"""Of 2018. Whose it is, or whether it still exists, does not matter."""

GROUP_EPILOG: Final = """
Examples:
  harvester auth bearer --save          # the app's token, for everybody's public metrics
  harvester auth login --account ada    # ada's token, for all metrics of her tweets
  harvester auth check                  # what works, and what does not and why

The consumer key and secret of the app have to be configured: HARVESTER_CONSUMER_KEY and
HARVESTER_CONSUMER_SECRET, or [app] in ~/.config/harvester/credentials.toml.
"""
BEARER_EPILOG: Final = """
Examples:
  harvester auth bearer --save
  HARVESTER_BEARER_TOKEN=$(harvester auth bearer) harvester run ids.txt -o runs/july
"""
LOGIN_EPILOG: Final = """
Examples:
  harvester auth login
  harvester auth login --account ada
"""
CHECK_EPILOG: Final = """
Examples:
  harvester auth check
  harvester auth check --account ada --tweet 1060976163948904448 --json

Exit codes:
  0  what is configured works   2  nothing is configured
  4  something is refused       5  something could not be reached, or did not answer for now
"""

_auth_url = cloup.option(
    "--auth-url", type=AUTH_URL, default=DEFAULT_AUTH_URL, metavar="URL", help="The token service."
)
_base_url = cloup.option(
    "--base-url", type=BASE_URL, default=DEFAULT_BASE_URL, metavar="URL", help="The API."
)


@cloup.group("auth", cls=Group, epilog=GROUP_EPILOG)
def auth() -> None:
    """Get a bearer token or a user's access token, and see what works."""


@auth.command("bearer", epilog=BEARER_EPILOG)
@cloup.option_group(
    "Output",
    cloup.option("--save", is_flag=True, help="Store it in the credentials file instead of printing it."),
)
@cloup.option_group("Service", _auth_url)
def bearer(save: bool, auth_url: str) -> None:  # noqa: FBT001  # click calls by name
    """Fetch the app's bearer token and print it.

    It is fetched with the consumer key and secret. Whoever has it can use the app's allowance.
    """
    from harvester.cli.authorizing import get_bearer_token  # noqa: PLC0415  # imported when called

    get_bearer_token(parse_url(auth_url, "--auth-url"), save=save)


@auth.command("login", epilog=LOGIN_EPILOG)
@cloup.option_group(
    "Output",
    cloup.option(
        "--account",
        type=ACCOUNT,
        default=DEFAULT_ACCOUNT,
        metavar="NAME",
        help="The account's name in the file.",
    ),
)
@cloup.option_group("Service", _auth_url)
def login(account: str, auth_url: str) -> None:
    """Get a user's access token by PIN, and store it.

    The user opens the address that is shown, consents, and types the PIN from that page; it may also come
    from standard input. The token goes into the credentials file, which nobody else may read.
    """
    from harvester.cli.authorizing import get_access_token  # noqa: PLC0415  # imported when called

    get_access_token(account, parse_url(auth_url, "--auth-url"))


@auth.command("check", epilog=CHECK_EPILOG)
@cloup.option_group(
    "Question",
    cloup.option(
        "--account", type=ACCOUNT, metavar="NAME", help="Whose access token, from the credentials file."
    ),
    cloup.option("--tweet", default=SAMPLE_TWEET, metavar="ID", help="The tweet to ask for."),
)
@cloup.option_group(
    "Output", cloup.option("--json", "as_json", is_flag=True, help="One JSON document instead of a table.")
)
@cloup.option_group("Service", _base_url, _auth_url)
def check(
    account: str | None,
    tweet: str,
    as_json: bool,  # noqa: FBT001  # click calls by name
    base_url: str,
    auth_url: str,
) -> ExitCode:
    """Send one cheap request for each endpoint and kind of access.

    Says what works with the configured credentials, and what does not and why. That the tweet is somebody
    else's, or gone, is an answer too: it shows that the credentials are accepted.
    """
    from harvester.cli.authorizing import check_credentials  # noqa: PLC0415  # imported when called

    urls = parse_url(base_url, "--base-url"), parse_url(auth_url, "--auth-url")
    return check_credentials(account, tweet, *urls, as_json=as_json)
