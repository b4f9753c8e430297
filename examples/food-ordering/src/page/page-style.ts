import { rolloutStyle } from './rollout-html.ts'

/** Colours are named by meaning, as in the report; both themes keep 4.5:1 for text and 3:1 for lines. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --paper: #eef1f3; --card: #fff; --ink: #14212d; --muted: #566573; --line: #d5dde3; --faint: #e8edf1;
  --canary: #c47f00; --canary-fill: #f0a800; --control: #54789b; --bad: #c02f1d; --bad-ground: #fdece9; --good: #08704f;
  --line-1: #08704f; --line-2: #54789b; --line-3: #8b4fb0; --line-4: #c02f1d; --line-5: #0d7f8c; --line-6: #8a6d00;
  --sans: ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
  --mono: ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0c1319; --card: #141e27; --ink: #e6edf3; --muted: #9aaab8; --line: #2a3946; --faint: #1d2933;
    --canary: #ffc22e; --canary-fill: #ffc22e; --control: #6d9bc4; --bad: #ff7a66; --bad-ground: #3a1c19; --good: #42cf9f;
    --line-1: #42cf9f; --line-2: #6d9bc4; --line-3: #c79bea; --line-4: #ff7a66; --line-5: #4cc6d3; --line-6: #d8c25a;
  }
}
* { box-sizing: border-box; margin: 0; }
body { background: var(--paper); color: var(--ink); font: 15px/1.5 var(--sans); font-variant-numeric: tabular-nums; overflow-wrap: anywhere; -webkit-text-size-adjust: 100%; }
header, main, footer { max-width: 1280px; margin: 0 auto; padding: 0 20px; }
main > * { margin-top: 16px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 16px 18px; min-width: 0; }
h2 { font-size: 17px; letter-spacing: -.01em; line-height: 1.3; }
h3 { font-size: 15px; line-height: 1.3; }
.hint, caption, small { color: var(--muted); font-size: 13px; line-height: 1.4; }
code { font-family: var(--mono); font-size: .92em; }
:focus-visible { outline: 3px solid var(--control); outline-offset: 2px; border-radius: 3px; }

.masthead { display: flex; flex-wrap: wrap; gap: 4px 28px; align-items: center; justify-content: space-between; padding-top: 16px; }
h1 { font-size: 20px; letter-spacing: -.02em; }
h1 small { font-size: 14px; font-weight: 400; letter-spacing: 0; margin-left: 6px; }
.masthead dl { display: flex; flex-wrap: wrap; gap: 4px 28px; }
dt { font: 500 10.5px/1.4 var(--mono); letter-spacing: .08em; text-transform: uppercase; color: var(--muted); }
dd { font-weight: 600; white-space: nowrap; }

.verdict { border-left: 5px solid var(--good); background: var(--card); border-radius: 6px; padding: 12px 18px; font-size: 17px; font-weight: 600; }
.verdict.bad { border-color: var(--bad); background: var(--bad-ground); color: var(--bad); }
.lost main > :not(.verdict) { opacity: .45; }

.stage { display: grid; grid-template-columns: minmax(0, 1fr) 320px; gap: 16px; align-items: stretch; }
.chain { display: flex; flex-direction: column; }
#chain { margin: auto 0; } #chain svg { display: block; width: 100%; height: auto; margin-top: 8px; }
.key { color: var(--muted); font-size: 13px; }
.dot { display: inline-block; width: 10px; height: 10px; border-radius: 50%; margin: 0 5px 0 12px; } .dot:first-child { margin-left: 0; }
.dot.canary { background: var(--canary-fill); } .dot.control { background: var(--control); } .dot.failed { background: var(--bad); }
.hop { fill: none; stroke: var(--line); stroke-width: 2.5; }
.carrier { font-size: 12px; fill: var(--muted); text-anchor: middle; paint-order: stroke; stroke: var(--card); stroke-width: 5px; stroke-linejoin: round; }
.node .ground { fill: var(--faint); } .node .frame { fill: none; stroke: var(--line); stroke-width: 1.5; } .node .bar { fill: var(--canary-fill); }
.node text { text-anchor: middle; } .node .name { font-size: 14.5px; font-weight: 650; fill: var(--ink); } .node .share { font-size: 12px; fill: var(--muted); }
.node.bad .ground { fill: var(--bad-ground); } .node.bad .frame { stroke: var(--bad); stroke-width: 3; } .node.bad .share { fill: var(--bad); font-weight: 700; }
.dots .canary { fill: var(--canary-fill); } .dots .control { fill: var(--control); } .dots .failed { fill: var(--bad); }

.controls { display: flex; flex-direction: column; gap: 12px; }
.field { display: grid; grid-template-columns: 1fr auto; gap: 4px 10px; } .field > input { grid-column: 1 / -1; width: 100%; }
label, legend { font-weight: 600; font-size: 14px; } output { font-weight: 700; }
input[type=range] { appearance: none; background: none; height: 26px; margin: 0; cursor: pointer; }
input[type=range]::-webkit-slider-runnable-track { height: 8px; border-radius: 4px; background: linear-gradient(to right, var(--canary-fill) var(--share, 0%), var(--line) 0); }
input[type=range]::-moz-range-track { height: 8px; border-radius: 4px; background: linear-gradient(to right, var(--canary-fill) var(--share, 0%), var(--line) 0); }
input[type=range]::-webkit-slider-thumb { appearance: none; width: 22px; height: 22px; margin-top: -7px; border: 3px solid var(--card); border-radius: 50%; background: var(--canary-fill); box-shadow: 0 0 0 1px var(--muted); }
input[type=range]::-moz-range-thumb { width: 16px; height: 16px; border: 3px solid var(--card); border-radius: 50%; background: var(--canary-fill); box-shadow: 0 0 0 1px var(--muted); }
input[type=text] { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--muted); border-radius: 4px; padding: 5px 8px; }
button { font: 650 15px/1 var(--sans); color: var(--card); background: var(--bad); border: 0; border-radius: 5px; padding: 11px 14px; cursor: pointer; }
button.killed { background: var(--good); } button:disabled { opacity: .5; cursor: default; }
fieldset { border: 1px solid var(--line); border-radius: 5px; padding: 6px 12px 10px; display: grid; gap: 6px; } legend { padding: 0 4px; }
.choice { display: flex; gap: 8px; align-items: baseline; font-weight: 400; cursor: pointer; line-height: 1.3; } .choice small { display: block; } .choice input { accent-color: var(--bad); }
#status { min-height: 1.5em; font-size: 14px; color: var(--muted); }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; min-width: 640px; margin-top: 2px; }
caption { text-align: left; padding-bottom: 4px; }
th { text-align: left; font-weight: 600; } td { text-align: right; white-space: nowrap; } td.variation { text-align: left; }
th, td { padding: 3px 10px 3px 0; }
thead th { font: 500 10.5px/1.5 var(--mono); letter-spacing: .05em; text-transform: uppercase; color: var(--muted); text-align: right; border-bottom: 1px solid var(--line); }
thead th:nth-child(-n+2) { text-align: left; }
tbody tr:nth-child(odd) > * { border-top: 1px solid var(--faint); padding-top: 6px; } tbody tr:nth-child(even) > * { padding-bottom: 6px; } tbody tr:nth-child(even) th { visibility: hidden; }
td.variation::before { content: ''; display: inline-block; width: 9px; height: 9px; border-radius: 50%; margin-right: 6px; background: var(--control); } td.variation.canary::before { background: var(--canary-fill); }
td.bad { color: var(--bad); font-weight: 750; }

.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 370px), 1fr)); gap: 16px; margin-top: 10px; }
.panel { display: flex; flex-direction: column; } .panel .now { font-size: 14px; font-weight: 600; margin: 6px 0; }
.plot { height: 150px; margin: auto -6px 0; overflow: hidden; }
.service { margin-top: 14px; } .service .charts { grid-template-columns: repeat(auto-fill, minmax(min(100%, 280px), 1fr)); } summary { cursor: pointer; font-weight: 650; padding: 4px 0; }
#changes { list-style: none; padding: 0; margin-top: 6px; font-size: 14px; } #changes li { display: flex; flex-wrap: wrap; gap: 0 14px; padding: 3px 0; } #changes time, #changes span { color: var(--muted); }
footer { margin: 28px auto 32px; font-size: 13.5px; color: var(--muted); }

${rolloutStyle}
@media (max-width: 900px) { .stage, .ramp { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 640px) { header, main, footer { padding: 0 12px; } .card { padding: 12px 13px; } .verdict { font-size: 16px; } }
`
