import { parseArgs } from 'node:util'
import { corpus } from './corpus.ts'
import { eventCase, fuzzEvents } from './event-fuzz.ts'
import { numberFrom } from './random.ts'
import { hostileTimings, openingMs } from './timing.ts'
import { fuzzTokens, tokenCase } from './token-fuzz.ts'

/*
 * The full run: `.ci/soak fuzz`. Ends with exit code 1 if anything was believed, thrown or slow that must not be.
 * WAYBILL_FUZZ_SEED replays a run; `--token-case n` and `--event-case n` print one case of it.
 */
const { values } = parseArgs({
  options: {
    tokens: { type: 'string', default: '10000000' },
    events: { type: 'string', default: '500000' },
    from: { type: 'string', default: '0' },
    'token-case': { type: 'string' },
    'event-case': { type: 'string' },
    timing: { type: 'boolean', default: false },
  },
})
/** What a single text of 8 KiB may take, and twice the length in terms of once: linear is 2, quadratic 4. */
const MAX_MS = 1
const MAX_GROWTH = 3.2
const seed = numberFrom('WAYBILL_FUZZ_SEED', Date.now() % 1_000_000_000)

if (values['token-case'] !== undefined) {
  console.log(tokenCase(corpus(seed), seed, Number(values['token-case'])))
} else if (values['event-case'] !== undefined) {
  console.log(JSON.stringify(eventCase(corpus(seed), seed, Number(values['event-case'])), null, 2))
} else {
  const failed = [tokens(Number(values.tokens)), await events(Number(values.events)), timings()].some(Boolean)
  console.log(failed ? 'fuzz: FAILED' : 'fuzz: nothing believed, thrown or slow that must not be')
  process.exitCode = failed ? 1 : 0
}

function tokens(cases: number): boolean {
  const startMs = performance.now()
  const report = fuzzTokens(seed, cases, Number(values.from))
  told('tokens', cases, startMs, report.outcomes)
  const slow = report.slowest.inputs.map((text) => ({ text, tookMs: openingMs(seed, text) }))
  const worst = slow.reduce((a, b) => (b.tookMs > a.tookMs ? b : a), { text: '', tookMs: 0 })
  console.log(`slowest of them, timed again: ${worst.tookMs.toFixed(3)} ms for ${worst.text.length} characters`)
  return blamed(worst.tookMs < MAX_MS ? report.violations : [...report.violations, `slow: ${worst.text}`])
}

async function events(cases: number): Promise<boolean> {
  const startMs = performance.now()
  const report = await fuzzEvents(seed, cases, Number(values.from))
  told('events, each through edge, inner and record lifecycles', cases, startMs, report.outcomes)
  return blamed(report.violations)
}

function timings(): boolean {
  const all = hostileTimings(seed)
  const worst = all.reduce((a, b) => (b.tookMs > a.tookMs ? b : a))
  const steepest = all.reduce((a, b) => (b.growth > a.growth ? b : a))
  console.log(
    `texts made to be slow: ${all.length} kinds, at 8 KiB at most ${worst.tookMs.toFixed(3)} ms (${worst.what})`,
  )
  console.log(`twice the length takes at most ${steepest.growth.toFixed(2)} times as long (${steepest.what})`)
  if (values.timing) for (const { what, tookMs, growth } of all) console.log(tookMs.toFixed(4), growth.toFixed(2), what)
  return blamed([
    ...all.filter(({ tookMs }) => tookMs >= MAX_MS).map(({ what }) => `slow: ${what}`),
    ...all.filter(({ growth }) => growth >= MAX_GROWTH).map(({ what }) => `grows too fast: ${what}`),
  ])
}

function blamed(violations: readonly string[]): boolean {
  for (const violation of violations) console.error(`VIOLATION ${violation} (WAYBILL_FUZZ_SEED=${seed})`)
  return violations.length > 0
}

function told(what: string, cases: number, startMs: number, outcomes: Readonly<Record<string, number>>): void {
  const seconds = (performance.now() - startMs) / 1000
  console.log(`${cases} ${what}: ${seconds.toFixed(0)} s, ${Math.round(cases / seconds)} a second, seed ${seed}`)
  console.log(`  ${JSON.stringify(outcomes)}`)
}
