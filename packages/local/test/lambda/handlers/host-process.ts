/** A host with one idle and one busy environment; prints their process ids and waits to be killed. */
import { fileURLToPath } from 'node:url'
import { startLambdaHost } from '../../../src/lambda/host.ts'

const host = startLambdaHost({ onLog: ({ line }) => process.stdout.write(`${line}\n`) })
for (const name of ['idle', 'busy']) {
  host.deploy({ name, entry: fileURLToPath(new URL('./says-pid.mjs', import.meta.url)), timeoutMs: 600_000 })
}
await host.invoke('idle', '{}')
await host.invoke('busy', '{"spin":true}')
