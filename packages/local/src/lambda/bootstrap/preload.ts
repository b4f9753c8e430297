/**
 * Loaded with `--import` before AWS's runtime interface client, in the main thread and in each of its worker threads.
 *
 * It swaps the client's native addon for `runtime-client`, points its handler look-up at the deployed file (whatever
 * its extension), and ends the process when the host is gone.
 */
import { registerHooks } from 'node:module'
import { basename, extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isMainThread } from 'node:worker_threads'

const nativeClient = './rapid-client.node'
const runtimeClient = new URL(
  import.meta.url.endsWith('.ts') ? './runtime-client.ts' : './runtime-client.js',
  import.meta.url,
)

const taskRoot = process.env['LAMBDA_TASK_ROOT'] ?? ''
const entry = process.env['WAYBILL_LOCAL_ENTRY'] ?? ''
const exportName = process.env['WAYBILL_LOCAL_HANDLER'] ?? 'handler'

const hooks = registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier === nativeClient) {
      return {
        url: runtimeClient.href,
        format: runtimeClient.href.endsWith('.ts') ? 'module-typescript' : 'module',
        shortCircuit: true,
      }
    }
    // `_HANDLER` is `.<export>`, so the client asks for the task root itself: the one path that surely exists.
    if (specifier === taskRoot && context.parentURL?.includes('/aws-lambda-ric/')) {
      hooks.deregister()
      process.env['_HANDLER'] = `${basename(entry, extname(entry))}.${exportName}`
      return nextResolve(pathToFileURL(entry).href, context)
    }
    return nextResolve(specifier, context)
  },
})

if (isMainThread) {
  // The host holds the other end of stdin. It closes even when the host is killed by SIGKILL, and takes the whole
  // process group (whatever the handler spawned) with it.
  process.stdin.on('end', endGroup).on('error', endGroup).resume()
  // Unreferenced: under Managed Instances the main thread must still end when its workers have.
  const stdin: { readonly unref?: () => void } = process.stdin
  stdin.unref?.()
}

function endGroup(): void {
  try {
    process.kill(-process.pid, 'SIGKILL')
  } catch {
    process.exit(1)
  }
}
