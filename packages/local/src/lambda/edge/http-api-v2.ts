import { commonLogTime, type EdgeRequest, joined } from './request.ts'
import type { RouteMatch } from './route.ts'

const accountId = '000000000000'
const textTypes = /^(text\/|application\/(json|javascript|xml|[\w.-]+\+(json|xml)))/i

/**
 * Payload format 2.0: header names in lower case, repeated values joined by commas, cookies in a list of their own,
 * absent parts left out.
 *
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function httpApiEvent(request: EdgeRequest, { route, pathParameters }: RouteMatch): object {
  const routeKey = route.path === '$default' ? '$default' : `${route.method.toUpperCase()} ${route.path}`
  return {
    ...payloadFormat2(request, routeKey, {
      accountId,
      apiId: 'local',
      domainName: request.host,
      domainPrefix: request.host.split(/[.:]/)[0] ?? '',
    }),
    ...(pathParameters === undefined ? {} : { pathParameters }),
  }
}

/** https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads */
export function functionUrlEvent(request: EdgeRequest): object {
  return payloadFormat2(request, '$default', {
    accountId: 'anonymous',
    apiId: 'local',
    domainName: request.host,
    domainPrefix: request.host.split(/[.:]/)[0] ?? '',
  })
}

interface Domain {
  readonly accountId: string
  readonly apiId: string
  readonly domainName: string
  readonly domainPrefix: string
}

function payloadFormat2(request: EdgeRequest, routeKey: string, domain: Domain): object {
  const { method, path, rawQuery, protocol, sourceIp, userAgent, body, requestId, timeEpoch } = request
  const cookies = request.headers.filter(([name]) => name.toLowerCase() === 'cookie')
  const headers = joined(
    request.headers.filter(([name]) => name.toLowerCase() !== 'cookie'),
    (name) => name.toLowerCase(),
  )
  return {
    version: '2.0',
    routeKey,
    rawPath: path,
    rawQueryString: rawQuery,
    ...(cookies.length === 0 ? {} : { cookies: cookies.flatMap(([, value]) => value.split(/;\s*/)) }),
    headers,
    ...(request.query.length === 0 ? {} : { queryStringParameters: joined(request.query, (name) => name) }),
    requestContext: {
      ...domain,
      http: { method, path, protocol, sourceIp, userAgent },
      requestId,
      routeKey,
      stage: '$default',
      time: commonLogTime(timeEpoch),
      timeEpoch,
    },
    ...encodedBody(body, headers['content-type']),
  }
}

function encodedBody(body: Buffer, contentType: string | undefined): { body?: string; isBase64Encoded: boolean } {
  if (body.length === 0) return { isBase64Encoded: false }
  // Forms are binary to an HTTP API as well.
  const text = contentType === undefined || textTypes.test(contentType)
  return text
    ? { body: body.toString('utf8'), isBase64Encoded: false }
    : { body: body.toString('base64'), isBase64Encoded: true }
}
