#!/usr/bin/env python3
"""Writes subsidy.txt.gz, the table that SubsidyTests compares the subsidy (RWD-1) with. Run by hand; needs only python3.

The logarithms are those of the decimal module (correctly rounded, 90 digits), not those of the code under test. No amount here is
within 10^-30 base units of an integer (asserted), so its floor is certain.

The table is text. Line 1: the number N of heights. N lines: the fifth differences of floor(10^18 x (1 + ln h)) for h = 1 to N (what is
before height 1 counts as 0): small numbers, and five running sums give the amounts back. Then lines "base height amount".
"""

import decimal
import gzip
import pathlib
import random

HEIGHTS, DIFFERENCES, OTHERS, TOKEN = 100_000, 5, 800, 10**18
decimal.getcontext().prec = 90


def subsidy(base: int, height: int) -> int:
    exact = base * (1 + decimal.Decimal(height).ln())
    low = int(exact)
    distance = min(exact - low, low + 1 - exact)
    assert height == 1 or distance > decimal.Decimal("1e-30"), (base, height)
    return low


def main() -> None:
    column = [subsidy(TOKEN, height) for height in range(1, HEIGHTS + 1)]
    for _ in range(DIFFERENCES):
        column = [value - before for value, before in zip(column, [0] + column)]
    draw = random.Random(1)
    lines = [str(HEIGHTS)] + [str(value) for value in column]
    for number in range(OTHERS):
        height = draw.randrange(1, 2 ** draw.randrange(2, 64))
        base = TOKEN if number < OTHERS // 2 else draw.randrange(1, 2 ** draw.randrange(1, 121))
        lines.append(f"{base} {height} {subsidy(base, height)}")
    for height in (2**63 - 1, 2**63, 2**63 + 1, 2**64 - 2, 2**64 - 1):
        lines.append(f"{TOKEN} {height} {subsidy(TOKEN, height)}")
    target = pathlib.Path(__file__).with_name("subsidy.txt.gz")
    target.write_bytes(gzip.compress("\n".join(lines).encode() + b"\n", 9, mtime=0))
    print(target, target.stat().st_size, "bytes")


main()
