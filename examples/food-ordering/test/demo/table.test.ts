import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { renderTable } from '../../src/demo/table.ts'
import { demoResult } from './fixture.ts'

const escapeCharacter = '\u001b'

/** The line that starts with the label, as its label and two halves, with single spaces. */
function row(table: string, label: string) {
  const line = table.split('\n').find((text) => text.trim().startsWith(label))
  return line?.split('│').map((part) => part.trim().replace(/\s+/g, ' '))
}

test('Waybill stands beside the weighted alias, row by row', () => {
  const table = renderTable(demoResult(), { colour: false, width: 80 })
  expect(row(table, 'Users in canary')).toEqual(['Users in canary', '203 (50.8 %)', '347 (86.8 %)'])
  expect(row(table, 'Orders')).toEqual(['Orders', '2,000', '2,000'])
  expect(row(table, 'Mixed chains')).toEqual(['Mixed chains', '✓ 0', '✗ 1,012'])
  expect(row(table, 'Lost decisions')).toEqual(['Lost decisions', '✓ 0', '✗ 2,801'])
  expect(row(table, 'Failed orders')).toEqual(['Failed orders', '✓ 0', '✗ 231'])
  expect(row(table, 'notify-user sns')).toBeUndefined()
  expect(row(table, 'Users who met')).toEqual(['Users who met the canary', '1 of 5', '4 of 5'])
  expect(row(table, 'Requests on')).toEqual(['Requests on the canary', '9 of 41', '5 of 41'])
})

test('each hop has its deliveries, each function and variation its error rate and p95', () => {
  const table = renderTable(demoResult(), { colour: false, width: 80 })
  expect(row(table, 'accept-order        kinesis')).toEqual([
    'accept-order kinesis',
    '2,000 413 1,587',
    '2,000 406 1,594',
  ])
  expect(row(table, 'notify-restaurant   control')).toEqual([
    'notify-restaurant control',
    '1,587 0.2 % 17.8 ms',
    '1,598 0.4 % 17.8 ms',
  ])
  const lines = table.split('\n')
  const canary = lines[lines.findIndex((line) => line.includes('notify-restaurant   control')) + 1]
  expect(canary).toMatch(/^ +canary │ +413 +0\.5 % +20\.4 ms │ +402 +58\.2 % +20\.4 ms$/)
})

test('functions come in the order of the chain, the edge first', () => {
  const table = renderTable(demoResult(), { colour: false, width: 80 })
  const functions = table.slice(table.indexOf('Functions'))
  const order = [...functions.matchAll(/^ (\S+) +control/gm)].map(([, service]) => service)
  expect(order.slice(0, 3)).toEqual(['place-order', 'price-quote', 'fraud-check'])
})

test.each([40, 80, 90, 104, 200])('at %i columns the separators stand below each other', (width) => {
  const lines = renderTable(demoResult(), { colour: false, width }).split('\n')
  const drawn = lines.filter((line) => /[│┼┿┷]/.test(line))
  const positions = new Set(drawn.map((line) => [...line.matchAll(/[│┼┿┷]/g)].map(({ index }) => index).join()))
  expect(positions.size).toBe(1)
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(Math.max(width, 80))
})

test('a wide terminal also shows how many deliveries strayed', () => {
  const table = renderTable(demoResult(), { colour: false, width: 120 })
  expect(row(table, 'price-quote  ')?.slice(1)).toEqual(['2,000 413 1,587 0', '2,000 388 1,612 458'])
})

test('long names are cut, not the columns', () => {
  const { waybill } = demoResult()
  const hops = waybill.hops.map((hop) => ({ ...hop, service: 'a-function-with-a-name-that-fills-the-line' }))
  const table = renderTable(demoResult({ waybill: { ...waybill, hops } }), { colour: false, width: 80 })
  expect(table).toContain('a-function-wit… eventbridge │')
})

test('colours are there only if asked for, and change no character of the text', () => {
  const plain = renderTable(demoResult(), { colour: false, width: 80 })
  const coloured = renderTable(demoResult(), { colour: true, width: 80 })
  expect(plain).not.toContain(escapeCharacter)
  expect(coloured).toContain(escapeCharacter)
  expect(stripVTControlCharacters(coloured)).toBe(plain)
})

test('the last line says that Waybill held, or what it broke', () => {
  const { waybill } = demoResult()
  expect(renderTable(demoResult(), { colour: false, width: 80 })).toContain('✓ Waybill: every chain ran one variation')
  const broken = renderTable(demoResult({ waybill: { ...waybill, mixedChains: 3 } }), { colour: false, width: 80 })
  expect(broken).toContain('✗ Waybill: 3 mixed chains, 0 lost decisions, 0 failed orders.')
  expect(broken).not.toContain('every chain')
})

test('runs that never ended are said at any width', () => {
  const { waybill } = demoResult()
  const services = waybill.services.map((one) => (one.service === 'loyalty' ? { ...one, finished: 400 } : one))
  const table = renderTable(demoResult({ waybill: { ...waybill, services } }), { colour: false, width: 80 })
  expect(table).toContain('! 13 runs of loyalty canary never ended (waybill).')
})

test('a run that was stopped before anything happened has a table, without made-up rates', () => {
  const empty = { users: 0, orders: 0, canaryUsers: 0, hops: [], services: [], timeline: [] }
  const { waybill, weightedAlias } = demoResult()
  const result = demoResult({ waybill: { ...waybill, ...empty }, weightedAlias: { ...weightedAlias, ...empty } })
  const table = renderTable(result, { colour: false, width: 80 })
  expect(row(table, 'Users in canary')).toEqual(['Users in canary', '0 (–)', '0 (–)'])
  expect(table).not.toContain('Deliveries')
})
