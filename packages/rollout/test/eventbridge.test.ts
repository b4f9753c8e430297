import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge'
import { type EventBridge, type EventEnvelope, startCutter, startEventBridge } from '@waybill/local'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventBridgeEvents } from '../src/eventbridge.ts'
import type { RolloutEvent } from '../src/events.ts'

const LOCAL = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }
const AT_MS = Date.parse('2026-03-04T05:06:07Z')

let engine: EventBridge
let client: EventBridgeClient
let seen: EventEnvelope[]
beforeEach(async () => {
  seen = []
  engine = await startEventBridge({ invokeLambda: async (_name, event) => void seen.push(event as EventEnvelope) })
  client = new EventBridgeClient({ ...LOCAL, endpoint: engine.endpoint })
})
afterEach(async () => {
  client.destroy()
  await engine.close()
})

async function watch(pattern: object): Promise<void> {
  const Arn = 'arn:aws:lambda:us-east-1:000000000000:function:watcher'
  await client.send(new PutRuleCommand({ Name: 'rule', EventPattern: JSON.stringify(pattern) }))
  await client.send(new PutTargetsCommand({ Rule: 'rule', Targets: [{ Id: 'watcher', Arn }] }))
}

const event = (changes: Partial<RolloutEvent> = {}): RolloutEvent => ({
  id: 'new-order-flow-1:1:7',
  type: 'Rollout Rolled Back',
  atMs: AT_MS,
  flag: 'new-order-flow',
  rollout: 'new-order-flow-1',
  attempt: 1,
  phase: 'rolled-back',
  step: 2,
  percent: 0,
  who: 'controller',
  reasons: ['errored users: evidence 61 of 50'],
  ...changes,
})
const bytesOf = ({ source, detail, 'detail-type': type }: EventEnvelope): number =>
  14 + Buffer.byteLength(source) + Buffer.byteLength(type) + Buffer.byteLength(JSON.stringify(detail))

describe('events of rollouts on EventBridge', () => {
  it('arrive where a rule sends rollbacks, and others do not', async () => {
    await watch({ source: ['waybill.rollout'], 'detail-type': ['Rollout Rolled Back'] })
    await eventBridgeEvents({ client })([event({ id: 'other', type: 'Rollout Step Entered' }), event()])
    await engine.idle()
    expect(seen).toMatchObject([
      {
        source: 'waybill.rollout',
        'detail-type': 'Rollout Rolled Back',
        time: '2026-03-04T05:06:07Z',
        resources: [],
        detail: event(),
      },
    ])
  })

  it('keep their id when they are published again, which EventBridge’s own does not', async () => {
    await watch({ source: ['waybill.rollout'] })
    const publish = eventBridgeEvents({ client })
    await publish([event()])
    await publish([event()])
    await engine.idle()
    expect(seen.map(({ detail }) => detail['id'])).toEqual([event().id, event().id])
    expect(new Set(seen.map(({ id }) => id)).size).toBe(2)
  })

  it('go to the bus and under the source that were named', async () => {
    await watch({ source: ['shop.rollouts'] })
    await eventBridgeEvents({ client, source: 'shop.rollouts', eventBusName: 'default' })([event()])
    // The stand-in keeps buses apart.
    await eventBridgeEvents({ client, source: 'shop.rollouts', eventBusName: 'another' })([event()])
    await engine.idle()
    expect(seen).toHaveLength(1)
  })

  it('arrive all when there are more than a request holds, and none at all is fine', async () => {
    await watch({ source: ['waybill.rollout'] })
    const many = Array.from({ length: 23 }, (_, index) => event({ id: `e-${index}` }))
    const publish = eventBridgeEvents({ client })
    await publish(many)
    await publish([])
    await engine.idle()
    expect(seen.map(({ detail }) => detail['id']).sort()).toEqual(many.map(({ id }) => id).sort())
  })

  it('arrive all when few of them fill a request', async () => {
    await watch({ source: ['waybill.rollout'] })
    // Ten of these are over two megabytes: the stand-in refuses a request of more than one.
    const many = Array.from({ length: 10 }, (_, index) => event({ id: `e-${index}`, reasons: ['x'.repeat(250_000)] }))
    await eventBridgeEvents({ client })(many)
    await engine.idle()
    expect(seen).toHaveLength(10)
  })

  it.each([
    ['one long reason', ['what went wrong', '\u{1f6a8}"\n'.repeat(100_000)]],
    ['characters of two halves', ['what went wrong', '\u{1f6a8}'.repeat(100_000)]],
    ['characters of two halves, off by one', ['what went wrong', `x${'\u{1f6a8}'.repeat(100_000)}`]],
    ['many reasons', ['what went wrong', ...Array.from({ length: 50_000 }, (_, index) => `reason ${index}`)]],
  ])('with %s too much are cut to what an entry holds, the first reason whole', async (_name, reasons) => {
    await watch({ source: ['waybill.rollout'] })
    await eventBridgeEvents({ client })([event({ reasons })])
    await engine.idle()
    const [{ detail, ...envelope } = {} as EventEnvelope] = seen
    const size = bytesOf({ ...envelope, detail } as EventEnvelope)
    expect(size).toBeLessThan(256 * 1024)
    expect(size).toBeGreaterThan(255 * 1024)
    expect(detail).toMatchObject({ ...event(), reasons: expect.anything() })
    const kept = detail?.['reasons'] as string[]
    expect(kept[0]).toBe('what went wrong')
    expect(kept.at(-1)).toBe('(the rest is too long for an event)')
    expect(kept.every((reason) => reason.isWellFormed())).toBe(true)
  })
})

describe('publishing rejects', () => {
  it('when some entries were not taken, and names what was said of them', async () => {
    await watch({ source: ['waybill.rollout'] })
    const wrong = event({ type: '' as RolloutEvent['type'] })
    await expect(eventBridgeEvents({ client })([event(), wrong])).rejects.toMatchObject({
      name: 'RolloutError',
      code: 'events_not_taken',
      message: expect.stringContaining('InvalidArgument'),
    })
    await engine.idle()
    expect(seen).toHaveLength(1)
  })

  it('when the service is down, and when it hangs', async () => {
    const cutter = await startCutter(engine.endpoint)
    const far = new EventBridgeClient({ ...LOCAL, endpoint: cutter.endpoint, maxAttempts: 1 })
    cutter.cut()
    await expect(eventBridgeEvents({ client: far })([event()])).rejects.toThrow()
    cutter.heal()
    cutter.hang()
    await expect(eventBridgeEvents({ client: far, requestTimeoutMs: 50 })([event()])).rejects.toMatchObject({
      code: 'events_late',
      message: expect.stringContaining('50 ms'),
    })
    cutter.heal()
    await eventBridgeEvents({ client: far })([event()])
    far.destroy()
    await cutter.close()
  })
})

it.each([
  ['client', {}],
  ['source', { source: 'aws.rollout' }],
  ['source', { source: '' }],
  ['eventBusName', { eventBusName: '' }],
  ['requestTimeoutMs', { requestTimeoutMs: 0 }],
  ['requestTimeoutMs', { requestTimeoutMs: Number.NaN }],
])('a wrong option "%s" is refused at set-up: %j', (option, changes) => {
  const options = option === 'client' ? changes : { client, ...changes }
  expect(() => eventBridgeEvents(options as { client: EventBridgeClient })).toThrow(
    expect.objectContaining({ code: 'bad_option', message: expect.stringContaining(option) }),
  )
})
