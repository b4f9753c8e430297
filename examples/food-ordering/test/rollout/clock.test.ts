import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { eachMinute, rolloutClock } from '../../src/rollout/clock.ts'
import { atRolloutTime } from '../../src/rollout/metrics.ts'

const WALL_MS = 1_764_000_012_345

test('a minute passes in a second, from a full minute on', () => {
  let wallMs = WALL_MS
  const clock = rolloutClock({ minuteTakesMs: 1000, wallMs: () => wallMs })
  expect(clock.nowMs() % 60_000).toBe(0)
  expect(clock.minuteOf(clock.nowMs())).toBe(0)
  wallMs += 2_500
  expect(clock.minuteOf(clock.nowMs())).toBe(2)
  expect(clock.toWall(clock.nowMs())).toBe(wallMs)
  expect(clock.toWall(clock.fromWall(WALL_MS + 77))).toBe(WALL_MS + 77)
})

test('what was written by the wall’s clock stays what it is', () => {
  const clock = rolloutClock({ minuteTakesMs: 1000, wallMs: () => WALL_MS })
  expect(clock.toWall(WALL_MS + 3_600_000)).toBe(WALL_MS + 3_600_000)
})

test('metrics are filed under the minute of the rollout in which they were written', () => {
  const clock = rolloutClock({ minuteTakesMs: 1000, wallMs: () => WALL_MS })
  const line = atRolloutTime(`{"_aws":{"Timestamp":${WALL_MS + 3_100},"CloudWatchMetrics":[]},"Error":0}`, clock)
  const { _aws } = JSON.parse(line) as { readonly _aws: { readonly Timestamp: number } }
  expect(clock.minuteOf(_aws.Timestamp)).toBe(3)
})

test('each minute is called once, and never while the call before it runs', async () => {
  const clock = rolloutClock({ minuteTakesMs: 20 })
  const minutes: number[] = []
  let running = 0
  let most = 0
  const ticks = eachMinute(clock, async () => {
    running += 1
    most = Math.max(most, running)
    minutes.push(clock.minuteOf(clock.nowMs()))
    if (minutes.length === 2) await sleep(70)
    running -= 1
  })
  await expect.poll(() => minutes.length).toBeGreaterThan(4)
  await ticks.stop()
  const then = minutes.length
  await sleep(60)
  expect(minutes).toHaveLength(then)
  expect(new Set(minutes).size).toBe(then)
  expect(most).toBe(1)
})
