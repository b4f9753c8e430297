import { launchDarklySync, type SyncOptions } from './sync.ts'
import { type RemainingTime, timeLeftMs } from './sync-handler.ts'
import type { SyncFailure, SyncReport } from './sync-report.ts'
import { type TextSource, textFrom } from './text-source.ts'
import { isSigned, mayChangeFlags, type WebhookEvent, type WebhookRequest, webhookEvent } from './webhook-request.ts'

export interface WebhookOptions extends SyncOptions {
  /** What LaunchDarkly signs with. Default: the environment variable `LAUNCHDARKLY_WEBHOOK_SECRET`. Never logged. */
  readonly secret?: TextSource
  /** Whether an event is worth a sync. Default: unless its kind is of what is no part of flag data (members, tokens, …). */
  readonly changesFlags?: (event: WebhookEvent) => boolean
}

export interface WebhookResponse {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly isBase64Encoded: false
}

export type WebhookHandler = (request: WebhookRequest, context?: RemainingTime) => Promise<WebhookResponse>

/** LaunchDarkly repeats a delivery once that was not answered with 2xx; the schedule does the rest. */
const STATUS: Readonly<Record<'synced' | SyncFailure, number>> = {
  synced: 200,
  launchdarkly_refused: 502,
  launchdarkly_bad_answer: 502,
  launchdarkly_timeout: 504,
  store_unavailable: 502,
  store_timeout: 504,
  busy: 504,
  sdk_key_unavailable: 500,
}

/**
 * A Lambda handler for LaunchDarkly's webhooks, behind API Gateway, a function URL or a load balancer. A webhook says that
 * something changed, not what, and comes late, twice or never: it only starts a sync. Answers 401 to what is not signed with
 * the secret, without a word why; 200 at once to an event that changes no flag; else what the sync changed, or its code with
 * 500, 502 or 504. Never rejects; throws `bad_option` at set-up.
 *
 * @example
 * ```ts
 * export const handler = webhookHandler({ secret: () => getSecret('launchdarkly-webhook'), sdkKey: 'sdk-…', store })
 * ```
 */
export function webhookHandler(options: WebhookOptions): WebhookHandler {
  const { changesFlags = mayChangeFlags, log = console.log } = options
  const loadSecret = textFrom("the webhook's secret", options.secret, 'LAUNCHDARKLY_WEBHOOK_SECRET')
  const sync = launchDarklySync(options)
  let isRefusalSaid = false

  const refuse = (): WebhookResponse => {
    // Once: whoever guesses is not to fill the log, and an operator with a wrong secret is to see it.
    if (!isRefusalSaid) log(complaint('webhook_refused', 'a webhook was not signed with the secret'))
    isRefusalSaid = true
    return answer(401, { code: 'unauthorized' })
  }

  return async (request, context) => {
    const secret = await loadSecret().catch(() => undefined)
    if (secret === undefined) {
      log(complaint('webhook_secret_unavailable', "the webhook's secret could not be loaded"))
      return answer(500, { code: 'secret_unavailable' })
    }
    if (!isSigned(request, secret)) return refuse()
    const event = webhookEvent(request)
    if (event !== undefined && !isWorthIt(event, changesFlags)) return answer(200, { code: 'nothing_to_do' })
    return answerTo(await sync(timeLeftMs(context)))
  }
}

/** A filter that fails lets through. */
function isWorthIt(event: WebhookEvent, changesFlags: (event: WebhookEvent) => boolean): boolean {
  try {
    return changesFlags(event)
  } catch {
    return true
  }
}

/** The message stays in the log: it may name hosts and tables. */
function answerTo({ message: _logged, ...said }: SyncReport): WebhookResponse {
  return answer(STATUS[said.code], said)
}

function answer(statusCode: number, body: object): WebhookResponse {
  return {
    statusCode,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    isBase64Encoded: false,
  }
}

function complaint(code: string, message: string): string {
  return JSON.stringify({ level: 'WARN', message: `waybill: ${message}`, code: `launchdarkly_${code}` })
}
