"""The small trend of a card: a line without axes, as an SVG picture."""

from collections.abc import Sequence

WIDTH, HEIGHT, EDGE = 240, 36, 3


def trend(values: Sequence[float], colour: str) -> str:
    """The values from left to right, the lowest at the bottom; drawn from zero when all are above.

    Streamlit's own card has a trend too, but one that screen readers meet as unnamed symbols.
    """
    lowest, highest = min(0.0, *values), max(values)
    height = highest - lowest or 1.0
    step = (WIDTH - 2 * EDGE) / max(len(values) - 1, 1)
    points = " ".join(
        f"{EDGE + step * n:.1f},{HEIGHT - EDGE - (v - lowest) / height * (HEIGHT - 2 * EDGE):.1f}"
        for n, v in enumerate(values)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/></svg>'
    )
