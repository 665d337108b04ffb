"""``python -m tests.demo.query URL``: one SQL query that shows the copied files."""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import urlsplit

import mysql.connector
from rich.console import Console
from rich.table import Table

QUERY = """SELECT content_type, COUNT(*) AS files, ROUND(SUM(size) / POW(2, 40), 1) AS tib,
       DATE(MIN(created)) AS oldest, COUNT(price) AS priced, ROUND(AVG(price), 2) AS mean
FROM files GROUP BY content_type ORDER BY files DESC"""


def main(url: str) -> None:
    """Print the query and its answer."""
    parts = urlsplit(url)
    connection = mysql.connector.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=parts.username or "root",
        database=parts.path.strip("/"),
    )
    cursor: Any = connection.cursor()  # either of two classes, by the extension in use
    with cursor:
        cursor.execute(QUERY)
        table = Table(*cursor.column_names)
        for row in cursor.fetchall():
            table.add_row(*("NULL" if value is None else str(value) for value in row))
    connection.close()
    console = Console()
    console.print(f"mysql> {QUERY};", highlight=False)
    console.print(table)


if __name__ == "__main__":
    main(sys.argv[1])
