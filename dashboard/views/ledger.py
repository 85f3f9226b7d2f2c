"""Ledger: every change of a balance, row by row, newest first."""

from dashboard.asking import ask
from dashboard.controls.ledger import ledger_controls
from dashboard.controls.period import address_of_period
from dashboard.controls.scope import address_of
from dashboard.failures import guarded
from dashboard.header import read_header
from dashboard.page import Page
from dashboard.panels.ledger_list import ledger_list
from dashboard.panels.ledger_row import opened_row
from dashboard.panels.ledger_shown import ShownLedger
from queries.catalogue import Features
from queries.grants import Grants

BODY_HEIGHT = 520

page = Page[ShownLedger]("Ledger")
with page.answering():
    scope = page.scope()
    customer_id = scope.one_customer("lists one pool's ledger")
    pool = (customer_id, scope.currency.currency_id, scope.resource_id)
    grants = ask(Grants(*pool), scope.source).frame
    names = dict(ask(Features(), scope.source).frame.iter_rows())
    question = ledger_controls(scope, customer_id, grants, names, page.now)
    with page.working(BODY_HEIGHT):
        rows = ask(question, scope.source)
    header = read_header(scope, rows)
    can_extract = scope.source is not page.sources.extract and page.sources.extract is not None
    asked = ShownLedger(scope, question, rows, grants, names, header, can_extract)
    page.keep(asked, asked.title)

shown = page.kept()
span = shown.question.span
days = {} if span is None else address_of_period(span, shown.zone, page.now)
page.head(shown.header, address_of(shown.scope) | days)
with guarded():
    opened_row(shown)
with guarded():
    ledger_list(shown)
