"""The URL by which a chat knows who may post is shown to nobody."""

from application.webhooks.formats import url_shown

URL = "https://hooks.example.com:8443/services/T0/secret?token=x"


def test_of_the_url_of_a_chat_only_the_place_is_shown_and_all_of_any_other():
    assert url_shown(URL, "cloudevents") == URL
    assert {url_shown(URL, "slack"), url_shown(URL, "teams")} == {"https://hooks.example.com:8443/…"}
