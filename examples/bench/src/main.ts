import middy from '@middy/core'
import { ROOT_CONTEXT } from '@opentelemetry/api'
import { W3CBaggagePropagator } from '@opentelemetry/core'
import {
  currentWaybill,
  innerLifecycle,
  scopeStorage,
  sealToken,
  withHonouredDecisions,
  withRecordScope,
} from '@waybill/core'
import { evaluateFlags, honourDecisions } from '@waybill/middy'
import { jwtVerify, SignJWT } from 'jose'
import { evaluation } from './evaluation.ts'
import { flags, freshTokens, httpEvent, keys, source, tokenOf } from './fixture.ts'
import { type Measured, measure } from './measure.ts'
import { metrics } from './metrics.ts'

/** Embedded metrics go nowhere while they are measured: what a log costs to write is the same for everybody. */
const write = process.stdout.write.bind(process.stdout)
process.stdout.write = ((chunk: string, ...rest: []) =>
  typeof chunk === 'string' && chunk.startsWith('{') ? true : write(chunk, ...rest)) as typeof process.stdout.write

const lambdaContext = { functionName: 'bench', getRemainingTimeInMillis: () => 30_000 } as never
const emptyEvent = httpEvent({})

await edge()
await inner()
sizes()
await batch()
await metrics(print)
await evaluation()
await (await import('./cold-start.ts')).coldStart()
process.exit(0)

/** Evaluate ten flags, open a scope, seal a token: over Middy that does nothing. */
async function edge(): Promise<void> {
  const users = Array.from({ length: 20_000 }, (_, index) => ({ ...emptyEvent, user: `user-${index}` }))
  const event = (index: number): { user: string } => users[index % users.length] as { user: string }
  const bare = middy(async (_event: { user: string }) => 1)
  const ours = middy(async (_event: { user: string }) => {
    const waybill = currentWaybill()
    return waybill && sealToken(waybill, keys).token?.length
  }).use(evaluateFlags<{ user: string }>({ flags, keys, source, context: ({ user }) => ({ key: user }) }))
  const secret = Buffer.alloc(32, 1)
  const claims = {
    decisions: Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`checkout-step-${n}`, ['control', false, 12]])),
  }
  const rows = await measure([
    { name: 'bare Middy', run: (index) => bare(event(index), lambdaContext) },
    { name: 'Waybill on Middy: evaluate 10 flags, scope, seal', run: (index) => ours(event(index), lambdaContext) },
    {
      name: 'jose HS256, sign the same decisions',
      run: () => new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secret),
    },
  ])
  print('Edge, 10 flags', rows)
  compare('over bare Middy', us(rows, 1) - us(rows, 0), 12)
}

/** Extract, verify, scope and one read: ten decisions. */
async function inner(): Promise<void> {
  const open = innerLifecycle({ flags, keys })
  const visit = (event: object): unknown => {
    const passage = open(event, undefined)
    return scopeStorage.run(passage.scope, () => {
      passage.prepare()
      const value = flags.get('checkout-step-3')
      passage.end({ response: value })
      return value
    })
  }
  const fresh = freshTokens.map((token) => httpEvent({ 'x-waybill': token }))
  const bare = middy(async () => 1)
  const ours = middy(async () => flags.get('checkout-step-3')).use(honourDecisions({ flags, keys }))
  const baggage = Array.from({ length: 10 }, (_, n) => `checkout-step-${n}=control%3Afalse%3A12`).join(',')
  const propagator = new W3CBaggagePropagator()
  const getter = {
    get: (carrier: Record<string, string>, key: string) => carrier[key],
    keys: (carrier: object) => Object.keys(carrier),
  }
  const secret = Buffer.alloc(32, 1)
  const jws = await new SignJWT({ decisions: baggage }).setProtectedHeader({ alg: 'HS256' }).sign(secret)
  const at = <T>(list: readonly T[], index: number): T => list[index % list.length] as T
  const rows = await measure([
    { name: 'Waybill, fresh token', run: (index) => visit(at(fresh, index)) },
    { name: 'Waybill, repeated token', run: (index) => visit(at(fresh, index & 31)) },
    {
      name: 'OpenTelemetry W3C baggage, extract (unsigned)',
      run: () => propagator.extract(ROOT_CONTEXT, { baggage }, getter),
    },
    { name: 'jose HS256, verify the same decisions', run: () => jwtVerify(jws, secret) },
    { name: 'bare Middy', run: () => bare(emptyEvent, lambdaContext) },
    { name: 'Waybill on Middy, fresh token', run: (index) => ours(at(fresh, index), lambdaContext) },
  ])
  print('Inner function, 10 decisions: extract, verify, scope, read', rows)
  compare('fresh', us(rows, 0), 5)
  compare('repeated', us(rows, 1), 1)
  compare('Middy, fresh, over bare Middy', us(rows, 5) - us(rows, 4), 5)
}

