import { hash } from 'node:crypto'
import * as launchDarkly from '@launchdarkly/node-server-sdk'
import { declareFlags } from '@waybill/core'
import { compileRuleset, type FlagData, type Ruleset } from '@waybill/flags'
import { type Measured, measure } from './measure.ts'

/** Percentage rollouts decided here and by LaunchDarkly's SDK, in one process, from the same data. */
export async function evaluation(): Promise<void> {
  for (const count of [1, 10, 100, 1000]) await beside(count)
}

const users = Array.from({ length: 10_000 }, (_, index) => ({ kind: 'user', key: `user-${index}` }) as const)
const userAt = (index: number): (typeof users)[number] => users[index % users.length] as (typeof users)[number]

async function beside(count: number): Promise<void> {
  const data = Object.fromEntries(Array.from({ length: count }, (_, index) => [`flag-${index}`, rolledOut(index)]))
  const ruleset = compileRuleset({ flags: data })
  const declared = declareFlags(
    Object.fromEntries(
      Object.keys(data).map((key) => [key, { variations: { control: false, canary: true }, default: 'control' }]),
    ),
  )
  const client = await theirs(data)
  await expectAgreement(ruleset, client)
  // The cheapest way there is to hash that text: prefixes are there already, nothing reads the digest.
  const prefixes = Object.keys(data).map((key) => `${key}.salt.`)
  const bare = (index: number): number => {
    const { key } = userAt(index)
    let length = 0
    for (const prefix of prefixes) length += hash('sha1', `${prefix}${key}`, 'binary').length
    return length
  }
  const rows = await measure(
    count === 1
      ? [
          { name: 'the bare hash', run: bare },
          { name: 'Waybill', run: (index) => ruleset.decide('flag-0', userAt(index), false) },
          { name: 'Waybill, a declared flag', run: (index) => ruleset.answer(userAt(index), declared.all) },
          {
            name: 'LaunchDarkly, boolVariationDetail',
            run: (index) => client.boolVariationDetail('flag-0', userAt(index), false),
          },
          { name: 'LaunchDarkly, boolVariation', run: (index) => client.boolVariation('flag-0', userAt(index), false) },
        ]
      : [
          { name: `the bare hash, ${count} times`, run: bare },
          { name: 'Waybill, decideAll', run: (index) => ruleset.decideAll(userAt(index)) },
          { name: 'Waybill, declared flags', run: (index) => ruleset.answer(userAt(index), declared.all) },
          {
            name: 'LaunchDarkly, allFlagsState',
            run: (index) => client.allFlagsState(userAt(index), { withReasons: true }),
          },
          { name: 'LaunchDarkly, allFlagsState without reasons', run: (index) => client.allFlagsState(userAt(index)) },
        ],
    { block: count > 10 ? 8 : 64 },
  )
  client.close()
  print(count === 1 ? 'One percentage rollout' : `All of ${count} percentage rollouts`, rows)
}

/** Two that do not decide the same cannot be compared. */
async function expectAgreement(ruleset: Ruleset, client: launchDarkly.LDClient): Promise<void> {
  for (let index = 0; index < 200; index += 1) {
    const state = (await client.allFlagsState(userAt(index))).allValues()
    for (const [key, { value }] of ruleset.decideAll(userAt(index))) {
      if (state[key] !== value) throw new Error(`${key} is ${value} here and ${state[key]} there`)
    }
  }
}

const rolledOut = (index: number): FlagData => ({
  key: `flag-${index}`,
  version: 1,
  on: true,
  salt: 'salt',
  variations: [false, true],
  offVariation: 0,
  fallthrough: {
    rollout: {
      variations: [
        { variation: 1, weight: 10_000 },
        { variation: 0, weight: 90_000 },
      ],
    },
  },
})

/** Offline in all but name: its own in-memory store, no stream, no events. */
async function theirs(data: Readonly<Record<string, FlagData>>): Promise<launchDarkly.LDClient> {
  const test = new launchDarkly.TestData()
  for (const flag of Object.values(data)) await test.usePreconfiguredFlag(structuredClone(flag))
  const quiet = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} }
  const options = { updateProcessor: test.getFactory(), sendEvents: false, diagnosticOptOut: true, logger: quiet }
  const client = launchDarkly.init('no-key', options)
  await client.waitForInitialization({ timeout: 5 })
  return client
}

function print(title: string, rows: readonly Measured[]): void {
  const [bare, ours, , them] = rows
  if (bare === undefined || ours === undefined || them === undefined) return
  console.log(`\nEvaluation: ${title}`)
  for (const { name, us } of rows) {
    console.log(`  ${name.padEnd(52)} ${us.toFixed(2).padStart(8)} us ${`x${(us / bare.us).toFixed(2)}`.padStart(8)}`)
  }
  aim('times as fast as LaunchDarkly', them.us / ours.us, 3, (ratio) => ratio >= 3)
  aim('times the bare hash', ours.us / bare.us, 1.6, (ratio) => ratio <= 1.6)
}

function aim(what: string, ratio: number, wanted: number, isMet: (ratio: number) => boolean): void {
  console.log(`  -> ${ratio.toFixed(2)} ${what}, aim ${wanted}${isMet(ratio) ? '' : '  MISSED'}`)
}
