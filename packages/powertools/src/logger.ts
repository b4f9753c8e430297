import type { Logger } from '@aws-lambda-powertools/logger'
import { type ObservedScope, type Observer, observedScope } from '@waybill/core'

export interface VariationLogsOptions {
  /** The logger that the function uses. */
  readonly logger: Logger
  /** The key under which each line has the variations, by flag. Default `feature_flags`. */
  readonly key?: string
}

export interface VariationLogs extends Observer {
  /**
   * The logger to use where this is called: in a record's handler a child with that record's variations, anywhere else the
   * one that was given. Records run at the same time, so their keys are never on the shared one.
   */
  loggerFor(): Logger
}

/**
 * Puts the variation of each flag declared `observe` onto all log lines of an invocation:
 * `"feature_flags":{"new-order-flow":"canary"}`. Lines of a record's handler have them where `loggerFor()` writes them.
 *
 * @example
 * ```ts
 * const logs = variationLogs({ logger: new Logger({ serviceName: 'orders' }) })
 * const onRecord = withRecordScope(async (_record: { body: string }) => logs.loggerFor().info('handled'))
 * const handler = withHonouredDecisions(async (event: { Records: { body: string }[] }) => {
 *   await Promise.all(event.Records.map((record) => onRecord(record)))
 * }, { flags, keys, observers: [logs] })
 * ```
 */
export function variationLogs({ logger, key = 'feature_flags' }: VariationLogsOptions): VariationLogs {
  const children = new WeakMap<ObservedScope, Logger>()
  return {
    begin: (scope) => {
      if (scope.kind !== 'invocation') return
      const variations = variationsOf(scope)
      if (variations !== undefined) logger.appendKeys({ [key]: variations })
    },
    end: ({ scope }) => {
      if (scope.kind === 'invocation') logger.removeKeys([key])
    },
    loggerFor: () => {
      const scope = observedScope()
      if (scope?.kind !== 'record') return logger
      let child = children.get(scope)
      if (child === undefined) {
        child = logger.createChild()
        const variations = variationsOf(scope)
        if (variations !== undefined) child.appendKeys({ [key]: variations })
        children.set(scope, child)
      }
      return child
    },
  }
}

function variationsOf(scope: ObservedScope): Readonly<Record<string, string>> | undefined {
  const decisions = scope.observed()
  if (decisions.length === 0) return undefined
  return Object.fromEntries(decisions.map(({ flag, variation }) => [flag, variation]))
}
