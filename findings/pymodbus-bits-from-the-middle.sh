#!/usr/bin/env bash
# pymodbus 3.16.1's DATATYPE.BITS begins in the middle of the register, and makes the list that it is given longer.
#
# Package:  pymodbus 3.16.1
# Expected: bit 0 of a register is its least significant one, as devices' manuals and openHAB's extractBit count
#           (Modbus itself numbers a register's bits nowhere); and a conversion reads its argument:
#           "convert_to_registers ... :param value: value to be converted".
# Seen:     [True] + 15 * [False] is 0x0100, and of 0x0001 entry 8 is True: entries 0..7 are bits 8..15. A list
#           of three bits has 16 entries after the call, so a fourth that its owner appends lands in a second register.
# Matters:  a device whose manual says "bit 0 of the command word" gets bit 8, and its status is read from the wrong
#           half; a register takes any value, so nothing is refused.
# Instead:  DATATYPE.UINT16 with shifts and masks; else copy the list, and swap the halves of every 16 entries.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install pymodbus==3.16.1
"$python" - <<'PY'
from pymodbus import __version__
from pymodbus.client import ModbusTcpClient as Client

BITS, UINT16 = Client.DATATYPE.BITS, Client.DATATYPE.UINT16
print("pymodbus", __version__)
first = Client.convert_to_registers([True] + 15 * [False], BITS)
read = Client.convert_from_registers(Client.convert_to_registers(1, UINT16), BITS)
print(f"entry 0 alone: expected 0x0001, seen {first[0]:#06x}")
print("0x0001: expected entry 0, seen entries", [i for i, bit in enumerate(read) if bit])

command = [True, True, True]
once = Client.convert_to_registers(command, BITS)
print(f"the caller's list: expected 3 entries after the call, seen {len(command)}")
command += [True]
twice = Client.convert_to_registers(command, BITS)
print("after a fourth bit: expected one register, seen", [f"{register:#06x}" for register in twice])
if first != [0x0100] or not read[8] or sum(read) != 1:
    raise SystemExit("changed: the bits begin elsewhere")
if once != [0x0700] or twice != [0x0700, 0x0100]:
    raise SystemExit("changed: the list stays as it was")
print("holds: bits from the middle, and a longer list")
PY
