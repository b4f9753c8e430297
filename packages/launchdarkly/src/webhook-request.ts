import { createHmac, timingSafeEqual } from 'node:crypto'

/** What API Gateway (REST and HTTP), function URLs and load balancers have in common. */
export interface WebhookRequest {
  readonly headers?: Readonly<Record<string, string | undefined>> | null
  /** All that a load balancer sends when it is set to multi-value headers. */
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[] | undefined>> | null
  readonly body?: string | null
  readonly isBase64Encoded?: boolean
}

/** The body as it was sent, byte by byte: what was signed. */
export function rawBody({ body, isBase64Encoded }: WebhookRequest): Buffer {
  return Buffer.from(body ?? '', isBase64Encoded === true ? 'base64' : 'utf8')
}

const SIGNATURE_HEADER = 'x-ld-signature'
const SHA256_HEX = /^[0-9a-f]{64}$/i

/**
 * Whether the body was signed with the secret: https://launchdarkly.com/docs/home/infrastructure/webhooks#sign-a-webhook.
 * Two different signatures are none.
 */
export function isSigned(request: WebhookRequest, secret: string): boolean {
  const signature = signatureOf(request)
  const expected = createHmac('sha256', secret).update(rawBody(request)).digest()
  const given = Buffer.from(signature !== undefined && SHA256_HEX.test(signature) ? signature : '', 'hex')
  // Without this timingSafeEqual throws. The length of what was given is no secret.
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function signatureOf({ headers, multiValueHeaders }: WebhookRequest): string | undefined {
  const found = new Set<string>()
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (name.toLowerCase() === SIGNATURE_HEADER && value !== undefined) found.add(value.trim())
  }
  for (const [name, values] of Object.entries(multiValueHeaders ?? {})) {
    if (name.toLowerCase() === SIGNATURE_HEADER) for (const value of values ?? []) found.add(value.trim())
  }
  const [only] = found
  return found.size === 1 ? only : undefined
}

/** An entry of LaunchDarkly's audit log, as far as it is looked at: https://launchdarkly.com/docs/api/webhooks */
export interface WebhookEvent {
  readonly kind?: string
  readonly accesses?: readonly { readonly action?: string; readonly resource?: string }[]
  readonly [field: string]: unknown
}

export function webhookEvent(request: WebhookRequest): WebhookEvent | undefined {
  try {
    const event: unknown = JSON.parse(rawBody(request).toString('utf8'))
    return typeof event === 'object' && event !== null ? (event as WebhookEvent) : undefined
  } catch {
    return undefined
  }
}

/** Kinds of what is no part of flag data. Whatever is not named here may change a flag: a sync too many is cheap. */
const NO_FLAG_DATA: ReadonlySet<string> = new Set([
  'account',
  'code-reference-repository',
  'destination',
  'domain-verification',
  'goal',
  'integration',
  'member',
  'metric',
  'metric-group',
  'relay-proxy-config',
  'role',
  'service-token',
  'team',
  'template',
  'token',
  'user',
  'webhook',
])

/** What decides by default whether an event starts a sync. */
export function mayChangeFlags(event: WebhookEvent): boolean {
  return typeof event.kind !== 'string' || !NO_FLAG_DATA.has(event.kind)
}
