import type { RolloutFlag } from '@waybill/dashboards'
import { type Command, InvalidArgumentError } from 'commander'

/** What was measured, as the command line says it. */
export interface ScopeOptions {
  readonly service: readonly string[]
  readonly flag: readonly RolloutFlag[]
  readonly namespace?: string
}

/** Adds the options that say which metrics there are. */
export function onMetrics(command: Command): Command {
  return command
    .requiredOption('--service <name>', 'a service that emits metrics; once for each', gathered(String))
    .requiredOption(
      '--flag <flag=canary:control>',
      'an observed flag, and its two variations where they are not called so; once for each',
      gathered(rolloutFlag),
    )
    .option('--namespace <name>', 'CloudWatch namespace of the metrics (default: FeatureFlags)')
}

export function scopeOf({ service, flag, namespace }: ScopeOptions): {
  readonly services: readonly string[]
  readonly flags: readonly RolloutFlag[]
  readonly namespace?: string
} {
  return { services: service, flags: flag, ...(namespace === undefined ? {} : { namespace }) }
}

function gathered<T>(one: (text: string) => T): (text: string, before?: readonly T[]) => readonly T[] {
  return (text, before = []) => [...before, one(text)]
}

function rolloutFlag(text: string): RolloutFlag {
  const cut = text.lastIndexOf('=')
  if (cut === -1) return { flag: text, canary: 'canary', control: 'control' }
  const [canary, control, ...more] = text.slice(cut + 1).split(':')
  if (!canary || !control || more.length > 0) {
    throw new InvalidArgumentError('It must be a flag, or flag=canary:control with the names of its variations.')
  }
  return { flag: text.slice(0, cut), canary, control }
}
