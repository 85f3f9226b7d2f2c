"""Text that Streamlit would read as Markdown, kept as text."""

SPECIAL = "\\`*_{}[]()#+!|~:$<>"


def plain(text: str) -> str:
    return "".join(f"\\{c}" if c in SPECIAL else c for c in text)
