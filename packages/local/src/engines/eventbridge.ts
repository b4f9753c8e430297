import { SQSClient } from '@aws-sdk/client-sqs'
import { pause } from '../pause.ts'
import { createDelivery, type InvokeLambda } from './event-delivery.ts'
import { type EventPattern, matchesEvent, parseEventPattern } from './event-pattern.ts'
import { type JsonObject, ServiceError, startJsonServer } from './json-protocol.ts'
import { LOCAL_ACCOUNT, LOCAL_REGION } from './loopback.ts'
import { checkPutEvents, type EventEnvelope, envelopeOf } from './put-events.ts'

export interface StartEventBridgeOptions {
  /** Runs a function for targets whose ARN is a function's. */
  readonly invokeLambda?: InvokeLambda
  /** Where targets that are queues live. */
  readonly sqsEndpoint?: string
  /** Told of every delivery when it has ended, `error` included: one that failed to the last attempt. */
  readonly onDeliver?: (delivery: Delivery) => void
  /** Repeats of a delivery that its target did not take. Default 2; EventBridge's own is 185, over 24 hours. */
  readonly maximumRetryAttempts?: number
  /** Wait before the first repeat, doubled each time up to 16-fold. Default 50. */
  readonly retryIntervalMs?: number
  /** Milliseconds since the epoch. */
  readonly clock?: () => number
}

export interface Delivery {
  readonly rule: string
  readonly targetArn: string
  readonly event: EventEnvelope
  readonly error?: unknown
}

export interface EventBridge {
  readonly endpoint: string
  /** Resolves when every event accepted so far was delivered to its targets, or failed. */
  idle(): Promise<void>
  /** Stops accepting events and waits for the deliveries under way. */
  close(): Promise<void>
}

interface Target {
  readonly Id: string
  readonly Arn: string
  readonly SqsParameters?: { readonly MessageGroupId?: string }
}

interface Rule {
  readonly bus: string
  readonly name: string
  readonly pattern: EventPattern
  readonly enabled: boolean
  readonly targets: Map<string, Target>
}

/**
 * Starts a stand-in for EventBridge on loopback: buses, rules with event patterns, and targets that are functions or
 * queues. No input transformers, schedules, archives or dead-letter queues. A delivery that fails is repeated, which on AWS
 * is EventBridge's part for a target that cannot be reached, and Lambda's for a function that fails.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
 *
 * @example
 * const events = await startEventBridge({ sqsEndpoint: messaging.endpoint })
 * new EventBridgeClient({ endpoint: events.endpoint })
 */
