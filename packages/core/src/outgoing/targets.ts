/** A target that may be stamped: a name, an ARN, a queue URL, or an expression tested against what the request names. */
export type Target = string | RegExp

/** Whether a request's target is among the named ones. Two ARNs must be equal; a bare name matches any account's. */
export function isNamedTarget(named: readonly Target[], target: unknown): boolean {
  if (typeof target !== 'string') return false
  const bare = bareName(target)
  return named.some((one) => {
    if (one instanceof RegExp) return one.test(target) || one.test(bare)
    return one === target || ((!isArn(one) || !isArn(target)) && bareName(one) === bare)
  })
}

const isArn = (text: string): boolean => text.startsWith('arn:')

/** `order-events` of `arn:aws:kinesis:eu-west-1:1:stream/order-events`; `f` of `f:live` and of its ARN. */
function bareName(target: string): string {
  if (/^https?:/.test(target)) return target.slice(target.lastIndexOf('/') + 1)
  if (!isArn(target)) return target.split(':')[target.includes(':function:') ? 2 : 0] ?? target
  const [resource = '', name] = target.split(':').slice(5)
  return resource.includes('/') ? resource.slice(resource.indexOf('/') + 1) : (name ?? resource)
}
