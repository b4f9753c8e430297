import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { checkedPlan } from '../../src/plan.ts'
import {
  compareJudges,
  type Fared,
  HARMLESS,
  median,
  OURS,
  runRollout,
  type Scenario,
} from '../../src/simulation/index.ts'
import { evidencePlot } from './plot.ts'

/*
 * The figures of docs/rollout.md: operating characteristics of the judge, as tables in Markdown, and the plot. Ends with
 * an exit code other than 0 when harmless canaries are rolled back more often than alpha allows.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    plot: { type: 'string' },
  },
})
const runs = Number(values.runs)
const seed = Number(values.seed)
const alpha = 0.02
const share = 0.1

const plan = checkedPlan({
  id: 'figures',
  flag: 'new-order-flow',
  canary: 'canary',
  control: 'control',
  steps: [5, 10, 25, 50, 100].map((percent) => ({ percent, holdMinutes: percent === 100 ? 0 : 15 })),
  alpha,
  guardrails: [
    { kind: 'errored-users', alphaShare: 1 },
    { kind: 'unfinished', maxPercent: 5 },
  ],
})

const harmless: readonly Scenario[] = [
  HARMLESS,
  { ...HARMLESS, name: 'the same users fail again and again', users: 2000, fragileErrorRate: 0.9 },
  { ...HARMLESS, name: 'an incident hits everybody', incident: { from: 20, to: 30, errorRate: 0.2 } },
  { ...HARMLESS, name: 'a handful of users', users: 500, requestsPerMinute: 5 },
  { ...HARMLESS, name: 'consumers are 20 minutes behind', lagMinutes: 20 },
  { ...HARMLESS, name: 'testers’ own canary fails half the time', testers: { share: 0.01, errorRate: 0.5 } },
  { ...HARMLESS, name: 'a key rotation loses 80 % of stamps', lostStamps: { from: 15, to: 25, share: 0.8 } },
  {
    ...HARMLESS,
    name: 'rolled back by hand, resumed, old stamps arriving',
    lagMinutes: 10,
    interruption: { rollBackAt: 20, resumeAt: 24 },
  },
]
const bad: readonly Scenario[] = [
  ...[2, 5, 20].map((ratio) => ({ ...HARMLESS, name: `${ratio} times the errors`, ratio })),
  { ...HARMLESS, name: '20 % of requests kill their process', kills: 0.2 },
]

console.log(`${runs} runs each, seed ${seed}, alpha ${alpha}\n`)
console.log('A whole rollout (5, 10, 25, 50, 100 %, 15 minutes each):\n')
console.log('| scenario | rolled back | median minute | median of users hurt | complete |\n|---|---|---|---|---|')
let worst = 0
for (const scenario of [...harmless, ...bad]) {
  const ended = Array.from({ length: runs }, (_, run) => runRollout(plan, scenario, seed * 1_000_000 + run))
  const back = ended.filter(({ outcome }) => outcome === 'rolled-back')
  if (harmless.includes(scenario)) worst = Math.max(worst, back.length / runs)
  const minute = back.length === 0 ? '-' : String(median(back.map(({ minute }) => minute + 1)))
  const hurt = harmless.includes(scenario) ? '-' : String(median(ended.map(({ usersHurt }) => usersHurt)))
  const complete = ended.filter(({ outcome }) => outcome === 'complete').length / runs
  console.log(`| ${scenario.name} | ${percent(back.length / runs)} | ${minute} | ${hurt} | ${percent(complete)} |`)
}

console.log(`\nJudges on the same traffic, one hour at ${share * 100} %:\n`)
const compared: readonly Scenario[] = [
  { ...HARMLESS, minutes: 60 },
  { ...HARMLESS, name: 'harmless, users fail again and again', users: 2000, fragileErrorRate: 0.9, minutes: 60 },
  ...bad.map((scenario) => ({ ...scenario, minutes: 60 })),
]
const fared = compared.map((scenario) => compareJudges(scenario, { runs, seed, share, alpha }))
const judges = fared[0]?.map(({ judge }) => judge) ?? []
console.log(`| judge | ${compared.map(({ name }) => name).join(' | ')} |\n|---|${compared.map(() => '---|').join('')}`)
for (const [index, judge] of judges.entries()) {
  const cells = fared.map((all, at) => cell(all[index], at < 2))
  console.log(`| ${judge === OURS ? `**${judge}**` : judge} | ${cells.join(' | ')} |`)
}
if (values.plot !== undefined) writeFileSync(values.plot, evidencePlot(plan, seed))

// Two standard errors above alpha: what chance alone does to so many runs.
const limit = alpha + 2 * Math.sqrt((alpha * (1 - alpha)) / runs)
console.log(`\nworst false rollback ${percent(worst)}, alpha ${percent(alpha)}`)
if (worst > limit) process.exitCode = 1

function cell(one: Fared | undefined, isHarmless: boolean): string {
  if (one === undefined) return '-'
  const caught = percent(one.rolledBack)
  return isHarmless ? caught : `${caught}, ${one.medianMinutes} min, ${one.medianUsersHurt} users`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
