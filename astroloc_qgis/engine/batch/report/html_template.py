"""The template of the report: Jinja, which escapes all that is put into it; style and script are the page's own."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light; --ink: #1d2733; --soft: #5d6b7a; --line: #d8dee5; --good: #1b7f4d; --fair: #b7791f;
  --bad: #b3372f; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1200px; padding: 24px; font: 15px/1.45 system-ui, sans-serif; color: var(--ink);
  background: #fff; }
h1 { font-size: 26px; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 32px 0 10px; }
p { margin: 4px 0; }
.soft { color: var(--soft); }
.numbers { display: flex; flex-wrap: wrap; gap: 12px; margin: 18px 0; }
.numbers div { border: 1px solid var(--line); border-radius: 8px; padding: 10px 18px; min-width: 130px; }
.numbers b { display: block; font-size: 26px; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; border: 1px solid var(--line); border-radius: 8px; display: block; }
.sea { fill: #e9f0f6; }
.land { fill: #d3dccb; stroke: #b3bfa9; stroke-width: .6; }
.grid { stroke: #9fb0c0; stroke-width: .4; fill: none; opacity: .6; }
.tick { font-size: 10px; fill: #71808f; }
.footprint path { fill-opacity: .22; stroke-width: 1.1; vector-effect: non-scaling-stroke; }
.footprint.sure { fill: var(--good); stroke: var(--good); }
.footprint.less { fill: var(--fair); stroke: var(--fair); }
.footprint:hover path { fill-opacity: .6; stroke-width: 2.5; }
.chart { max-width: 640px; }
.chart svg { border: 0; }
.bar-localized { fill: var(--good); }
.bar-not_localized { fill: #a9b4bf; }
table { border-collapse: collapse; }
.scroll table { width: 100%; }
th, td { text-align: left; padding: 5px 9px; border-bottom: 1px solid var(--line); vertical-align: top; }
th { position: sticky; top: 0; background: #f5f7f9; font-weight: 600; }
th[data-sort] { cursor: pointer; user-select: none; }
th[data-sort]::after { content: " \\2195"; color: #a9b4bf; }
th[aria-sort=ascending]::after { content: " \\2191"; color: var(--ink); }
th[aria-sort=descending]::after { content: " \\2193"; color: var(--ink); }
td.number, th.number, th[data-sort=number] { text-align: right; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; }
td.name { min-width: 130px; }
td.name, td.message { overflow-wrap: anywhere; word-break: break-word; }
td.message { min-width: 230px; color: var(--soft); }
tr:target { background: #fff6d6; }
td img { display: block; max-width: 112px; max-height: 112px; border-radius: 3px; }
.localized { color: var(--good); } .not_localized { color: var(--soft); } .error, .failed { color: var(--bad); }
.scroll { overflow-x: auto; }
@media print { th { position: static; } .scroll { overflow: visible; } }
"""

SCRIPT = """
"use strict";
document.querySelectorAll("th[data-sort]").forEach(function (head) {
  head.addEventListener("click", function () {
    var table = head.closest("table"), body = table.tBodies[0], column = head.cellIndex;
    var falling = head.getAttribute("aria-sort") === "ascending", numbers = head.dataset.sort === "number";
    var value = function (row) {
      var cell = row.cells[column], said = cell.dataset.value === undefined ? cell.textContent : cell.dataset.value;
      return numbers ? (said === "" ? NaN : Number(said)) : said.toLowerCase();
    };
    var rows = Array.from(body.rows).map(function (row) { return [value(row), row]; });
    rows.sort(function (a, b) {
      if (numbers) {
        if (isNaN(a[0]) || isNaN(b[0])) { return isNaN(a[0]) - isNaN(b[0]); }
        return falling ? b[0] - a[0] : a[0] - b[0];
      }
      return a[0] < b[0] ? (falling ? 1 : -1) : a[0] > b[0] ? (falling ? -1 : 1) : 0;
    });
    rows.forEach(function (pair) { body.appendChild(pair[1]); });
    table.querySelectorAll("th").forEach(function (other) { other.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", falling ? "descending" : "ascending");
  });
});
"""

TEMPLATE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}: {{ done }} of {{ total }} photos</title>
<style>{{ style | safe }}</style>
</head>
<body>
<h1>{{ title }}</h1>
<p class="soft">AstroLoc, {{ made }}. {{ done }} of {{ total }} photos are done{% if done < total %}; run the same
command again to go on{% endif %}.{% if pace %} The last run: {{ pace }}.{% endif %}</p>
<div class="numbers">
{% for status, words, count in counts %}
<div><b class="{{ status }}">{{ count }}</b>{{ words }}</div>
{% endfor %}
</div>

<h2>Where</h2>
{{ map | safe }}
<p class="soft">Green: confidence of at least 0.95; ochre: less. A footprint links to its row. The land is a rough
outline.</p>

