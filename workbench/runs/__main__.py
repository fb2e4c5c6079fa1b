"""`python -m workbench.runs FD`: the process of one run; see `execute`."""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # spares seconds at the next import: decision 0007

from workbench.runs.execute import main  # noqa: E402

main()
