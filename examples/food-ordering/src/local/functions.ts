import { fileURLToPath } from 'node:url'
import type { FunctionOptions } from '@waybill/local'

/** Built or not: Node runs both, and the handlers lie in the same place. */
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/**
 * The functions of the order chain, with the most execution environments that each may have on one machine: the edge
 * function mostly waits for others, and a stream's consumer takes one batch of each of two shards.
 */
const ENVIRONMENTS = {
  'place-order': 4,
  'price-quote': 1,
  'fraud-check': 1,
  'accept-order': 2,
  'notify-restaurant': 1,
  'notify-user': 1,
  loyalty: 1,
} as const

export type FunctionName = keyof typeof ENVIRONMENTS

export const FUNCTION_NAMES = Object.keys(ENVIRONMENTS) as readonly FunctionName[]

/** All of them, ready to be deployed; `env` is what they need to find each other and their resources. */
export function orderFunctions(env: Readonly<Record<string, string>>): readonly FunctionOptions[] {
  return FUNCTION_NAMES.map((name) => ({
    name,
    entry: handlerPath(name),
    maxConcurrency: ENVIRONMENTS[name],
    env: { ...env, POWERTOOLS_SERVICE_NAME: name },
  }))
}

export function handlerPath(name: string): string {
  return fileURLToPath(new URL(`../handlers/${name}.${EXTENSION}`, import.meta.url))
}
