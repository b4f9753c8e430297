import { commonLogTime, type EdgeRequest, last, listed } from './request.ts'
import type { RouteMatch } from './route.ts'

/**
 * The Lambda proxy integration of a REST API: header names as they were sent, single and multi-value maps side by side,
 * absent parts null. Without binary media types every body is text.
 *
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
 */
export function restApiEvent(request: EdgeRequest, { route, pathParameters }: RouteMatch): object {
  const { method, path, headers, query, body, protocol, sourceIp, userAgent, requestId, timeEpoch, host } = request
  const same = (name: string): string => name
  const resource = route.path === '$default' ? '/{proxy+}' : route.path
  return {
    resource,
    path,
    httpMethod: method,
    headers: last(headers, same),
    multiValueHeaders: listed(headers, same),
    queryStringParameters: query.length === 0 ? null : last(query, same),
    multiValueQueryStringParameters: query.length === 0 ? null : listed(query, same),
    pathParameters: pathParameters ?? null,
    stageVariables: null,
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName: host,
      domainPrefix: host.split(/[.:]/)[0] ?? '',
      extendedRequestId: requestId,
      httpMethod: method,
      identity: { accessKey: null, accountId: null, caller: null, sourceIp, user: null, userAgent, userArn: null },
      path,
      protocol,
      requestId,
      requestTime: commonLogTime(timeEpoch),
      requestTimeEpoch: timeEpoch,
      resourceId: 'local',
      resourcePath: resource,
      stage: 'local',
    },
    body: body.length === 0 ? null : body.toString('utf8'),
    isBase64Encoded: false,
  }
}
