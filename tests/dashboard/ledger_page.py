"""The Ledger page as a reader has it."""

from typing import ClassVar

import pandas as pd
from app_page import AppPage


class LedgerPage(AppPage):
    view: ClassVar[str] = "ledger"

    @property
    def rows(self) -> pd.DataFrame:
        return self.frame("Rows of the ledger of")
