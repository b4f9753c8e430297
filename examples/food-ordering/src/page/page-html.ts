import { markup } from '../demo/markup.ts'
import { BUGS } from './bugs.ts'
import { rolloutHtml } from './rollout-html.ts'

/** The page before its first numbers. `importMap` is JSON: it says where the one library lies. */
export function pageHtml(importMap: string): string {
  const bugs = Object.entries(BUGS).map(
    ([name, { label, where }]) => markup`<label class="choice"><input type="radio" name="bug" value="${name}">
      <span><strong>${label}</strong> <small>${where}</small></span></label>`,
  )
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Waybill: the order chain, live</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/uplot.css">
<link rel="stylesheet" href="/page.css">
${{ html: `<script type="importmap">${importMap}</script>` }}
<script type="module" src="/browser/main.js"></script>
</head>
<body>
<header class="masthead">
  <div class="brand"><h1>Waybill <small>the order chain, live</small></h1></div>
  <dl>
    <div><dt>Flag</dt><dd id="flag-name">–</dd></div>
    <div><dt>Version</dt><dd id="flag-version">–</dd></div>
    <div><dt>Canary</dt><dd id="flag-share">–</dd></div>
    <div><dt>Orders</dt><dd id="orders">–</dd></div>
  </dl>
</header>
<main>
  <section id="verdict" class="verdict" aria-live="polite" aria-atomic="true"><p>Waiting for the first numbers.</p></section>

  <div class="stage">
    <section class="card chain" aria-labelledby="chain-title">
      <h2 id="chain-title">The chain</h2>
      <p class="key"><span class="dot canary"></span>canary <span class="dot control"></span>control <span class="dot failed"></span>failed</p>
      <div id="chain"></div>
    </section>

    <section class="card controls" aria-labelledby="controls-title">
      <h2 id="controls-title">You are the operator</h2>
      <div class="field">
        <label for="percent">Rollout to the canary</label>
        <output id="percent-shown" for="percent">–</output>
        <input id="percent" type="range" min="0" max="100" step="1" value="0" disabled>
      </div>
      <div class="field">
        <label for="comment">Why</label>
        <input id="comment" type="text" maxlength="200" value="trying the page" autocomplete="off">
      </div>
      <button id="kill" type="button" disabled>Kill the canary</button>
      <fieldset id="bugs" disabled>
        <legend>A bug on the canary’s way</legend>
        ${bugs}
      </fieldset>
      <p id="status" role="status"></p>
    </section>
  </div>

  ${rolloutHtml}

  <section aria-labelledby="charts-title">
    <h2 id="charts-title">The dashboard</h2>
    <p class="hint">The panels of <code>waybill dashboard</code>, drawn from the embedded metrics that the functions write. <span id="window"></span></p>
    <div id="overview" class="charts"></div>
  </section>

  <section class="card" aria-labelledby="functions-title">
    <h2 id="functions-title">Functions</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="functions-title">
    <table id="functions"><caption id="functions-caption"></caption>
      <thead><tr><th scope="col">Function</th><th scope="col">Variation</th><th scope="col">Started</th><th scope="col">Share</th><th scope="col">Error rate</th><th scope="col">p50</th><th scope="col">p95</th><th scope="col">p99</th><th scope="col">Never finished</th></tr></thead>
      <tbody></tbody></table>
    </div>
  </section>

  <section aria-labelledby="services-title">
    <h2 id="services-title">Function by function</h2>
    <div id="services"></div>
  </section>

  <section class="card" aria-labelledby="changes-title">
    <h2 id="changes-title">Changes of the flag</h2>
    <ol id="changes"><li>None yet.</li></ol>
  </section>
</main>
<footer><p>Lines that CloudWatch would refuse: <strong id="malformed">0</strong>. Everything here runs on this machine; nothing is sent anywhere.</p></footer>
</body>
</html>
`.html
}