<h2>How sure</h2>
<div class="chart">
<svg viewBox="0 0 640 215" role="img" aria-label="Distribution of the confidence">
{% for bar in confidence %}
{% set x = 10 + loop.index0 * 62 %}
<g><title>{{ bar.low }} to {{ bar.high }}: {{ bar.localized }} localized, {{ bar.not_localized }} not</title>
<rect class="bar-localized" x="{{ x }}" y="{{ 180 - bar.height_localized }}" width="54"
 height="{{ bar.height_localized }}"/>
<rect class="bar-not_localized" x="{{ x }}" y="{{ 180 - bar.height_localized - bar.height_not_localized }}" width="54"
 height="{{ bar.height_not_localized }}"/>
<text class="tick" x="{{ x + 27 }}" y="{{ 174 - bar.height_localized - bar.height_not_localized }}"
 text-anchor="middle">{{ (bar.localized + bar.not_localized) or "" }}</text>
<text class="tick" x="{{ x + 27 }}" y="196" text-anchor="middle">{{ bar.low }} to {{ bar.high }}</text></g>
{% endfor %}
<text class="tick" x="320" y="212" text-anchor="middle">confidence (green: localized, grey: not localized)</text>
</svg>
</div>

<h2>What was not found, and why</h2>
{% if reasons %}
<table>
<thead><tr><th class="number">Photos</th><th>What became of them</th><th>Reason</th><th>Which</th></tr></thead>
<tbody>
{% for reason in reasons %}
<tr><td class="number">{{ reason.count }}</td><td class="{{ reason.status }}">{{ statuses[reason.status] }}</td>
<td class="message">{{ reason.kind }}
{%- if reason.example != reason.kind %}<br>such as: {{ reason.example }}{% endif %}
</td>
<td class="name">{{ reason.names | join(", ") }}{% if reason.count > reason.names | length %}, …{% endif %}</td></tr>
{% endfor %}
</tbody>
</table>
{% else %}
<p>Every photo that is done was found.</p>
{% endif %}

<h2>How long it took</h2>
{% if timings %}
<table>
<thead><tr><th>Stage</th><th class="number">Median</th><th class="number">95 % take at most</th>
<th class="number">Longest</th><th class="number">Share</th></tr></thead>
<tbody>
{% for line in timings %}
<tr><td>{{ line.stage }}</td><td class="number">{{ "%.2f" | format(line.median) }} s</td>
<td class="number">{{ "%.2f" | format(line.p95) }} s</td><td class="number">{{ "%.2f" | format(line.most) }} s</td>
<td class="number">{{ "%.0f" | format(100 * line.share) }} %</td></tr>
{% endfor %}
</tbody>
</table>
{% endif %}
{% if crew %}
<h2>Who did it</h2>
<table>
<thead><tr><th>Worker</th><th class="number">Photos</th><th class="number">At work</th>
<th class="number">Peak memory</th></tr></thead>
<tbody>
{% for worker in crew %}
<tr><td>{{ worker.name }}</td><td class="number">{{ worker.photos }}</td>
<td class="number">{{ worker.seconds | duration }}</td>
<td class="number">{{ "%.0f MB" | format(worker.peak_memory / 1e6) if worker.peak_memory else "unknown" }}</td></tr>
{% endfor %}
</tbody>
</table>
{% endif %}

<h2>Every photo</h2>
{% if done > rows | length %}
<p class="soft">The first {{ rows | length }} of {{ done }}; the GeoPackage has all of them.</p>
{% endif %}
<div class="scroll">
<table>
<thead><tr><th></th><th data-sort="text">Photo</th><th data-sort="text">Status</th>
<th data-sort="number">Confidence</th><th>Place</th>
<th data-sort="number">Error, 95 %</th><th data-sort="number">Tie points</th>
<th data-sort="text">Matcher</th><th data-sort="number">Seconds</th><th data-sort="text">Message</th></tr></thead>
<tbody>
{% for row in rows %}
<tr id="photo-{{ row.number }}">
<td>{% if row.thumbnail %}<img src="data:image/jpeg;base64,{{ row.thumbnail }}" alt="" loading="lazy">{% endif %}</td>
<td class="name" title="{{ row.photo }}">{{ row.shown }}
{%- if row.high_oblique %}<br><span class="soft">high oblique</span>{% endif %}</td>
<td class="{{ row.status }}">{{ statuses[row.status] }}</td>
<td class="number" data-value="{{ row.confidence }}">{{ "%.2f" | format(row.confidence) }}</td>
<td class="number">{{ row.place }}</td>
<td class="number" data-value="{{ "" if row.error_m is none else row.error_m }}">
{%- if row.error_m is not none %}{{ "%.0f m" | format(row.error_m) }}{% endif %}</td>
<td class="number" data-value="{{ row.inliers }}">{{ row.inliers }}</td>
<td>{{ row.matcher or "" }}</td>
<td class="number" data-value="{{ row.seconds }}">{{ "%.1f" | format(row.seconds) }}</td>
<td class="message">{{ row.message }}</td>
</tr>
{% endfor %}
</tbody>
</table>
</div>
<script>{{ script | safe }}</script>
</body>
</html>
"""
