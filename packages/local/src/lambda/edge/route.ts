/** How an HTTP request becomes an event. */
export type EdgeKind = 'http-api-v2' | 'rest-v1' | 'alb' | 'function-url'

export interface EdgeRoute {
  /** `GET`, `POST`, ... or `ANY`. */
  readonly method: string
  /** `/orders`, `/orders/{id}`, `/{proxy+}`, or `$default` for all that no other route takes. */
  readonly path: string
  readonly functionName: string
  /** Default `http-api-v2`. */
  readonly kind?: EdgeKind
  /** ALB: the target group has multi-value headers switched on. */
  readonly multiValueHeaders?: boolean
}

export interface RouteMatch {
  readonly route: EdgeRoute
  /** Undefined when the path has no parameters. */
  readonly pathParameters: Readonly<Record<string, string>> | undefined
}

/**
 * The route of a request: the most specific path wins, as in API Gateway (literal, then parameter, then greedy, then
 * `$default`), and an exact method before `ANY`.
 *
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
 */
export function matchRoute(routes: readonly EdgeRoute[], method: string, path: string): RouteMatch | undefined {
  let best: RouteMatch | undefined
  let bestScore = -1
  for (const route of routes) {
    if (route.method !== 'ANY' && route.method.toUpperCase() !== method) continue
    const pathParameters = matchPath(route.path, path)
    if (pathParameters === undefined) continue
    const score = specificity(route)
    if (score <= bestScore) continue
    bestScore = score
    best = { route, pathParameters: Object.keys(pathParameters).length === 0 ? undefined : pathParameters }
  }
  return best
}

function specificity(route: EdgeRoute): number {
  const exactMethod = route.method === 'ANY' ? 0 : 1
  if (route.path === '$default') return exactMethod
  const literals = route.path.split('/').filter((part) => part !== '' && !part.startsWith('{')).length
  return 2 * (1 + 2 * literals + (route.path.includes('+}') ? 0 : 1)) + exactMethod
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  if (pattern === '$default') return {}
  const wanted = pattern.split('/')
  const given = path.split('/')
  const parameters: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const [, name, greedy] = /^\{([^}+]+)(\+?)\}$/.exec(part) ?? []
    const value = given[index]
    if (name === undefined) {
      if (part !== value) return undefined
    } else if (greedy === '+') {
      const rest = given.slice(index).join('/')
      if (rest === '') return undefined
      parameters[name] = decode(rest)
      return parameters
    } else {
      if (value === undefined || value === '') return undefined
      parameters[name] = decode(value)
    }
  }
  return wanted.length === given.length ? parameters : undefined
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
