"""What a run says at its end."""

from harvester.cli.terminal import this_command


def test_command_to_go_on_with_can_be_typed_again() -> None:
    assert this_command(["run", "my ids.txt", "--base-url", "http://127.0.0.1:8080", "-o", "runs/a"]) == (
        "harvester run 'my ids.txt' --base-url http://127.0.0.1:8080 -o runs/a"
    )


def test_command_to_go_on_with_does_not_show_what_is_secret_in_a_url() -> None:
    shown = this_command(["run", "https://user:canary-1@example.com/ids.txt?signature=canary-2", "-o", "a"])
    assert shown == "harvester run https://example.com/ids.txt -o a (with the whole URL)"
