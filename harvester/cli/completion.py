"""`harvester completion`: the script by which a shell completes commands, flags and values.

The script calls `harvester` with the words of the line in the environment, and click answers with what may follow.
"""

from typing import Final

import click
import cloup
from click.shell_completion import FishComplete, add_completion_class, get_completion_class

from harvester.cli.declaring import command

VARIABLE: Final = "_HARVESTER_COMPLETE"
SHELLS: Final = ("bash", "zsh", "fish")
EPILOG: Final = """
One line to have it in each new shell:
  bash:  echo 'eval "$(harvester completion bash)"' >> ~/.bashrc
  zsh:   echo 'eval "$(harvester completion zsh)"' >> ~/.zshrc     (after compinit)
  fish:  harvester completion fish > ~/.config/fish/completions/harvester.fish

What is completed: commands, flags, endpoints, metrics (also behind a comma), formats, accounts of the
credentials file, folders with a run in them, files.
"""


@add_completion_class
class CommaFishComplete(FishComplete):
    """click's for fish, but for its script's cutting values at their commas, which lists of metrics have."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split --max 1 ","')


@command("completion", epilog=EPILOG)
@cloup.argument("shell", type=click.Choice(SHELLS), help="Which shell reads the script.")
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that lets a shell complete what one types behind `harvester`."""
    shell_complete = get_completion_class(shell)
    assert shell_complete is not None  # noqa: S101  # click knows these three
    root = ctx.find_root()
    script = shell_complete(root.command, {}, root.info_name or "harvester", VARIABLE).source()
    click.echo(script, nl=False)
