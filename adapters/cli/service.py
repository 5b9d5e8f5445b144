"""The client of the running service for commands. PLANTRAIL_URL and PLANTRAIL_KEY say where it is and who calls."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from adapters.bootstrap.settings import Settings
from adapters.cli.asking import operator
from adapters.cli.errors import Told

SECONDS_TO_ANSWER = 60.0
SECONDS_TO_CONNECT = 5.0


WRONG_IN_PARTS = ("/problems/invalid-fields", "/problems/invalid-parameters")
"""Problems that are told in their parts, each with its pointer."""


class Refused(Told):
    """A refusal of the service, in its words, each with a pointer into the body (RFC 6901)."""

    answered = True

    def __init__(self, sentence: str, problem: Mapping[str, Any]) -> None:
        super().__init__(sentence)
        self.problem = problem


class Service:
    """A client of the running service."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def get(self, path: str, **parameters: Any) -> Any:
        """Return the JSON of a view. Raises `Told`."""
        return self.request("GET", path, params=parameters).json()

    def post(self, path: str, body: Any, **parameters: Any) -> Any:
        """Return the JSON of the answer to a command. Raises `Told`."""
        return self.request("POST", path, json=body, params=parameters).json()

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Return the answer, unless it is a problem. Raises `Told`."""
        with self._unanswered_in_words():
            answer = self._client.request(method, path, **more)
        if answer.is_success:
            return answer
        raise refused(answer)

    def download(self, path: str, to: Path, **parameters: Any) -> None:
        """Write the answer into a file as it arrives, so that only a part of it is in memory. Raises `Told`."""
        with self._unanswered_in_words(), self._client.stream("GET", path, params=parameters) as answer:
            if not answer.is_success:
                answer.read()
                raise refused(answer)
            try:
                with to.open("wb") as file:
                    for part in answer.iter_bytes():
                        file.write(part)
            except BaseException:
                to.unlink(missing_ok=True)
                raise

    @contextmanager
    def _unanswered_in_words(self) -> Iterator[None]:
        """Say in words why there is no answer. Raises `Told`."""
        try:
            yield
        except httpx.InvalidURL as error:
            raise Told(f"PLANTRAIL_URL must be a URL such as https://plans.example.com: {error}.") from None
        except httpx.UnsupportedProtocol:
            raise Told("PLANTRAIL_URL must be a URL such as https://plans.example.com.") from None
        except httpx.ConnectError:
            raise Told(
                f"Nobody serves at {self._client.base_url}. Start `plantrail serve`, or set PLANTRAIL_URL to where it"
                " runs."
            ) from None
        except httpx.HTTPError as error:
            raise Told(f"{self._client.base_url} did not answer: {error or type(error).__name__}. Try again.") from None


@contextmanager
def running_service(settings: Settings) -> Iterator[Service]:
    """Yield a client of the service that the settings name."""
    if settings.key:
        headers = {"Authorization": f"Bearer {settings.key.get_secret_value()}"}
    else:
        # Only a service that requires no keys accepts a name.
        headers = {"X-Actor": operator()}
    timeout = httpx.Timeout(SECONDS_TO_ANSWER, connect=SECONDS_TO_CONNECT)
    with httpx.Client(base_url=settings.url, headers=headers, timeout=timeout, trust_env=False) as client:
        yield Service(client)


def refused(answer: httpx.Response) -> Refused:
    """Return the sentences of a problem, and what to do about it if they do not say so."""
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return Refused(f"{answer.url.host} is no plantrail: it answered {answer.status_code}. Check PLANTRAIL_URL.", {})
    problem = answer.json()
    sentence = problem["detail"]
    if answer.status_code == 401:
        sentence += " PLANTRAIL_KEY names the key; `plantrail keys create` makes one."
    if problem.get("errors") and problem.get("type") in WRONG_IN_PARTS:
        sentence = " ".join(
            f"{each['pointer'].strip('/')}: {each['detail'].rstrip('.')}." for each in problem["errors"]
        )
    return Refused(sentence, problem)
