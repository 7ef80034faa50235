# SPDX-License-Identifier: GPL-2.0-only
"""
A terminal in memory, and a program that has one: enough of what ncurses sends
to a "linux" terminal to know what a person would see. What is not known is an
error, never skipped.
"""
import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

CSI = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z@`])")
# ESC and one or two characters: character sets, keypad modes, tab stops.
ESC = re.compile(r"\x1b([()][0-9A-Za-z]|[=>78McDEHg])")


class Terminal:
    """rows x cols characters, and for each whether it is in reverse."""

    def __init__(self, rows, cols):
        self.resize(rows, cols)
        self.pending = ""

    def resize(self, rows, cols):
        self.rows, self.cols = rows, cols
        self.text = [[" "] * cols for _ in range(rows)]
        self.reverse = [[False] * cols for _ in range(rows)]
        self.row = self.col = 0
        self.top, self.bottom = 0, rows - 1
        self.inverse = False
        self.wrap = False
        self.colors = set()

    def line(self, row):
        return "".join(self.text[row]).rstrip()

    def lines(self):
        return [self.line(row) for row in range(self.rows)]

    def feed(self, data):
        """Takes what the program wrote; keeps back an unfinished sequence."""
        data = self.pending + data
        self.pending = ""
        at = 0
        while at < len(data):
            if data[at] != "\x1b":
                self.character(data[at])
                at += 1
                continue
            match = CSI.match(data, at) or ESC.match(data, at)
            if not match:
                if len(data) - at > 20:
                    raise ValueError("not known: %r" % data[at:at + 20])
                self.pending = data[at:]
                return
            if match.re is CSI:
                self.control(*match.groups())
            elif match.group(1) == "M":
                self.scroll(-1) if self.row == self.top else self.move(-1, 0)
            at = match.end()

    def character(self, c):
        if c == "\r":
            self.col, self.wrap = 0, False
        elif c == "\n":
            if self.row == self.bottom:
                self.scroll(1)
            else:
                self.row = min(self.row + 1, self.rows - 1)
        elif c == "\b":
            self.col, self.wrap = max(self.col - 1, 0), False
        elif c == "\t":
            self.col = min((self.col // 8 + 1) * 8, self.cols - 1)
        elif c >= " ":
            self.put(c)

    def put(self, c):
        if self.wrap:
            self.col, self.wrap = 0, False
            if self.row == self.bottom:
                self.scroll(1)
            else:
                self.row += 1
        self.text[self.row][self.col] = c
        self.reverse[self.row][self.col] = self.inverse
        self.wrap = self.col == self.cols - 1
        self.col = min(self.col + 1, self.cols - 1)

    def move(self, rows, cols):
        self.row = min(max(self.row + rows, 0), self.rows - 1)
        self.col = min(max(self.col + cols, 0), self.cols - 1)
        self.wrap = False

    def scroll(self, by):
        """The lines of the scrolling region go up by so many, or down."""
        for _ in range(abs(by)):
            old, new = (self.top, self.bottom) if by > 0 else (self.bottom,
                                                               self.top)
            for grid, blank in ((self.text, " "), (self.reverse, False)):
                del grid[old]
                grid.insert(new, [blank] * self.cols)

    def erase(self, row, start, end):
        for col in range(start, end):
            self.text[row][col] = " "
            self.reverse[row][col] = False

    def control(self, private, numbers, final):
        n = [int(x or 0) for x in numbers.split(";")] if numbers else [0]
        one = n[0] or 1
        if private or final in "hl":
            return
        if final == "H":
            self.row = self.col = 0
            self.move(one - 1, (n[1] or 1) - 1 if len(n) > 1 else 0)
        elif final in "ABCD":
            self.move(*{"A": (-one, 0), "B": (one, 0), "C": (0, one),
                        "D": (0, -one)}[final])
        elif final in "G`":
            self.move(0, one - 1 - self.col)
        elif final == "d":
            self.move(one - 1 - self.row, 0)
        elif final == "J":
            self.erase_display(n[0])
        elif final == "K":
            self.erase(self.row, *{0: (self.col, self.cols), 1: (0, self.col + 1),
                                   2: (0, self.cols)}[n[0]])
        elif final == "X":
            self.erase(self.row, self.col, min(self.col + one, self.cols))
        elif final in "P@":
            self.shift(one, final == "P")
        elif final in "LM":
            self.lines_at_cursor(one, final == "M")
        elif final == "m":
            self.style(n)
        elif final == "r":
            self.top = one - 1
            self.bottom = (n[1] if len(n) > 1 and n[1] else self.rows) - 1
            self.row = self.col = 0
        elif final == "b":
            for _ in range(one):
                self.put(self.text[self.row][self.col - (0 if self.wrap else 1)])
        elif final not in "cnt":
            raise ValueError("not known: CSI %s%s" % (numbers, final))

    def erase_display(self, how):
        if how == 0:
            self.erase(self.row, self.col, self.cols)
        rows = {0: range(self.row + 1, self.rows), 1: range(self.row),
                2: range(self.rows), 3: range(0)}[how]
        for row in rows:
            self.erase(row, 0, self.cols)

    def shift(self, n, left):
        for grid, blank in ((self.text, " "), (self.reverse, False)):
            row = grid[self.row]
            for _ in range(n):
                if left:
                    del row[self.col]
                    row.append(blank)
                else:
                    row.insert(self.col, blank)
                    row.pop()

    def lines_at_cursor(self, n, delete):
        top, self.top = self.top, self.row
        self.scroll(n if delete else -n)
        self.top = top

    def style(self, numbers):
        for n in numbers:
            if n in (0, 27):
                self.inverse = False
            elif n == 7:
                self.inverse = True
            elif 30 <= n <= 47:
                self.colors.add(n)


class Program:
    """A program with a Terminal, and what a person at it can do."""

    def __init__(self, argv, rows=24, cols=80, term="linux"):
        self.screen = Terminal(rows, cols)
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.log = b""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        self.child = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, close_fds=True,
            start_new_session=True, env=dict(os.environ, TERM=term))
        os.close(slave)
        self.fd = master

    def read(self, seconds=0.1):
        """What came within so many seconds; False at its end."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.log += data
        self.screen.feed(self.decoder.decode(data))
        return bool(data)

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def wait(self, what, limit=120):
        """
        Until what(lines) is true; what may be a regular expression, to be
        found in any line. Returns its match, or what it returned.
        """
        if isinstance(what, str):
            pattern = re.compile(what)
            what = lambda lines: next(filter(None, map(pattern.search, lines)),
                                      None)
            what.__doc__ = pattern.pattern
        end = time.monotonic() + limit
        while time.monotonic() < end:
            found = what(self.screen.lines())
            if found:
                return found
            if not self.read():
                break
        raise AssertionError("the screen never showed %s; it ends as\n%s" % (
            what.__doc__, "\n".join(self.screen.lines())))

    def finish(self, limit=120):
        """Its exit status, once it has ended."""
        end = time.monotonic() + limit
        while self.child.poll() is None and time.monotonic() < end:
            self.read()
        while self.read(0.5) and self.child.poll() is None:
            pass
        os.close(self.fd)
        return self.child.wait(timeout=30)
