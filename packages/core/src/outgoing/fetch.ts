import { HEADER } from '../carriers/carrier.ts'
import { WaybillError } from '../errors.ts'
import { ambientScope } from '../scope.ts'

export interface StampFetchOptions {
  /** Who gets the token: exact origins (`https://prices.internal`) or expressions tested against the whole URL. */
  readonly propagateTo: readonly (string | RegExp)[]
}

type Fetch = typeof globalThis.fetch

/** RFC 9110 section 15.4; the Fetch standard stops after twenty. */
const REDIRECTS = new Set([301, 302, 303, 307, 308])
const MAX_REDIRECTS = 20
/** API Gateway takes 10,240 bytes of request line and headers; a token has its default budget of them. */
const ROOM_BYTES = 2048

/**
 * Wraps a `fetch`: requests to the named targets carry the current token in `x-waybill`, all others go as they were. A
 * redirect is followed here, since `fetch` itself would hand the header on to wherever it leads: the target of each hop
 * is checked anew. A header that the caller set stays. Throws `bad_option` for what is no origin.
 *
 * @example
 * ```ts
 * const fetch = stampFetch(globalThis.fetch, { propagateTo: ['https://prices.internal'] })
 * await fetch('https://prices.internal/quote') // with x-waybill
 * ```
 */
export function stampFetch(fetch: Fetch, options: StampFetchOptions): Fetch {
  const targets = checked(options?.propagateTo)
  const allowed = (url: URL): boolean =>
    targets.some((target) => (typeof target === 'string' ? target === url.origin : target.test(url.href)))

  return async (input, init) => {
    const stamper = ambientScope()?.stamper()
    const url = urlOf(input)
    if (!stamper?.carries() || url === undefined || !allowed(url)) return fetch(input, init)
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined))
    if (headers.has(HEADER)) {
      stamper.count('already_stamped')
      return fetch(input, init)
    }
    const token = stamper.tokenFor(ROOM_BYTES)
    if (token === undefined) return fetch(input, init)
    headers.set(HEADER, token)
    const redirect = init?.redirect ?? (input instanceof Request ? input.redirect : 'follow')
    if (redirect !== 'follow') return fetch(input, { ...init, headers })
    return follow(fetch, input, { ...init, headers }, url, allowed)
  }
}

async function follow(
  fetch: Fetch,
  input: Parameters<Fetch>[0],
  init: RequestInit,
  from: URL,
  allowed: (url: URL) => boolean,
): Promise<Response> {
  // A Request's body can be read once: a copy is kept for a redirect that asks for it again (307, 308).
  const spare = input instanceof Request && input.body !== null ? input.clone() : undefined
  let url = from
  let request = init
  let response = await fetch(input, { ...request, redirect: 'manual' })
  for (let hops = 0; REDIRECTS.has(response.status); hops += 1) {
    const next = locationOf(response, url)
    if (next === undefined) return response
    await response.body?.cancel()
    if (hops === MAX_REDIRECTS) throw new TypeError('fetch failed', { cause: new Error('redirect count exceeded') })
    request = redirected(response.status, next, url, request, input, spare)
    url = next
    if (!allowed(url)) {
      const headers = new Headers(request.headers)
      headers.delete(HEADER)
      // From here on nothing of ours is in the request: what follows is fetch's own affair.
      response = await fetch(url, { ...request, headers, redirect: 'follow' })
      break
    }
    response = await fetch(url, { ...request, redirect: 'manual' })
  }
  if (url !== from) Object.defineProperty(response, 'redirected', { value: true })
  return response
}

/** The next request, as the Fetch standard makes it: https://fetch.spec.whatwg.org/#http-redirect-fetch */
function redirected(
  status: number,
  next: URL,
  from: URL,
  request: RequestInit,
  input: Parameters<Fetch>[0],
  spare: Request | undefined,
): RequestInit {
  const method = (request.method ?? (input instanceof Request ? input.method : 'GET')).toUpperCase()
  const headers = new Headers(request.headers)
  const body = request.body ?? spare?.body ?? null
  const toGet = status === 303 ? method !== 'GET' && method !== 'HEAD' : status < 303 && method === 'POST'
  if (next.origin !== from.origin)
    for (const name of ['authorization', 'cookie', 'host', 'proxy-authorization']) headers.delete(name)
  if (!toGet) return { ...request, method, headers, ...(body === null ? {} : { body, duplex: 'half' as const }) }
  for (const name of ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length']) {
    headers.delete(name)
  }
  const { body: _, ...rest } = request
  return { ...rest, method: 'GET', headers }
}

function locationOf(response: Response, base: URL): URL | undefined {
  const location = response.headers.get('location')
  if (location === null) return undefined
  const next = URL.parse(location, base.href)
  if (next === null || !/^https?:$/.test(next.protocol)) {
    throw new TypeError('fetch failed', { cause: new Error(`bad redirect to ${location}`) })
  }
  return next
}

function urlOf(input: Parameters<Fetch>[0]): URL | undefined {
  return URL.parse(input instanceof Request ? input.url : String(input)) ?? undefined
}

function checked(propagateTo: readonly (string | RegExp)[] | undefined): readonly (string | RegExp)[] {
  if (!Array.isArray(propagateTo))
    throw new WaybillError('bad_option', 'stampFetch: "propagateTo" must be a list of origins')
  for (const target of propagateTo) {
    if (target instanceof RegExp) continue
    const origin = URL.parse(String(target))?.origin
    if (origin !== target) {
      const hint = origin === undefined || origin === 'null' ? 'such as "https://prices.internal"' : `"${origin}"?`
      throw new WaybillError('bad_option', `stampFetch: "${target}" is not an exact origin, ${hint}`)
    }
  }
  return propagateTo
}
