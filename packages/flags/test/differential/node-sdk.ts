import * as launchDarkly from '@launchdarkly/node-server-sdk'
import type { EvaluationContext } from '@waybill/core'
import type { Snapshot } from './generate.ts'

/** Decides flags with LaunchDarkly's SDK for Node. */
export interface NodeSdk {
  /** The outcome as one text: value, index and reason. */
  readonly decide: (data: Snapshot, key: string, context: EvaluationContext) => Promise<string>
  readonly close: () => void
}

export const FALLBACK = 'fallback'

/** One text for equal outcomes. */
export function outcomeText(value: unknown, index: number | null | undefined, reason: object): string {
  return JSON.stringify([value, index ?? null, Object.entries(reason).sort()])
}

/**
 * The real client, as in daemon mode: it reads from a store, opens no connection, sends no events. `data` is revived by
 * the SDK's own hand, once for each snapshot.
 */
export async function nodeSdk(): Promise<NodeSdk> {
  const quiet = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} }
  let current: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {}
  const store = {
    get: (kind: { namespace: string }, key: string, answer: (item: unknown) => void) =>
      answer(current[kind.namespace]?.[key] ?? null),
    all: (kind: { namespace: string }, answer: (items: unknown) => void) => answer(current[kind.namespace] ?? {}),
    init: (_data: unknown, done: () => void) => done(),
    delete: (_kind: unknown, _key: string, _version: number, done: () => void) => done(),
    upsert: (_kind: unknown, _item: unknown, done: () => void) => done(),
    initialized: (answer: (isInitialized: boolean) => void) => answer(true),
    close: () => {},
  }
  const client = launchDarkly.init('no-key', {
    featureStore: store as unknown as launchDarkly.LDFeatureStore,
    useLdd: true,
    sendEvents: false,
    diagnosticOptOut: true,
    logger: quiet,
  })
  await client.waitForInitialization({ timeout: 5 })
  const revived = new WeakMap<Snapshot, typeof current>()
  return {
    decide: async (data, key, context) => {
      let items = revived.get(data)
      if (items === undefined) {
        const { flags, segments } = structuredClone(data)
        launchDarkly.reviveFullPayload({ flags, segments } as never)
        items = { features: flags, segments }
        revived.set(data, items)
      }
      current = items
      const { value, variationIndex, reason } = await client.variationDetail(
        key,
        context as launchDarkly.LDContext,
        FALLBACK,
      )
      return outcomeText(value, variationIndex, reason)
    },
    close: () => client.close(),
  }
}
