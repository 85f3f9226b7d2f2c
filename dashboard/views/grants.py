"""Grants: the blocks of credits of a pool; grant and void them."""

from dashboard.page import Page

page = Page[object]("Grants")
with page.answering():
    scope = page.scope()
