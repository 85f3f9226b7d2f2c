"""Overview: all customers at a glance, and the lists of those to look after."""

from dashboard.page import Page

page = Page[object]("Overview")
with page.answering():
    scope = page.scope()
