import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DemoResult } from '../../src/demo/results.ts'
import { descendantsOf, isAlive, startDemo } from './processes.ts'

const FEW = ['--orders', '60', '--users', '30', '--percent', '30']

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'food-ordering-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

describe('the demo', { timeout: 120_000 }, () => {
  it('ends well, with the result alone on standard output and a report on disk', async () => {
    const demo = startDemo([...FEW, '--json'], directory)
    await demo.saw('weighted-alias: ')
    const started = descendantsOf(demo.child.pid ?? 0)
    expect(await demo.exitCode).toBe(0)
    expect(started.filter(isAlive)).toEqual([])

    const result = JSON.parse(demo.stdout()) as DemoResult
    expect(result.options).toEqual({ orders: 60, users: 30, percent: 30 })
    expect(result.waybill).toMatchObject({ mixedChains: 0, lostDecisions: 0, failedOrders: 0 })
    expect(result.waybill.timeline.flatMap(({ event }) => event ?? []).join()).toMatch(/raised to 50 %.*killed with/)
    expect(result.weightedAlias.mixedChains).toBeGreaterThan(0)
    const [, report = ''] = /^Report: (.*)$/m.exec(demo.stderr()) ?? []
    expect(readFileSync(report, 'utf8')).toMatch(/^<!doctype html>/i)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('leaves no process behind on %s', async (signal) => {
    const demo = startDemo(['--orders', '400'], directory)
    await demo.saw('waybill: 40/400 orders')
    const running = descendantsOf(demo.child.pid ?? 0)
    demo.child.kill(signal)
    expect(await demo.exitCode).toBe(signal === 'SIGINT' ? 130 : 143)
    expect(running.length).toBeGreaterThan(7)
    expect(running.filter(isAlive)).toEqual([])
  })

  it('says in one line what is wrong with an option, and starts nothing', async () => {
    const demo = startDemo(['--oders', '5'], directory)
    expect(await demo.exitCode).toBe(2)
    expect(demo.stdout()).toBe('')
    expect(demo.stderr().trim().split('\n')).toHaveLength(1)
    expect(demo.stderr()).toContain('--oders')
  })
})
