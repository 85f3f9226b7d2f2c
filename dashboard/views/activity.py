"""Activity: every change made from this app."""

from dashboard.page import Page

page = Page[object]("Activity")
with page.answering():
    scope = page.scope()
