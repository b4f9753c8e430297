import { type Fields, fieldsOf, HEADER, type InboundCarrier, textOf, without } from './carrier.ts'

/*
 * HTTP in. The same header on every integration; outgoing requests are stamped by `stampFetch`.
 * - REST API (payload 1.0): `headers` holds the last value, `multiValueHeaders` all of them, names as sent
 *   https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 * - HTTP API (payload 2.0): names in lower case, repeated headers joined with commas; no `httpMethod` at the top
 *   https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 * - Function URL: as payload 2.0  https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
 * - ALB: `headers`, or `multiValueHeaders` alone when the target group says so
 *   https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
 * A token holds no comma, so a joined value is never mistaken for one.
 */
export const httpInbound: InboundCarrier = {
  name: 'http',
  single: {
    recognises: (event) => {
      const context = fieldsOf(event['requestContext'])
      if (context === undefined) return false
      return 'httpMethod' in event || 'http' in context || 'elb' in context || 'headers' in event
    },
    unload: (event) => {
      const headers = fieldsOf(event['headers'])
      const multi = fieldsOf(event['multiValueHeaders'])
      const names = namesIn(headers)
      const multiNames = namesIn(multi)
      if (names.length + multiNames.length === 0) return { tokens: [], clean: event }
      const clean: Record<string, unknown> = { ...event }
      if (names.length > 0) clean['headers'] = strip(headers, names)
      if (multiNames.length > 0) clean['multiValueHeaders'] = strip(multi, multiNames)
      // All values stand in multiValueHeaders where there is one; `headers` then repeats the last of them.
      const all = valuesOf(multi, multiNames)
      return { tokens: all.length > 0 ? all : valuesOf(headers, names), clean }
    },
  },
}

function namesIn(headers: Fields | undefined): readonly string[] {
  const names: string[] = []
  for (const name in headers) {
    if (name.length === HEADER.length && name.toLowerCase() === HEADER) names.push(name)
  }
  return names
}

function valuesOf(headers: Fields | undefined, names: readonly string[]): readonly string[] {
  const values: string[] = []
  for (const name of names) {
    const value = headers?.[name]
    for (const one of Array.isArray(value) ? value : [value]) {
      for (const part of textOf(one)?.split(',') ?? ['']) values.push(part.trim())
    }
  }
  return values
}

function strip(headers: Fields | undefined, names: readonly string[]): Fields {
  return names.reduce<Fields>((clean, name) => without(clean, name), headers ?? {})
}
