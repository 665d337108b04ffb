"""Starts the command line. The one file that exits.

Workers import it again under another name (spawn), so it does and imports nothing until called.
"""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run what was typed and exit with its code."""
    # What is imported stays; looking for cycles in it takes a tenth of what importing it takes.
    gc.set_threshold(100_000, 50, 50)
    from cass_snapshot.cli.app import main as run_command_line  # late: workers have no use for it

    code = run_command_line(sys.argv[1:])
    gc.freeze()  # or the interpreter would look once more, at its very end
    sys.exit(code)


if __name__ == "__main__":
    main()
