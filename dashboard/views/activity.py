"""Activity: every change made from this app: who, when, what, and what came of it."""

from dashboard.access import current_actor
from dashboard.changing import record
from dashboard.controls.changes import change_filters, page_below
from dashboard.failures import guarded
from dashboard.markdown import plain
from dashboard.page import Page
from dashboard.panels.activity_entry import opened_change
from dashboard.panels.activity_list import ON_A_PAGE, ShownChanges, change_list
from dashboard.settings import read_settings
from queries.command import Role

page = Page[ShownChanges]("Activity")
actor, changes = current_actor(), record()
with page.answering():
    wanted, zone = change_filters(changes, actor, page.now, read_settings().zone)
    below = page_below(wanted)
    listing = changes.page(wanted, ON_A_PAGE, below)
    asked = ShownChanges(wanted, listing, below, zone, page.now)
    page.keep(asked, asked.title)

shown = page.kept()
whose = "Everyone's changes" if actor.role is Role.ADMIN else f"Changes by {plain(actor.name)}"
page.head(f"**{whose}** · the record of this app · times in {plain(shown.zone)}", shown.address())
with guarded():
    change_list(shown, changes)
with guarded():
    opened_change(shown, changes, actor)
