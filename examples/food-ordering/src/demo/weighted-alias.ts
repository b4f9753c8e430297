import { fileURLToPath, pathToFileURL } from 'node:url'
import { functionNameOf, type LambdaHost } from '@waybill/local'
import type { Deployment } from '../local/stack.ts'
import type { Random } from './random.ts'

const ONE_VERSION = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './one-version.ts' : './one-version.js', import.meta.url),
)

/**
 * Deploys each function as two versions behind an alias. Lambda draws the version for each invocation on its own, be it
 * a request or a batch (https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html).
 */
export function weightedAlias(
  host: LambdaHost,
  randomOf: (functionName: string) => Random,
  weightPercent: () => number,
): Deployment {
  const version = (name: string, variation: string) => `${name}-${variation}`
  // Dice of its own for each function: what one draws does not hang on when the others were invoked.
  const dice = new Map<string, Random>()
  return {
    deploy: async (fn) => {
      for (const variation of ['control', 'canary']) {
        const name = version(fn.name, variation)
        const env = { ...fn.env, BUILT_ENTRY: pathToFileURL(fn.entry).href, BUILT_VARIATION: variation }
        host.deploy({ ...fn, name, entry: ONE_VERSION, env })
        await host.warm(name)
      }
      dice.set(fn.name, randomOf(fn.name))
    },
    front: {
      ...host,
      invoke: (name, ...rest) => {
        const functionName = functionNameOf(name)
        const drawn = (dice.get(functionName)?.() ?? 1) * 100 < weightPercent() ? 'canary' : 'control'
        return host.invoke(version(functionName, drawn), ...rest)
      },
    },
  }
}
