import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { holds, renderLoad } from './report.ts'
import { runLoad } from './run-load.ts'

const HELP = `Puts the order chain under load while its engines and functions fail, and checks what came of each order.

Usage: .ci/soak load [options]

  --minutes N   how long the storm lasts                   (default 3)
  --rate N      orders a second                            (default 15)
  --users N     users who place them                       (default 200)
  --batch N     records of the big batch, 1 to 10000       (default 10000)
  --seed N      seed of everything random here             (default: drawn, and printed)
  --logs DIR    keeps what each function wrote
`

process.exitCode = await main(process.argv.slice(2))

/** Exit codes: 0 when all held, 1 when not, 2 for a wrong option. */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '3' },
      rate: { type: 'string', default: '15' },
      users: { type: 'string', default: '200' },
      batch: { type: 'string', default: '10000' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
      logs: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const [minutes = 0, rate = 0, users = 0, batch = 0, seed = 0] = [
    values.minutes,
    values.rate,
    values.users,
    values.batch,
    values.seed,
  ].map(Number)
  if (!(minutes > 0 && rate > 0 && users >= 1 && batch >= 1 && batch <= 10_000 && seed >= 0)) {
    process.stderr.write(HELP)
    return 2
  }
  const startedMs = performance.now()
  const say = (line: string): void => {
    process.stdout.write(`${String(Math.round((performance.now() - startedMs) / 1000)).padStart(5)} s  ${line}\n`)
  }
  say(`seed ${seed}, ${minutes} minutes, ${rate} orders a second`)
  const result = await runLoad({
    seed,
    durationMs: minutes * 60_000,
    ratePerSecond: rate,
    users,
    batchRecords: batch,
    timeoutMs: 3000,
    visibilityTimeoutSeconds: 5,
    moveEveryMs: 300,
    drainLimitMs: 20 * 60_000,
    downMs: [200, 2500],
    upMs: [1000, 5000],
    faultEveryMs: [500, 2500],
    progress: say,
    ...(values.logs === undefined ? {} : { logsTo: resolve(values.logs) }),
  })
  say('done')
  process.stdout.write(`\n${renderLoad(result)}\n`)
  return holds(result) ? 0 : 1
}
