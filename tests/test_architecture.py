"""The three floors: dashboard → queries → data, and what may be imported where."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_imports_go_one_way() -> None:
    """The contracts are in pyproject.toml."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "0 broken" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


def test_only_queries_and_data_hold_documents() -> None:
    """The dashboard knows no SQL and no GraphQL, but for its own record of changes."""
    documents = [*ROOT.glob("dashboard/**/*.sql"), *ROOT.glob("dashboard/**/*.graphql")]
    assert {document.parent for document in documents} == {ROOT / "dashboard" / "activity"}
