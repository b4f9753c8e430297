import { type EdgeRequest, last, listed } from './request.ts'
import type { RouteMatch } from './route.ts'

const textTypes = /^(text\/|application\/(json|javascript|xml)\b)/i

/**
 * A load balancer's target-group event: header names in lower case, query parameters still encoded, and either single or
 * multi-value maps, never both.
 *
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
 */
export function albEvent(request: EdgeRequest, { route }: RouteMatch): object {
  const lower = (name: string): string => name.toLowerCase()
  const same = (name: string): string => name
  const headers = last(request.headers, lower)
  const encoding = headers['content-encoding']
  const text = encoding === undefined && textTypes.test(headers['content-type'] ?? 'text/plain')
  const query = request.rawQuery === '' ? [] : request.rawQuery.split('&').map(rawPair)
  return {
    requestContext: {
      elb: {
        targetGroupArn: `arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/${route.functionName}/local`,
      },
    },
    httpMethod: request.method,
    path: request.path,
    ...(route.multiValueHeaders === true
      ? { multiValueQueryStringParameters: listed(query, same), multiValueHeaders: listed(request.headers, lower) }
      : { queryStringParameters: last(query, same), headers }),
    body: request.body.toString(text ? 'utf8' : 'base64'),
    isBase64Encoded: !text && request.body.length > 0,
  }
}

function rawPair(pair: string): readonly [string, string] {
  const at = pair.indexOf('=')
  return at === -1 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
}
