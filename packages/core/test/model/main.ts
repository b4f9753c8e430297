import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { numberFrom } from '../fuzz/random.ts'
import { runChain } from './chain.ts'
import { explanation, type ModelReport, planOf, runModel } from './run-model.ts'

/*
 * The full run: `.ci/soak model`. Ends with exit code 1 if a chain did anything that the model does not explain.
 * WAYBILL_MODEL_SEED replays a run; `--chain n` runs one chain of it and prints all that it does.
 */
const { values } = parseArgs({
  options: {
    chains: { type: 'string', default: '200000' },
    from: { type: 'string', default: '0' },
    workers: { type: 'string', default: String(availableParallelism()) },
    chain: { type: 'string' },
  },
})

/** What one worker does: every so many chains, so that all end at about the same time. */
interface Share {
  readonly seed: number
  readonly from: number
  readonly chains: number
}
type Told = Pick<ModelReport, 'chains' | 'messages' | 'handled' | 'explained'> & {
  readonly failures: readonly string[]
}

const BATCH = 500

if (isMainThread) process.exitCode = await all()
else parentPort?.postMessage(await one(workerData as Share))

async function one({ seed, from, chains }: Share): Promise<Told> {
  const { failures, ...counts } = await runModel(seed, chains, from)
  const told: string[] = []
  for (const failure of failures) told.push(await explanation(failure, seed))
  return { ...counts, failures: told }
}

async function all(): Promise<number> {
  const seed = numberFrom('WAYBILL_MODEL_SEED', Date.now() % 1_000_000_000)
  if (values.chain !== undefined) {
    const { trace, violations } = await runChain(planOf(seed, Number(values.chain)), true)
    console.log([...trace, ...violations.map(({ kind, what }) => `${kind}: ${what}`)].join('\n'))
    return violations.length > 0 ? 1 : 0
  }
  const [from, chains, workers] = [Number(values.from), Number(values.chains), Number(values.workers)]
  const startMs = performance.now()
  const sum = { chains: 0, messages: 0, handled: 0 }
  const befell: Record<string, number> = {}
  const failures: string[] = []
  let next = from
  const work = async (): Promise<void> => {
    while (next < from + chains && failures.length === 0) {
      const share = { seed, from: next, chains: Math.min(BATCH, from + chains - next) }
      next += BATCH
      const told = await inWorker(share)
      sum.chains += told.chains
      sum.messages += told.messages
      sum.handled += told.handled
      for (const [code, by] of Object.entries(told.explained)) befell[code] = (befell[code] ?? 0) + by
      failures.push(...told.failures)
      if (((next - from) / BATCH) % 40 === 0) console.log(`  ${Math.min(next - from, chains)} chains begun`)
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  const seconds = (performance.now() - startMs) / 1000
  const rate = Math.round(sum.chains / seconds)
  console.log(`${sum.chains} chains, ${sum.messages} messages, handled ${sum.handled} times: ${seconds.toFixed(0)} s,`)
  console.log(`${rate} chains a second with ${workers} workers, seed ${seed}`)
  console.log(`what befell them, each counted as the model says: ${JSON.stringify(befell)}`)
  for (const failure of failures.slice(0, 3)) console.error(`VIOLATION ${failure}`)
  console.log(failures.length === 0 ? 'model: every decision and every count is explained' : 'model: FAILED')
  return failures.length === 0 ? 0 : 1
}

function inWorker(share: Share): Promise<Told> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: share, argv: process.argv.slice(2) })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}
