import { readFile } from 'node:fs/promises'
import { canonicalKey, type EvaluationContext } from '@waybill/core'
import { compileRuleset, type NamedFlag } from '@waybill/flags'
import type { Command } from 'commander'
import { checkKey, parseValue } from '../edits/create.ts'
import { nameAt } from '../edits/variation.ts'
import { explain } from '../explain.ts'
import { Failure, messageOf } from '../failure.ts'
import { printable, shortJson } from '../render/text.ts'
import { onStore, type Session, type SharedOptions, showFromStore } from './run-command.ts'

interface DecideOptions extends SharedOptions {
  readonly context: string
  readonly default?: string
}

/** `waybill decide`: what somebody gets, and why. */
export function decideCommand(session: Session): Command {
  return onStore('decide', 'decide a flag for somebody, and say why')
    .argument('<flag>', 'its key')
    .requiredOption('--context <context>', 'for whom: a key, JSON such as \'{"key":"u-1","country":"NL"}\', or @file')
    .option('--default <value>', "the code's own default, where the flag decides nothing (default: null)")
    .action((key: string, options: DecideOptions) =>
      showFromStore(session, options, async ({ store, storeName }) => {
        checkKey(key)
        const context = await contextOf(options.context)
        const data = await store.readAll()
        const flag: NamedFlag | undefined = data && Object.hasOwn(data.flags, key) ? data.flags[key] : undefined
        if (data === undefined || flag === undefined) {
          throw new Failure('not_found', `There is no flag "${key}" in ${storeName}`)
        }
        const ruleset = compileRuleset(data)
        const fallback = options.default === undefined ? null : parseValue(options.default)
        const { value, variationIndex, version, reason } = ruleset.decide(key, context, fallback)
        const variation = variationIndex === undefined ? undefined : nameAt(flag, variationIndex)
        const { bucket, sentences } = explain(flag, context, { reason }, ruleset)
        return {
          json: {
            flag: key,
            variation: variation ?? null,
            value,
            version,
            reason,
            ...(bucket === undefined ? {} : { bucket }),
            explanation: sentences,
          },
          text: (style) => {
            const what = variation === undefined ? "the code's default" : printable(variation)
            const head = `${style.strong(what)}  ${shortJson(value)}  ${style.faint(`${reason.kind}, version ${version}`)}`
            return [head, ...sentences].join('\n')
          },
          exitCode: reason.kind === 'ERROR' ? 1 : 0,
        }
      }),
    )
}

/** A bare key is a user's. Fails with `bad_input` for what has nobody in it. */
export async function contextOf(text: string): Promise<EvaluationContext> {
  const source = text.startsWith('@') ? await contextFile(text.slice(1)) : text
  const isJson = /^\s*[{[]/.test(source)
  const context = (isJson ? parsed(source) : { key: source.trim() }) as EvaluationContext
  if (canonicalKey(context) !== undefined) return context
  throw new Failure(
    'bad_input',
    'The --context has nobody in it: it needs a "key", and each kind of a multi-kind one too',
  )
}

async function contextFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new Failure('bad_input', `The --context cannot be read: ${messageOf(cause)}`, { cause })
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Failure('bad_input', `The --context is not JSON: ${messageOf(cause)}`, { cause })
  }
}
