"""Starts the command line. The one file that exits.

Workers import it again under another name (spawn), so it does and imports nothing until called.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run what was typed and exit with its code."""
    from cass_snapshot.cli.app import main as run_command_line  # late: workers have no use for it

    sys.exit(run_command_line(sys.argv[1:]))


if __name__ == "__main__":
    main()
