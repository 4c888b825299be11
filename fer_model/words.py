"""Figures as people say them."""

from __future__ import annotations

import math


def figure_name(figure: str) -> str:
    """Return a figure's name in words: ``macro_f1`` is macro F1."""
    if figure.startswith("recall of "):
        return figure
    words = figure.replace("_shot", "-shot").replace("worst_class", "worst-class")
    return words.replace("_", " ").replace("f1", "F1")


def points(fraction: float) -> str:
    """Return a difference of fractions in points, with its sign."""
    text = f"{100 * fraction:+.1f}".replace("-", "−")
    return "0.0" if text[1:] == "0.0" else text


def interval(estimate: float, low: float, high: float) -> str:
    """Return a difference in points with its interval; from -1 to 1 it is none."""
    if low <= -1 and high >= 1:
        return f"{points(estimate)} (no interval)"
    return f"{points(estimate)} ({points(low)} to {points(high)})"


def duration(seconds: float) -> str:
    """Return seconds as people say them: ``48 s``, ``12 min 05 s``, ``3 h 07 min``; – for NaN."""
    if math.isnan(seconds):
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return (
        f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
    )
