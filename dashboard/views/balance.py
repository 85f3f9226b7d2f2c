"""Balance: what it is made of down to single events, and when it runs out."""

from dashboard.page import Page

page = Page[object]("Balance")
with page.answering():
    scope = page.scope()
