"""Pages as bytes: today's HTML, that of thin farm pages, and that of 1998 in windows-1252."""

from __future__ import annotations

from html import escape

from demo.sites import Listed, Page, Plant, Site
from pipeline.page import Position

HTML = "text/html; charset=utf-8"
LONG_LIST = 8  # more links than this in the main part stand in a list, not in the text

_HEADINGS = {
    "en": ("Related", "Comments", "More from us"),
    "de": ("Verwandtes", "Kommentare", "Mehr von uns"),
    "fr": ("À lire aussi", "Commentaires", "Toutes nos pages"),
    "es": ("Relacionado", "Comentarios", "Todas las páginas"),
    "ja": ("関連記事", "コメント", "記事一覧"),
}


def render(page: Page, site: Site) -> bytes:
    """The page's body, by its style."""
    if page.raw is not None:
        return page.raw
    if page.style == "old":
        return _old(page, site).encode("cp1252", "xmlcharrefreplace")
    return (_thin(page, site) if page.style == "thin" else _modern(page, site)).encode()


def content_type(page: Page) -> str:
    """The old pages leave their encoding to a meta element."""
    return "text/html" if page.style == "old" and page.raw is None else HTML


def anchor(plant: Plant) -> str:
    """One planted link as HTML, by its kind."""
    href = escape(plant.href)
    rel = f' rel="{plant.rel}"' if plant.rel else ""
    text = escape(plant.anchor)
    if plant.kind == "img-link":
        return f'<a href="{href}"{rel}><img src="/badge.png" alt="{text}"></a>'
    if plant.kind == "iframe":
        return f'<iframe src="{href}" title="{text}" width="560" height="315"></iframe>'
    if plant.kind == "area":
        return f'<area shape="rect" coords="0,0,40,40" href="{href}" alt="{text}"{rel}>'
    if plant.kind == "form":
        return f'<form action="{href}" method="get"><input name="q"><button>{text}</button></form>'
    return f'<a href="{href}"{rel}>{text}</a>'


def _head(page: Page, site: Site) -> str:
    lines = ['<meta charset="utf-8">', f"<title>{escape(page.title)} – {escape(site.name)}</title>"]
    if page.base:
        lines.append(f'<base href="{escape(page.base)}">')
    directives = ["noindex"] * page.noindex + ["nofollow"] * page.nofollow
    if directives:
        lines.append(f'<meta name="robots" content="{", ".join(directives)}">')
    for plant in page.plants:
        href = escape(plant.href)
        if plant.kind == "canonical":
            lines.append(f'<link rel="canonical" href="{href}">')
        elif plant.kind == "alternate":
            lines.append(f'<link rel="alternate" hreflang="{plant.anchor}" href="{href}">')
        elif plant.kind == "redirect":
            lines.append(f'<meta http-equiv="refresh" content="0; url={href}">')
    lines.append('<link rel="stylesheet" href="/style.css">')
    return "\n".join(lines)


def _at(page: Page, position: Position) -> list[Plant]:
    return [
        plant
        for plant in page.plants
        if plant.position == position and plant.kind not in ("canonical", "alternate", "redirect")
    ]


def _list(links: Listed) -> str:
    items = "".join(
        f'<li><a href="{escape(href)}">{escape(text)}</a></li>\n' for href, text in links
    )
    return f"<ul>\n{items}</ul>"


def _content(page: Page) -> str:
    """Paragraphs with the main part's links at their ends, or a list where they are many."""
    plants = _at(page, "main")
    areas = [plant for plant in plants if plant.kind == "area"]
    plants = [plant for plant in plants if plant.kind != "area"]
    parts = [escape(text) for text in page.paragraphs] or [""]
    listed = ""
    if len(plants) > LONG_LIST:
        items = "".join(f"<li>{anchor(p)} {escape(p.lead)}</li>\n" for p in plants)
        listed = f"<ul>\n{items}</ul>\n"
    else:
        for number, plant in enumerate(plants):
            parts[number % len(parts)] += f" {escape(plant.lead)} {anchor(plant)}."
    body = "".join(f"<p>{part.strip()}</p>\n" for part in parts) + listed
    if areas:
        body += '<img src="/map.png" alt="" usemap="#map"><map name="map">'
        body += "".join(map(anchor, areas)) + "</map>\n"
    return body


def _modern(page: Page, site: Site) -> str:
    related, comments, more = _HEADINGS[page.language]
    head = "".join(f" {anchor(plant)}" for plant in _at(page, "header"))
    aside = "".join(f"<p>{escape(p.lead)} {anchor(p)}</p>\n" for p in _at(page, "aside"))
    foot = "".join(f"<p>{escape(p.lead)} {anchor(p)}</p>\n" for p in _at(page, "footer"))
    talk = "".join(
        f'<li id="comment-{number}"><p>{escape(plant.lead)} {anchor(plant)}</p></li>\n'
        for number, plant in enumerate(_at(page, "comment"), 1)
    )
    listed = f"<section><h2>{more}</h2>\n{_list(page.listed)}</section>\n" if page.listed else ""
    near = f"<h2>{related}</h2>\n{_list(page.related)}\n" if page.related else ""
    return f"""<!doctype html>
<html lang="{page.language}">
<head>
{_head(page, site)}
</head>
<body>
<header>
<p><a href="/">{escape(site.name)}</a>{head}</p>
<nav>
{_list(site.nav)}
</nav>
</header>
<main>
<article>
<header><h1>{escape(page.title)}</h1></header>
{_content(page)}</article>
{listed}</main>
{f'<section class="comments"><h2>{comments}</h2><ol>{talk}</ol></section>' if talk else ""}
<aside>
{near}{aside}</aside>
<footer>
<p><a href="mailto:editor@{site.host}">{escape(site.name)}</a></p>
{foot}</footer>
<script>document.documentElement.className = "js"</script>
</body>
</html>
"""


def _thin(page: Page, site: Site) -> str:
    partners = "".join(f"{anchor(plant)} | " for plant in _at(page, "footer"))
    return f"""<!DOCTYPE html>
<html><head>
{_head(page, site)}
</head><body>
<div id="menu">{_list(site.nav)}</div>
<div class="content"><h1>{escape(page.title)}</h1>
{_content(page)}{_list(page.listed)}</div>
<div id="footer">{partners}</div>
</body></html>
"""


def _old(page: Page, site: Site) -> str:
    """Nothing closed that a browser of its day didn't need closed."""
    rows = "".join(f'<TR><TD><A HREF="{escape(h)}">{escape(t)}</A>\n' for h, t in page.listed)
    menu = "".join(f"<LI><A HREF={escape(href)}>{escape(text)}\n</A>" for href, text in site.nav)
    body = _content(page).replace("</p>", "").replace("<p>", "<P><FONT FACE=Arial SIZE=2>")
    return f"""<HTML><HEAD>
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=windows-1252">
<TITLE>{escape(page.title)} - {escape(site.name)}</TITLE>
<BODY BGCOLOR=#FFFFE0 TEXT=black>
<CENTER><FONT SIZE=+3 COLOR=navy><B>{escape(page.title)}</FONT></B></CENTER><HR>
<TABLE BORDER=0 WIDTH=100%><TR><TD WIDTH=20% VALIGN=top><UL>{menu}</UL>
<TD>
{body}<TABLE>{rows}</TABLE>
</TABLE>
<HR><I>Best viewed at 800 × 600 – “no frames” since 1998</I>
"""
