"""The error codes of the project's notes on MySQL (section 5), by what the notes ask for."""

from __future__ import annotations

REDO = (1213, 1205, 1613, 1614, 1615, 1020, 3058, 3101, 3572)
REDO_TWICE = (1105,)
RECONNECT = (
    *(2006, 2013, 2014, 2045, 2055, 1927, 4031, 1053, 1152, 1158, 1159, 1160, 1161, 1184),
    *(3169, 1180, 1181),
)
RECONNECT_ONCE = (1317,)
CAPACITY = (1040, 1203, 1226, 1135, 1037, 1038, 1041, 1461, 3032, 3168, 1047)
AWAY = (2002, 2003, 2005)
FAILOVER = (1792, 1836, 1290)
SIZE_OF_A_STATEMENT = (1153, 2020, 1390)
"""The notes ask for a smaller batch; statements are cut to the packet before they are sent, so what
still meets one of these is a row by itself, which halves find."""
SIZE_OF_A_TRANSACTION = (1197, 3231)
SIZE_BY_STATE = (1206, 3100)
"""A smaller transaction may pass; where that of one row does not, it is not for the row."""
DATA = (
    *(1048, 1118, 1136, 1264, 1265, 1292, 1364, 1366, 1367, 1406, 1411, 1452, 1526, 1690),
    *(*range(3140, 3147), *range(3155, 3159), 3819),
)
UNIQUE = (1062,)
"""The notes say stop; preflight proves that no other unique key leads a write to another row, so
that this is said of the row that is written: issue 4 has it set aside."""
SPACE = (1021, 1030, 1114, 3170)
SCHEMA = (1046, 1049, 1054, 1059, 1060, 1064, 1070, 1071, 1072, 1146, 1166, 1170, 1171, 3750)
LOGIN = (1044, 1045, 1129, 1130, 1142, 1143, 1227, 1251, 1698, 1820, 1862, 2026, 2059, 2061)
INTEGRITY = (1194, 1195, 1712, 1877)
UNKNOWN = (9999, 3024, 1969)
"""No class in the notes; the last two are a server's limit of a statement's time, which is off in
every session of ours."""


def text_of(code: int) -> str:
    """Return what a server says with a code, as far as anything depends on it."""
    if code == 1290:
        return "The MySQL server is running with the --super-read-only option so it cannot execute"
    return "as the server says it, with 'row data'"
