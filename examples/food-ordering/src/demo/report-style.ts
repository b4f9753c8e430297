/** The report's one style sheet. Colours are named by meaning; both themes keep 4.5:1 for text, 3:1 for neighbours. */
export const reportStyle = `
:root {
  color-scheme: light dark;
  --paper: #eef1f3; --card: #fff; --ink: #14212d; --muted: #566573; --line: #d5dde3; --faint: #e8edf1;
  --canary: #f0a800; --control: #54789b; --bad: #c02f1d; --good: #08704f; --other: #8a96a1;
  --sans: ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
  --mono: ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0c1319; --card: #141e27; --ink: #e6edf3; --muted: #9aaab8; --line: #2a3946; --faint: #1d2933;
    --canary: #ffc22e; --control: #5580a6; --bad: #ff7a66; --good: #42cf9f; --other: #74828f;
  }
}
* { box-sizing: border-box; margin: 0; }
body { background: var(--paper); color: var(--ink); font: 16px/1.5 var(--sans); font-variant-numeric: tabular-nums; overflow-wrap: anywhere; -webkit-text-size-adjust: 100%; }
header, main, footer { max-width: 1160px; margin: 0 auto; padding: 0 24px; }

/* The head of a waybill: ruled boxes with small captions. */
.masthead { display: flex; flex-wrap: wrap; margin-top: 20px; background: var(--card); border: 1px solid var(--line); border-top: 4px solid var(--ink); }
.masthead > div { padding: 8px 16px 9px; border-right: 1px solid var(--line); flex: 1 1 auto; }
.masthead > div:last-child { border-right: 0; }
.masthead .brand { flex-grow: 4; display: flex; gap: 12px; align-items: center; font-weight: 700; font-size: 18px; letter-spacing: -.01em; }
.brand svg { width: 28px; height: 28px; }
.brand small { display: block; font-weight: 400; font-size: 12px; line-height: 1.2; color: var(--muted); letter-spacing: 0; }
dt { font: 500 10.5px/1.4 var(--mono); letter-spacing: .08em; text-transform: uppercase; color: var(--muted); }
dd { font-weight: 600; font-size: 15px; white-space: nowrap; }

h1 { font-size: clamp(25px, 3.7vw, 40px); line-height: 1.12; letter-spacing: -.025em; font-weight: 750; margin: 26px 0 8px; text-wrap: balance; }
.lede { color: var(--muted); font-size: 17px; max-width: 100ch; text-wrap: pretty; }
h2 { font-size: 22px; letter-spacing: -.015em; line-height: 1.25; }
h3 { font-size: 17px; letter-spacing: -.01em; line-height: 1.25; }
section { margin-top: 56px; } .hero { margin-top: 0; }
section > p { color: var(--muted); max-width: 105ch; margin-top: 4px; text-wrap: pretty; }
.name { display: inline-block; max-width: 100%; }
.pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 20px; margin-top: 18px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 18px 22px 20px; min-width: 0; position: relative; }
.card h3 + p, figcaption p { color: var(--muted); font-size: 14px; }
figcaption { margin-bottom: 14px; }
.bad { color: var(--bad); } .good { color: var(--good); }

/* The first screen. Numbers may wrap differently in the two cards: their chains stand at the bottom, side by side. */
.hero .card { display: flex; flex-direction: column; } .hero .matrix { margin-top: auto; padding-top: 18px; }
.stats { display: grid; grid-template-columns: repeat(3, auto); justify-content: space-between; gap: 12px; margin-top: 14px; }
.stats > div { display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.stats dt { font: 500 13.5px/1.35 var(--sans); letter-spacing: 0; text-transform: none; color: var(--ink); }
.stats dt small { display: block; font-size: 12.5px; font-weight: 400; color: var(--muted); }
.stats dd { font-size: clamp(30px, 4.6vw, 54px); font-weight: 780; line-height: 1.05; letter-spacing: -.04em; }
.stamp { position: absolute; top: 18px; right: 20px; padding: 2px 10px 1px; border: 2px solid; border-radius: 4px; font: 700 15px/1.5 var(--mono); letter-spacing: .14em; text-transform: uppercase; transform: rotate(-5deg); }
.matrix { display: block; width: 100%; height: auto; }
.thread { stroke: var(--line); stroke-width: 3; }
.note { font-size: 13.5px; color: var(--muted); margin-top: 6px; max-width: none; }

/* One colour, one meaning, in every chart. */
svg .canary { fill: var(--canary); } svg .control { fill: var(--control); } svg .other { fill: var(--other); }
svg .never { fill: var(--card); stroke: var(--bad); stroke-width: 2; stroke-dasharray: 3 2; }
svg .harm { fill: var(--bad); }
svg .stray-canary { fill: url(#stray-canary); } svg .stray-control { fill: url(#stray-control); }
pattern .stripe { stroke: var(--card); stroke-width: 3; }
.bracket { fill: var(--bad); }
.defs { position: absolute; width: 0; height: 0; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; padding: 0; margin-top: 14px; font-size: 13.5px; color: var(--muted); }
.key { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 7px; background: var(--other); }
.key.canary { background: var(--canary); } .key.control { background: var(--control); }
.key.stray { background: repeating-linear-gradient(135deg, var(--card) 0 2px, var(--canary) 2px 5px); box-shadow: 0 3px var(--bad); border-radius: 2px; }
.key.never { background: none; border: 1.5px dashed var(--bad); }
.key.harm { background: var(--bad); border-radius: 50%; width: 8px; height: 8px; }

.axes { padding-left: 30px; }
.timeline { display: block; overflow: visible; }
.timeline text { font-size: 12px; fill: var(--muted); }
.timeline .grid { stroke: var(--faint); }
.timeline .lane { fill: var(--faint); } .timeline .level { opacity: .55; }
.timeline .lane-label { fill: var(--ink); font-weight: 600; }
.event line { stroke: var(--ink); stroke-width: 1.5; } .event circle { fill: var(--ink); } .timeline .event text { fill: var(--card); font-weight: 700; }
.events { list-style: none; padding: 0; margin-bottom: 12px; font-size: 14px; font-weight: 600; display: grid; gap: 4px; }
.events i { display: inline-block; width: 18px; margin-right: 8px; border-radius: 9px; background: var(--ink); color: var(--card); font: 700 11px/18px var(--sans); text-align: center; }
.events span { font-weight: 400; color: var(--muted); }

table { border-collapse: collapse; width: 100%; font-size: 14px; }
caption { text-align: left; padding-bottom: 10px; }
caption strong { display: block; font-size: 17px; letter-spacing: -.01em; } caption span { color: var(--muted); }
th { text-align: left; font-weight: 600; } td { text-align: right; white-space: nowrap; }
thead th { font: 500 10.5px/1.6 var(--mono); letter-spacing: .06em; text-transform: uppercase; color: var(--muted); text-align: right; border-bottom: 1px solid var(--line); }
thead th:first-child { text-align: left; }
.hops th, .hops td { padding: 8px 0 2px 10px; } .hops th:first-child, .hops td.bar { padding-left: 0; }
.hops td.bar { padding-top: 0; } .hops svg { display: block; }
.carrier { color: var(--muted); font-weight: 400; font-size: 13px; }
.functions { table-layout: fixed; }
.functions thead th:first-child { width: 24%; }
.functions tbody th[scope=rowgroup] { padding-top: 10px; } .functions tbody th[scope=row] { font-weight: 400; color: var(--muted); }
.functions td:not(.bar) { width: 17%; padding-left: 8px; } .functions td.bar { padding-left: 12px; }
.functions svg { display: block; } .track { fill: var(--faint); }
.functions td.bad { font-weight: 700; }
details { margin-top: 14px; font-size: 14px; } summary { cursor: pointer; color: var(--muted); }
.scroll { max-height: 300px; overflow: auto; margin-top: 8px; } .plain td, .plain th { padding: 2px 6px; }
.plain thead th { position: sticky; top: 0; background: var(--card); }

.seed strong { display: block; font-size: 30px; letter-spacing: -.03em; line-height: 1.2; margin-top: 4px; }
.units { display: block; width: 100%; height: auto; margin-top: 14px; } .units.people { max-width: 270px; }
.units .control { opacity: .38; }
footer { margin-top: 52px; padding-bottom: 40px; font-size: 13.5px; color: var(--muted); }
footer p { border-top: 1px solid var(--line); padding-top: 14px; }

@media (max-width: 860px) {
  .stacks { grid-template-columns: minmax(0, 1fr); }
  .masthead .date { display: none; } .masthead > :nth-last-child(2) { border-right: 0; }
}
@media (max-width: 640px) {
  header, main, footer { padding: 0 14px; }
  section { margin-top: 40px; }
  .masthead { margin-top: 12px; } .masthead > div { padding: 5px 10px; }
  .masthead .brand { flex-basis: 100%; border-right: 0; border-bottom: 1px solid var(--line); }
  dd { font-size: 14px; }
  h1 { margin-top: 18px; } .lede { font-size: 15px; line-height: 1.4; }
  .pair { gap: 10px; } .card { padding: 14px; } h3 { font-size: 16px; letter-spacing: -.03em; white-space: nowrap; } .seed strong { font-size: 21px; }
  .stats { grid-template-columns: 1fr; gap: 8px; margin-top: 10px; } .stats dd { font-size: clamp(28px, 9vw, 38px); }
  .hero .stamp { position: static; align-self: start; font-size: 12px; margin-bottom: 8px; }
}
`
