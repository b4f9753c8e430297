import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { FaultKind } from '../../src/load/faults.ts'
import { holds, renderLoad } from '../../src/load/report.ts'
import { type LoadRunOptions, runLoad } from '../../src/load/run-load.ts'

const NEVER = [3_600_000, 3_600_000] as const

const bounded: LoadRunOptions = {
  seed: 11,
  durationMs: 5_000,
  ratePerSecond: 10,
  users: 40,
  batchRecords: 60,
  timeoutMs: 2_000,
  visibilityTimeoutSeconds: 2,
  moveEveryMs: 300,
  drainLimitMs: 60_000,
  downMs: [200, 500],
  upMs: [400, 700],
  faultEveryMs: [400, 700],
}

/** What Lambda reports of each fault. */
const ENDS: Readonly<Record<FaultKind, RegExp>> = {
  'time-out': /Task timed out after 2.00 seconds/,
  spin: /Task timed out after 2.00 seconds/,
  exit: /Runtime exited with error: exit status 1$/,
  uncaught: /thrown where no handler catches it|Runtime exited with error: exit status/,
  'out-of-memory': /Runtime exited with error: signal: aborted/,
  // Where an engine was down as well, the batch had failed by itself before it came to that.
  'late-error': /failed with all of its work done|All records failed processing/,
}

const planted = (name: string): string => fileURLToPath(new URL(`./handlers/${name}.ts`, import.meta.url))

describe('the order chain under load', { timeout: 120_000 }, () => {
  it('brings each accepted order to every hop under its own decisions, while engines are killed and functions fail', async () => {
    const result = await runLoad(bounded)
    console.log(`seed ${bounded.seed}\n${renderLoad(result)}`)
    expect(result.check.faults).toEqual([])
    expect(holds(result)).toBe(true)
    expect(result.load.accepted.length).toBeGreaterThan(5)

    // That it held says something only if all of this happened.
    const killed = result.storm.engines.filter(({ outage }) => outage === 'kill').map(({ engine }) => engine)
    expect(new Set(killed)).toEqual(new Set(['dynamodb', 'kinesis', 'sqs-sns']))
    expect(result.struck.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['time-out', 'exit', 'out-of-memory']))
    // Nobody waits for an asynchronous invocation: what became of it is not known here.
    for (const { kind, error } of result.struck) if (error !== undefined) expect(error).toMatch(ENDS[kind])
    expect(result.largestBatch.records).toBe(bounded.batchRecords)
    expect(result.flagVersions).toBeGreaterThan(5)
  })

  it('is found out when a consumer keeps one decision for all, and when another drops what it was given', async () => {
    const { check, drained } = await runLoad({
      ...bounded,
      durationMs: 2_000,
      batchRecords: 10,
      upMs: NEVER,
      faultEveryMs: NEVER,
      handlers: {
        'notify-restaurant': planted('one-decision-for-all'),
        loyalty: planted('every-other-one'),
      },
    })
    expect(drained).toBe(true)
    const found = check.faults.map((fault) => fault.replace(/^order \S+: /, ''))
    expect(found).toContainEqual(expect.stringMatching(/^notify-restaurant ran .* the edge decided /))
    expect(found).toContain('accepted, but never came to loyalty')
    expect(found.every((fault) => /notify-restaurant ran|never came to loyalty/.test(fault))).toBe(true)
    const strays = check.hops.filter((hop) => hop.strays > 0).map(({ service }) => service)
    expect(strays).toEqual(['notify-restaurant'])
  })
})
