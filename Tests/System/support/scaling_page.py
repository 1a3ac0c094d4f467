"""The commands of Docs/scaling.md, as they stand there."""

from __future__ import annotations

import re

from support.server import REPOSITORY

PAGE = (REPOSITORY / "Docs/scaling.md").read_text()
WHO_DOES_THE_WORK, PARTITION, LET_SERVICES_GO, LET_CHANGES_GO = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