function sizes(): void {
  console.log('\nToken bytes, boolean decisions with keys of 15 characters')
  for (const [count, aim] of [
    [1, undefined],
    [10, 450],
    [50, 1900],
  ] as const) {
    const bytes = tokenOf(count, 7).length
    const verdict = aim === undefined ? '' : `  aim ${aim}${bytes <= aim ? '' : '  MISSED'}`
    console.log(`  ${String(count).padStart(3)} flags ${String(bytes).padStart(6)} bytes${verdict}`)
  }
}

/** Ten thousand stamped orders of 250 bytes, each handled in its own scope. */
async function batch(): Promise<void> {
  const order = JSON.stringify({
    orderId: 'o-123456',
    userId: 'u-1',
    items: [{ sku: 'pizza', count: 2, cents: 1250 }],
    note: 'x'.repeat(150),
  })
  const record = (token: string | undefined, index: number): object => {
    const text = token === undefined ? order : `${order.slice(0, -1)},"_waybill":"${token}"}`
    return {
      eventSource: 'aws:kinesis',
      eventID: `shardId-0:${index}`,
      kinesis: { sequenceNumber: String(index), partitionKey: 'p', data: Buffer.from(text).toString('base64') },
    }
  }
  const records = (token: (index: number) => string | undefined): { Records: object[] } => ({
    Records: Array.from({ length: 10_000 }, (_, index) => record(token(index), index)),
  })
  const read = (one: { kinesis: { data: string } }): number => one.kinesis.data.length
  const onRecord = withRecordScope((one: { kinesis: { data: string } }) =>
    flags.get('checkout-step-3') ? read(one) : 0,
  )
  const ours = withHonouredDecisions(
    async (event: { Records: object[] }) => {
      for (const one of event.Records) await onRecord(one as never)
    },
    { flags, keys },
  )
  const plain = async (event: { Records: object[] }): Promise<void> => {
    for (const one of event.Records) await Promise.resolve(read(one as never))
  }
  const fresh = records((index) => freshTokens[index])
  const repeated = records((index) => freshTokens[index % 100])
  const operations = 10_000
  const rows = await measure(
    [
      { name: 'a loop that reads each record', run: () => plain(fresh), operations },
      { name: 'Waybill, every record with a token of its own', run: () => ours(fresh), operations },
      { name: 'Waybill, 100 tokens in the batch', run: () => ours(repeated), operations },
    ],
    { timeMs: 4000, block: 1 },
  )
  print('Kinesis batch of 10,000, per record', rows)
  compare('own tokens', us(rows, 1), 6)
  compare('100 tokens', us(rows, 2), 6)
}

function us(rows: readonly Measured[], index: number): number {
  return rows[index]?.us ?? Number.NaN
}

function print(title: string, rows: readonly Measured[]): void {
  console.log(`\n${title}`)
  const first = us(rows, 0)
  for (const { name, us: each } of rows) {
    console.log(`  ${name.padEnd(52)} ${each.toFixed(2).padStart(8)} us ${`x${(each / first).toFixed(2)}`.padStart(8)}`)
  }
}

function compare(what: string, each: number, aim: number): void {
  console.log(`  -> ${what}: ${each.toFixed(2)} us, aim ${aim}${each <= aim ? '' : '  MISSED'}`)
}
