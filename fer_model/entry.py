"""Where ``fer-model`` starts; see `fer_data.util.entry`."""

from fer_data.util.entry import start


def main() -> None:
    """Run ``fer-model``."""
    start("fer-model", "fer_model.cli")
