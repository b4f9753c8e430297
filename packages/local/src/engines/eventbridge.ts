import { SQSClient } from '@aws-sdk/client-sqs'
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
  /** Told of every delivery when it has ended, `error` included: a failed one is not retried. */
  readonly onDeliver?: (delivery: Delivery) => void
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
 * queues. No retries, input transformers, schedules, archives or dead-letter queues.
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
  const deliver = createDelivery({ sqs, ...options })

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
        const work = deliver(target.Arn, event, target.SqsParameters?.MessageGroupId)
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
      await idle()
      sqs.destroy()
    },
  }
}

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
