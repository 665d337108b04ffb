"""The command line of ``bin/stack``: parse, one call, print.

Exit codes: 0 done · 1 failed · 2 usage · 3 not everything is up · 130 interrupted.
"""

import argparse
import dataclasses
import json
import signal
import sys
from types import FrameType

from tests.support.stack.errors import StackDownError, StackError
from tests.support.stack.stack import DEFAULT, Stack
from tests.support.stack.state import MARIADB_NAME, MYSQL_NAME, NODE_NAMES


def main(argv: list[str] | None = None) -> int:
    """Run one command and return the exit code."""
    arguments = _parser().parse_args(argv)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return _run(Stack(arguments.name), arguments)
    except StackDownError as error:
        print(f"bin/stack: {error}", file=sys.stderr)
        return 3
    except StackError as error:
        print(f"bin/stack: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bin/stack: interrupted", file=sys.stderr)
        return 130


def _run(stack: Stack, arguments: argparse.Namespace) -> int:
    match arguments.command:
        case "up":
            stack.up(
                nodes=arguments.nodes,
                mysql=arguments.mysql,
                buffer_pool=arguments.buffer_pool,
                mysql_args=arguments.mysql_arg,
                fresh=arguments.fresh,
            )
        case "down":
            stack.down(keep=arguments.keep)
        case "status":
            return _print_status(stack, as_json=arguments.output == "json")
        case "env":
            print(stack.endpoints().exports(), end="")
        case "stop":
            stack.stop(arguments.server, signal.Signals[f"SIG{arguments.signal}"])
        case "start":
            stack.start(arguments.server)
    return 0


def _print_status(stack: Stack, *, as_json: bool) -> int:
    servers = stack.status()
    if as_json:
        listed = [dataclasses.asdict(server) for server in servers]
        print(json.dumps({"name": stack.name, "servers": listed}, indent=1))
    elif servers:
        print("\n".join(server.line() for server in servers))
    else:
        print(f"stack {stack.name} is not there; bin/stack up starts it")
    return 0 if servers and all(server.is_up for server in servers) else 3


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bin/stack", description="Real Cassandra and MySQL servers for tests and the demo."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, what: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=what, description=what)
        sub.add_argument("--name", default=DEFAULT, help="which stack (default: %(default)s)")
        return sub

    up = command("up", "start what does not run; ready means that every server answered a query")
    up.add_argument("--nodes", type=int, choices=(1, 3), help="Cassandra nodes (default: 1)")
    up.add_argument(
        "--mysql", choices=("mysql", "mariadb", "both"), help="which flavour (default: mysql)"
    )
    up.add_argument("--buffer-pool", metavar="SIZE", help="InnoDB's buffer pool (default: 1G)")
    up.add_argument(
        "--mysql-arg",
        action="append",
        metavar="ARG",
        help="one more option of the server, as in --mysql-arg=--local-infile=OFF",
    )
    up.add_argument("--fresh", action="store_true", help="down, without the data, before up")
    down = command("down", "end what up started, and remove its data")
    down.add_argument("--keep", action="store_true", help="leave the data, for the next up")
    status = command("status", "a line a server; exit code 3 if one is down")
    status.add_argument("--output", choices=("text", "json"), default="text")
    command("env", "the addresses, for a shell's eval")
    names = (*NODE_NAMES, MYSQL_NAME, MARIADB_NAME)
    stop = command("stop", "end one server, keep its data")
    stop.add_argument("server", choices=names)
    stop.add_argument("--signal", choices=("TERM", "KILL"), default="TERM")
    start = command("start", "start one server on its ports and data")
    start.add_argument("server", choices=names)
    return parser


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
