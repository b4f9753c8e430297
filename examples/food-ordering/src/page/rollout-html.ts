import { type Markup, markup } from '../demo/markup.ts'

/** The page's section about rollouts, before there is one. */
export const rolloutHtml: Markup = markup`<section class="card rollout" aria-labelledby="rollout-title">
    <h2 id="rollout-title">A rollout that judges itself</h2>
    <p class="hint">The canary’s share grows by itself, while a judge looks for users who meet more errors, or wait longer,
      than control’s. When it is sure, nobody gets the canary any more, and what waits in queues is called back. A minute of
      a rollout takes 1.5 seconds here.</p>
    <p id="rollout-phase" class="phase" role="status">None yet.</p>
    <ol id="rollout-steps" class="steps"></ol>
    <div class="ramp">
      <div>
        <h3>Evidence against the canary</h3>
        <p class="key" id="evidence-key"></p>
        <div id="evidence" class="plot evidence" aria-hidden="true"></div>
        <ul id="guardrails" class="lines"><li>Nothing was judged yet.</li></ul>
      </div>
      <div>
        <div class="buttons">
          <button id="start-healthy" type="button" class="good" disabled>Start a healthy canary</button>
          <button id="start-faulty" type="button" disabled>Start one with the bug</button>
          <label class="choice"><input id="asks" type="checkbox"> <span>Ask me before half of the users get it</span></label>
        </div>
        <div class="buttons row">
          <button id="approve" type="button" class="good" disabled>Approve</button>
          <button id="pause" type="button" class="plain" disabled>Pause</button>
          <button id="resume" type="button" class="plain" disabled>Resume</button>
          <button id="roll-back" type="button" disabled>Roll back</button>
        </div>
        <p id="rollout-status" class="hint" role="status"></p>
        <table id="rollout-users" class="users"><caption>Users counted in this attempt, each once</caption>
          <thead><tr><th scope="col">Variation</th><th scope="col">Had it</th><th scope="col">Met an error</th><th scope="col">Waited</th></tr></thead>
          <tbody></tbody></table>
      </div>
    </div>
    <h3>Verdicts</h3>
    <ol id="verdicts" class="lines verdicts"><li>None yet.</li></ol>
  </section>`

export const rolloutStyle = `
.rollout > * + * { margin-top: 10px; } .phase { font-weight: 650; } .phase.bad { color: var(--bad); }
.steps { list-style: none; padding: 0; display: flex; gap: 4px; } .steps:empty { display: none; }
.steps li { flex: 1; text-align: center; font-size: 13px; font-weight: 600; padding: 6px 2px; border-radius: 4px; background: var(--faint); color: var(--muted); border: 2px solid transparent; white-space: nowrap; }
.steps .done { background: var(--canary-fill); color: #14212d; } .steps .now { border-color: var(--ink); } .steps .asks::after { content: ' ?'; }
.ramp { display: grid; grid-template-columns: minmax(0, 1fr) 380px; gap: 16px 28px; }
.plot.evidence { height: 190px; margin: 4px -6px 0; } .plot.evidence[hidden] { display: block; visibility: hidden; }
.key .line { display: inline-block; width: 16px; border-top: 3px solid; margin: 0 5px 3px 12px; } .key .line:first-child { margin-left: 0; }
.lines { list-style: none; padding: 0; font-size: 14px; } .lines li { padding: 2px 0; } .lines .bad { color: var(--bad); font-weight: 650; }
.buttons { display: grid; gap: 8px; } .buttons.row { grid-template-columns: 1fr 1fr; margin-top: 10px; }
button.good { background: var(--good); } button.plain { background: var(--card); color: var(--ink); box-shadow: inset 0 0 0 1.5px var(--muted); }
.users { min-width: 0; margin-top: 10px; } .users tbody tr:nth-child(even) th { visibility: visible; } .users thead th:nth-child(2) { text-align: right; }
.verdicts li { display: grid; grid-template-columns: 6.5em 6em minmax(0, 1fr); gap: 0 10px; } .verdicts time { color: var(--muted); } .verdicts .good { color: var(--good); }
@media (max-width: 640px) { .verdicts li { grid-template-columns: 6.5em minmax(0, 1fr); } .verdicts li > :last-child { grid-column: 1 / -1; color: var(--muted); } }
`
