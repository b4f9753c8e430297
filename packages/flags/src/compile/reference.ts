import type { EvaluationContext, JsonValue } from '@waybill/core'
import { contextOfKind } from '../context.ts'

/** What such a user cannot have in `custom`. */
const RESERVED = new Set(['key', 'kind', 'name', 'anonymous', '_meta'])

/** Reads one attribute of a context; `undefined` when it is not there. */
export type Reference = (context: EvaluationContext) => JsonValue | undefined

/**
 * Compiles an attribute reference. With a context kind a leading `/` makes it a pointer (`~1` is `/`, `~0` is `~`);
 * without one it is a literal name, as in data from before there were kinds. `undefined` when it is malformed.
 */
export function compileReference(text: string, contextKind: string | undefined): Reference | undefined {
  const kind = contextKind || 'user'
  const path = contextKind && text.startsWith('/') ? pointer(text) : [text]
  if (path === undefined || text === '' || (contextKind && path[0] === '_meta')) return undefined
  const [first = '', ...rest] = path
  if (first === 'key' && rest.length === 0) return (context) => contextOfKind(context, kind)?.['key'] ?? undefined
  return (context) => {
    const part = contextOfKind(context, kind)
    if (part === undefined) return undefined
    if (first === 'kind') return rest.length === 0 ? kind : undefined
    let value = context.kind === undefined ? ownOrCustom(part, first) : own(part, first)
    // Absent means false, for this one attribute: https://launchdarkly.com/docs/sdk/concepts/flag-evaluation-rules
    if (first === 'anonymous' && rest.length === 0) return value ?? false
    for (const step of rest) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
      value = own(value as Readonly<Record<string, JsonValue>>, step)
    }
    return value ?? undefined
  }
}

function own(fields: Readonly<Record<string, JsonValue | undefined>>, name: string): JsonValue | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined
}

/** LaunchDarkly's users from before there were kinds have their own attributes in `custom`. */
function ownOrCustom(part: Readonly<Record<string, JsonValue | undefined>>, name: string): JsonValue | undefined {
  const { custom } = part
  if (typeof custom !== 'object' || custom === null || Array.isArray(custom)) return own(part, name)
  const value = name === 'custom' ? undefined : own(part, name)
  return value ?? (RESERVED.has(name) ? undefined : own(custom as Readonly<Record<string, JsonValue>>, name))
}

function pointer(text: string): readonly string[] | undefined {
  const steps = text.slice(1).split('/')
  if (steps.some((step) => step === '' || /~(?![01])/.test(step))) return undefined
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}
