"""Frames to figures, each with the sentence that says the same; no Streamlit, no source."""
