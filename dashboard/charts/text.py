"""Texts on charts."""


def escape(text: str) -> str:
    """Plotly reads names as a little HTML: what a customer sends must stay text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
