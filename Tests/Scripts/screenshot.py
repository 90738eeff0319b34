#!/usr/bin/env python3
"""Turns a terminal's capture into a PNG.

    tmux capture-pane -p -e -t riposte | screenshot.py screen.png

Reads text with SGR escapes, as `tmux capture-pane -e` writes it, from standard input and draws
it with a monospaced font, wide characters over two cells. Needs Pillow and the DejaVu fonts
(Debian: fonts-dejavu-core); glyphs that they lack come from the fonts given with --fallback.
"""

import argparse
import glob
import re
import sys
import unicodedata

from PIL import Image, ImageDraw, ImageFont

FOREGROUND, BACKGROUND = (208, 208, 208), (18, 18, 18)
BASIC = [
    (0, 0, 0), (205, 49, 49), (13, 188, 121), (229, 229, 16), (36, 114, 200), (188, 63, 188),
    (17, 168, 205), (229, 229, 229), (102, 102, 102), (241, 76, 76), (35, 209, 139),
    (245, 245, 67), (59, 142, 234), (214, 112, 214), (41, 184, 219), (255, 255, 255),
]
FALLBACKS = [
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/opentype/unifont/unifont.otf",
    "/usr/share/fonts/truetype/unifont/unifont.ttf",
    "/usr/share/fonts/truetype/ancient-scripts/Symbola_hint.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
]


def palette(index):
    if index < 16:
        return BASIC[index]
    if index < 232:
        index -= 16
        levels = [0, 95, 135, 175, 215, 255]
        return tuple(levels[index // step % 6] for step in (36, 6, 1))
    return (8 + 10 * (index - 232),) * 3


class Style:
    def __init__(self):
        self.reset()

    def reset(self):
        self.fg = self.bg = None
        self.bold = self.dim = self.italic = self.underline = False
        self.reverse = self.strike = False

    def apply(self, codes):
        codes = [int(c or 0) for c in re.split("[;:]", codes)]
        while codes:
            code = codes.pop(0)
            if code == 0:
                self.reset()
            elif code in (1, 2, 3, 4, 7, 9):
                name = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
                setattr(self, name[code], True)
            elif code == 22:
                self.bold = self.dim = False
            elif code in (23, 24, 27, 29):
                name = {23: "italic", 24: "underline", 27: "reverse", 29: "strike"}
                setattr(self, name[code], False)
            elif 30 <= code <= 37:
                self.fg = palette(code - 30)
            elif 40 <= code <= 47:
                self.bg = palette(code - 40)
            elif 90 <= code <= 97:
                self.fg = palette(code - 82)
            elif 100 <= code <= 107:
                self.bg = palette(code - 92)
            elif code in (38, 48):
                kind = codes.pop(0)
                if kind == 5:
                    color = palette(codes.pop(0))
                else:
                    color = tuple(codes[:3])
                    del codes[:3]
                setattr(self, "fg" if code == 38 else "bg", color)
            elif code == 39:
                self.fg = None
            elif code == 49:
                self.bg = None

    def colors(self):
        fg, bg = self.fg or FOREGROUND, self.bg or BACKGROUND
        if self.reverse:
            fg, bg = bg, fg
        if self.dim:
            fg = tuple((a + b) // 2 for a, b in zip(fg, bg))
        return fg, bg


def width(character):
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class Fonts:
    def __init__(self, size, extra):
        base = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono"
        self.mono = {
            (bold, italic): ImageFont.truetype(base + suffix + ".ttf", size)
            for (bold, italic), suffix in {
                (False, False): "", (True, False): "-Bold", (False, True): "-Oblique",
                (True, True): "-BoldOblique",
            }.items()
        }
        self.fallbacks = [
            ImageFont.truetype(path, size) for path in extra + FALLBACKS if glob.glob(path)
        ]
        self.missing = self.mask(self.mono[False, False], "\U0010fffe")

    @staticmethod
    def mask(font, character):
        return bytes(font.getmask(character))

    def font(self, character, style):
        mono = self.mono[style.bold, style.italic]
        if character.isascii() or self.mask(self.mono[False, False], character) != self.missing:
            return mono
        for font in self.fallbacks:
            if self.mask(font, character) != self.mask(font, "\U0010fffe"):
                return font
        return mono


def cells(text):
    """Rows of (character with its marks, width, style's colours and attributes)."""
    style = Style()
    rows = []
    for line in text.rstrip("\n").split("\n"):
        row = []
        position = 0
        for match in re.finditer(r"\x1b\[([0-9;:]*)m|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|([^\x1b])", line):
            if match.group(2) is not None:
                character = match.group(2)
                columns = width(character)
                if columns == 0 and row:
                    row[-1][0] += character
                    continue
                row.append([character, columns, snapshot(style)])
                position += columns
            elif match.group(1) is not None:
                style.apply(match.group(1))
        rows.append(row)
    return rows


def snapshot(style):
    copy = Style()
    copy.__dict__.update(style.__dict__)
    return copy


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("output")
    parser.add_argument("--columns", type=int, help="width of the picture; the longest row's")
    parser.add_argument("--size", type=int, default=16, help="font size in pixels")
    parser.add_argument("--fallback", action="append", default=[], help="more fonts")
    options = parser.parse_args()

    rows = cells(sys.stdin.buffer.read().decode("utf-8", "replace"))
    fonts = Fonts(options.size, options.fallback)
    mono = fonts.mono[False, False]
    cell = round(mono.getlength("M"))
    ascent, descent = mono.getmetrics()
    height = ascent + descent + 1
    columns = options.columns or max((sum(c[1] for c in row) for row in rows), default=1)
    margin = cell
    image = Image.new(
        "RGB", (columns * cell + 2 * margin, len(rows) * height + 2 * margin), BACKGROUND)
    draw = ImageDraw.Draw(image)
    for y, row in enumerate(rows):
        top = margin + y * height
        x = margin
        for character, span, style in row:
            fg, bg = style.colors()
            if bg != BACKGROUND:
                draw.rectangle([x, top, x + span * cell - 1, top + height - 1], fill=bg)
            x += span * cell
        x = margin
        for character, span, style in row:
            fg, _ = style.colors()
            if character != " ":
                box(draw, x, top, cell, height, character, fg) or draw.text(
                    (x, top), character, font=fonts.font(character[0], style), fill=fg)
            if style.underline:
                line = top + ascent + 2
                draw.line([x, line, x + span * cell - 1, line], fill=fg)
            if style.strike:
                line = top + height // 2
                draw.line([x, line, x + span * cell - 1, line], fill=fg)
            x += span * cell
    image.save(options.output)


def box(draw, x, y, w, h, character, color):
    """Lines that must meet from cell to cell are drawn, not set from the font."""
    sides = {
        "─": "lr", "│": "ud", "╭": "rd", "╮": "ld", "╯": "lu", "╰": "ru", "┌": "rd", "┐": "ld",
        "┘": "lu", "└": "ru", "├": "udr", "┤": "udl", "┬": "lrd", "┴": "lru", "┼": "lrud",
        "━": "LR", "┃": "UD", "┏": "RD", "┓": "LD", "┛": "LU", "┗": "RU",
    }.get(character)
    if not sides:
        return False
    cx, cy = x + w // 2, y + h // 2
    for side in sides:
        thick = 3 if side.isupper() else 1
        end = {"l": (x, cy), "r": (x + w, cy), "u": (cx, y), "d": (cx, y + h)}[side.lower()]
        draw.line([(cx, cy), end], fill=color, width=thick)
    return True


if __name__ == "__main__":
    main()
