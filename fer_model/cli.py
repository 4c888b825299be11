"""``fer-model``: train, evaluate, predict, export, compare."""

from __future__ import annotations

from fer_data.terminal import cli_support
from fer_model.commands.compare import compare
from fer_model.commands.evaluate import evaluate
from fer_model.commands.export import export
from fer_model.commands.predict import predict
from fer_model.commands.train import train

app = cli_support.new_app(
    "Train the documented CNN on balanced or unbalanced pipelines, and compare the runs."
)
for command in (train, evaluate, predict, export, compare):
    app.command(no_args_is_help=True)(command)


def main() -> None:
    """Run the command line."""
    cli_support.run(app, "fer-model")


if __name__ == "__main__":
    main()
