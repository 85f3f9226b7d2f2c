"""Ledger: every change of a balance, row by row."""

from dashboard.page import Page

page = Page[object]("Ledger")
with page.answering():
    scope = page.scope()
