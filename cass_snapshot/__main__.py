"""Starts the command line. The one file that exits.

Workers import it again under another name (spawn), so it does nothing until it is called.
"""

from __future__ import annotations

import sys

from cass_snapshot.cli.app import main as run_command_line


def main() -> None:
    """Run what was typed and exit with its code."""
    sys.exit(run_command_line(sys.argv[1:]))


if __name__ == "__main__":
    main()
