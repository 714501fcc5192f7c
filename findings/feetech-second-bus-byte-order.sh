#!/usr/bin/env bash
# feetech-servo-sdk 1.0.0 keeps the byte order of its packets in one global: opening a bus of SCS servos turns the
# words of an STS bus that is already open.
#
# Package:  feetech-servo-sdk 1.0.0 (module scservo_sdk)
# Expected: PacketHandler(0) for STS and SMS servos (low byte first) and PacketHandler(1) for SCS servos (high byte
#           first) are two objects, each for its own bus; the argument belongs to the handler.
# Seen:     the goal position 2048 goes out as the bytes 0, 8 from PacketHandler(0). Once PacketHandler(1) has been
#           made, the same handler sends 8, 0, which an STS servo reads as 8; a position of 2048 that is read
#           comes back as 8. The checksum is right, nothing raises.
# Matters:  an arm on STS3215 with a gripper or a pan-tilt head on SCS09 is an ordinary pair: the arm runs to the
#           end of its range, from an import or a constructor elsewhere.
# Instead:  SCS_SETEND(0 or 1) before every transfer, under a lock; or one process for each kind of servo.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install feetech-servo-sdk==1.0.0 pyserial==3.5
"$python" - <<'PY'
from importlib.metadata import version

import scservo_sdk as sdk


class Port:
    """A serial port that keeps what is written to it and answers with a servo's status packet."""

    is_using = False

    def __init__(self):
        self.sent, self.answer = [], b""

    def clearPort(self):
        self.answer = b""

    def setPacketTimeout(self, length):
        pass

    def isPacketTimeout(self):
        return False

    def writePort(self, packet):
        self.sent.append(list(packet))
        body = [packet[2], 4, 0, 0x00, 0x08]  # Of the same servo, no error, position 2048 low byte first.
        self.answer = bytes([0xFF, 0xFF, *body, ~sum(body) & 0xFF])
        return len(packet)

    def readPort(self, length):
        part, self.answer = self.answer[:length], self.answer[length:]
        return list(part)


GOAL, PRESENT = 42, 56
arm, port = sdk.PacketHandler(0), Port()


def try_arm():
    arm.write2ByteTxOnly(port, 1, GOAL, 2048)
    position, result, error = arm.read2ByteTxRx(port, 1, PRESENT)
    return port.sent[-2][6:8], position, (result, error)


before = try_arm()
sdk.PacketHandler(1)
after = try_arm()
print("feetech-servo-sdk", version("feetech-servo-sdk"))
print("before another handler is made: goal 2048 is sent as {}, 2048 is read as {}, {}".format(*before))
print("afterwards, by the same handler: sent as {}, read as {}, {}".format(*after))
if before != ([0, 8], 2048, (sdk.COMM_SUCCESS, 0)):
    raise SystemExit("changed: the first handler's own byte order is another")
if after == before:
    raise SystemExit("changed: each handler keeps its byte order")
if after != ([8, 0], 8, (sdk.COMM_SUCCESS, 0)):
    raise SystemExit("changed: it does something else")
print("holds: one byte order for all buses")
PY