export async function startEventBridge(options: StartEventBridgeOptions = {}): Promise<EventBridge> {
  const clock = options.clock ?? Date.now
  const buses = new Set(['default'])
  const rules = new Map<string, Rule>()
  const pending = new Set<Promise<void>>()
  const sqs = new SQSClient({
    ...(options.sqsEndpoint === undefined ? {} : { endpoint: options.sqsEndpoint }),
    region: LOCAL_REGION,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })
  const { maximumRetryAttempts = 2, retryIntervalMs = 50 } = options
  const deliverOnce = createDelivery({ sqs, ...options })
  // Waits for repeats end when the engine closes.
  const closing = new AbortController()

  async function deliver(target: Target, event: EventEnvelope): Promise<void> {
    for (let repeats = 0; ; repeats++) {
      try {
        return await deliverOnce(target.Arn, event, target.SqsParameters?.MessageGroupId)
      } catch (error) {
        if (repeats >= maximumRetryAttempts || closing.signal.aborted) throw error
        await pause(retryIntervalMs * 2 ** Math.min(repeats, RETRY_DOUBLINGS), closing.signal)
      }
    }
  }

  function findRule(input: JsonObject, nameField: 'Rule' | 'Name'): Rule {
    const name = String(input[nameField])
    const rule = rules.get(ruleKey(busName(input['EventBusName']), name))
    if (rule === undefined) throw new ServiceError('ResourceNotFoundException', `Rule ${name} does not exist.`)
    return rule
  }

  function route(event: EventEnvelope, bus: string): void {
    for (const rule of rules.values()) {
      if (rule.bus !== bus || !rule.enabled || !matchesEvent(rule.pattern, event)) continue
      for (const target of rule.targets.values()) {
        const delivery = { rule: rule.name, targetArn: target.Arn, event }
        const work = deliver(target, event)
          .then(
            () => options.onDeliver?.(delivery),
            (error: unknown) => options.onDeliver?.({ ...delivery, error }),
          )
          .finally(() => pending.delete(work))
        pending.add(work)
      }
    }
  }

  const server = await startJsonServer({
    service: 'AWSEvents',
    version: '1.1',
    operations: {
      CreateEventBus(input) {
        const name = String(input['Name'])
        if (buses.has(name))
          throw new ServiceError('ResourceAlreadyExistsException', `Event bus ${name} already exists.`)
        buses.add(name)
        return { EventBusArn: `arn:aws:events:${LOCAL_REGION}:${LOCAL_ACCOUNT}:event-bus/${name}` }
      },
      PutRule(input) {
        const name = String(input['Name'])
        const bus = busName(input['EventBusName'])
        if (!buses.has(bus)) throw new ServiceError('ResourceNotFoundException', `Event bus ${bus} does not exist.`)
        const key = ruleKey(bus, name)
        const pattern = readPattern(input['EventPattern'])
        const targets = rules.get(key)?.targets ?? new Map<string, Target>()
        rules.set(key, { bus, name, pattern, enabled: input['State'] !== 'DISABLED', targets })
        const path = bus === 'default' ? name : `${bus}/${name}`
        return { RuleArn: `arn:aws:events:${LOCAL_REGION}:${LOCAL_ACCOUNT}:rule/${path}` }
      },
      DeleteRule(input) {
        const rule = findRule(input, 'Name')
        if (rule.targets.size > 0) {
          throw new ServiceError('ValidationException', "Rule can't be deleted since it has targets.")
        }
        rules.delete(ruleKey(rule.bus, rule.name))
      },
      PutTargets(input) {
        const rule = findRule(input, 'Rule')
        const targets = input['Targets'] as readonly Target[]
        for (const target of targets) checkTarget(target)
        for (const target of targets) rule.targets.set(target.Id, target)
        return { FailedEntryCount: 0, FailedEntries: [] }
      },
      RemoveTargets(input) {
        const rule = findRule(input, 'Rule')
        for (const id of input['Ids'] as readonly string[]) rule.targets.delete(id)
        return { FailedEntryCount: 0, FailedEntries: [] }
      },
      PutEvents(input) {
        const entries = input['Entries']
        checkPutEvents(entries)
        const results = entries.map((entry) => {
          const made = envelopeOf(entry, clock())
          if (!('id' in made)) return made
          route(made, busName(entry.EventBusName))
          return { EventId: made.id }
        })
        return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results }
      },
    },
  })

  async function idle(): Promise<void> {
    while (pending.size > 0) await Promise.all(pending)
  }

  return {
    endpoint: server.endpoint,
    idle,
    async close() {
      await server.close()
      closing.abort()
      await idle()
      sqs.destroy()
    },
  }
}

/** The most doublings of the wait before a repeat. */
const RETRY_DOUBLINGS = 4

/** A bus may be named by its ARN. */
function busName(name: unknown): string {
  return name === undefined ? 'default' : String(name).replace(/^arn:.*:event-bus\//, '')
}

function ruleKey(bus: string, name: string): string {
  return `${bus}/${name}`
}

function readPattern(pattern: unknown): EventPattern {
  if (typeof pattern !== 'string')
    throw new ServiceError('ValidationException', 'Only rules with an EventPattern are emulated.')
  try {
    return parseEventPattern(pattern)
  } catch (error) {
    throw new ServiceError('InvalidEventPatternException', `Event pattern is not valid. Reason: ${String(error)}`)
  }
}

const EMULATED_FIELDS = new Set(['Id', 'Arn', 'SqsParameters', 'RoleArn'])

function checkTarget(target: Target): void {
  if (!/^arn:aws:(lambda|sqs):/.test(target.Arn)) {
    throw new ServiceError(
      'ValidationException',
      `The target ${target.Arn} is neither a function nor a queue: not emulated.`,
    )
  }
  const foreign = Object.keys(target).find((field) => !EMULATED_FIELDS.has(field))
  if (foreign !== undefined) throw new ServiceError('ValidationException', `A target's ${foreign} is not emulated.`)
}
