"""Draws what `tmux capture-pane -e -p` printed as a PNG: SGR attributes, 256 and true colours.
Needs Pillow and a monospaced font."""

import re
import unicodedata
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONTS = [
    "/usr/share/fonts/truetype/dejavu/DejaVuSansMono{}.ttf",
    "/usr/share/fonts/dejavu-sans-mono-fonts/DejaVuSansMono{}.ttf",
    "/Library/Fonts/DejaVuSansMono{}.ttf",
]
FOREGROUND, BACKGROUND = (214, 218, 224), (24, 26, 31)
BASE = [
    (24, 26, 31), (224, 108, 117), (152, 195, 121), (229, 192, 123),
    (97, 175, 239), (198, 120, 221), (86, 182, 194), (171, 178, 191),
    (92, 99, 112), (240, 138, 146), (181, 214, 157), (240, 209, 151),
    (137, 196, 244), (214, 154, 232), (126, 203, 213), (255, 255, 255),
]


def colour(index: int) -> tuple[int, int, int]:
    if index < 16:
        return BASE[index]
    if index < 232:
        levels = [0, 95, 135, 175, 215, 255]
        index -= 16
        return levels[index // 36], levels[index // 6 % 6], levels[index % 6]
    grey = 8 + 10 * (index - 232)
    return grey, grey, grey


class Pen:
    def __init__(self):
        self.reset()

    def reset(self):
        self.foreground, self.background = FOREGROUND, BACKGROUND
        self.bold = self.dim = self.underline = self.reverse = self.strike = False

    def apply(self, numbers: list[int]) -> None:
        queue = numbers or [0]
        while queue:
            code = queue.pop(0)
            if code == 0:
                self.reset()
            elif code in (1, 2, 4, 7, 9):
                name = {1: "bold", 2: "dim", 4: "underline", 7: "reverse", 9: "strike"}[code]
                setattr(self, name, True)
            elif code == 22:
                self.bold = self.dim = False
            elif code in (24, 27, 29):
                setattr(self, {24: "underline", 27: "reverse", 29: "strike"}[code], False)
            elif code in (38, 48):
                kind = queue.pop(0)
                if kind == 5:
                    value = colour(queue.pop(0))
                else:
                    value = tuple(queue.pop(0) for _ in range(3))
                if code == 38:
                    self.foreground = value
                else:
                    self.background = value
            elif code == 39:
                self.foreground = FOREGROUND
            elif code == 49:
                self.background = BACKGROUND
            elif 30 <= code <= 37 or 90 <= code <= 97:
                self.foreground = colour(code - 30 if code < 90 else code - 82)
            elif 40 <= code <= 47 or 100 <= code <= 107:
                self.background = colour(code - 40 if code < 100 else code - 92)

    def colours(self):
        front, back = self.foreground, self.background
        if self.reverse:
            front, back = back, front
        if self.dim:
            front = tuple((a * 6 + b * 4) // 10 for a, b in zip(front, back))
        return front, back


def width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def draw(capture: str, columns: int, rows: int, target: Path, size: int = 18) -> None:
    found = next((name for name in FONTS if Path(name.format("")).exists()), None)
    if found is None:
        raise SystemExit("screenshots: install the DejaVu Sans Mono font (fonts-dejavu-core)")
    plain = ImageFont.truetype(found.format(""), size)
    bold = ImageFont.truetype(found.format("-Bold"), size)
    cell_width = round(plain.getlength("M"))
    ascent, descent = plain.getmetrics()
    cell_height = ascent + descent
    margin = size
    image = Image.new(
        "RGB", (columns * cell_width + 2 * margin, rows * cell_height + 2 * margin), BACKGROUND)
    canvas = ImageDraw.Draw(image)
    pen = Pen()
    for row, line in enumerate(capture.split("\n")[:rows]):
        column = 0
        for part in re.split(r"(\x1b\[[0-9;:]*m|\x1b\([A-Z0-9]|[\x0e\x0f])", line):
            if part.startswith("\x1b["):
                pen.apply([int(n or 0) for n in re.split("[;:]", part[2:-1])])
                continue
            if part.startswith(("\x1b", "\x0e", "\x0f")):
                continue
            for character in part:
                cells = width(character)
                x = margin + (column if cells else max(0, column - 1)) * cell_width
                y = margin + row * cell_height
                front, back = pen.colours()
                if cells:
                    canvas.rectangle(
                        [x, y, x + cells * cell_width - 1, y + cell_height - 1], fill=back)
                canvas.text((x, y), character, font=bold if pen.bold else plain, fill=front)
                if pen.underline:
                    canvas.line([x, y + ascent + 2, x + cell_width * cells, y + ascent + 2], front)
                if pen.strike:
                    middle = y + cell_height // 2
                    canvas.line([x, middle, x + cell_width * cells, middle], front)
                column += cells
    target.parent.mkdir(parents=True, exist_ok=True)
    image.quantize(64).save(target, optimize=True)
