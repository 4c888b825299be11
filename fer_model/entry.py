"""Where ``fer-model`` starts; see `fer_data.entry`."""

from fer_data.entry import start


def main() -> None:
    """Run ``fer-model``."""
    start("fer-model", "fer_model.cli")
