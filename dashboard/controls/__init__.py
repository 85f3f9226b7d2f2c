"""Widgets to questions: each control keeps its value in the page's address, and only there."""
