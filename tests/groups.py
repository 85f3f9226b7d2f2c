"""Print the dependencies of pyproject's groups: pip before 25.1 cannot read them itself."""

import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parent.parent / "pyproject.toml"

groups = tomllib.loads(PROJECT.read_text())["dependency-groups"]
print(*(need for name in sys.argv[1:] for need in groups[name]))
